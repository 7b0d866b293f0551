use super::*;

fn boxes(count: usize) -> Vec<Size> {
    vec![Size { width: 100.0, height: 40.0 }; count]
}

fn end(at: usize) -> End {
    End { at, down: 20.0, inset: 0.0 }
}

fn graph(count: usize, wires: &[(usize, usize)]) -> Graph {
    let wire = |(from, to): &(usize, usize)| Wire { from: end(*from), to: end(*to), label: Size::default() };
    Graph { boxes: boxes(count), wires: wires.iter().map(wire).collect() }
}

/// Boxes that overlap, by number.
fn overlaps(graph: &Graph, layout: &Layout) -> Vec<(usize, usize)> {
    let inside = |one: usize, other: usize| {
        let (a, b) = (layout.boxes[one], layout.boxes[other]);
        let (size, next) = (graph.boxes[one], graph.boxes[other]);
        a.x < b.x + next.width && b.x < a.x + size.width && a.y < b.y + next.height && b.y < a.y + size.height
    };
    let pairs = (0..layout.boxes.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    pairs.filter(|(one, other)| inside(*one, *other)).collect()
}

#[track_caller]
fn check(graph: &Graph) -> Layout {
    let layout = layout(graph);
    assert_eq!(overlaps(graph, &layout), []);
    for (corner, size) in layout.boxes.iter().zip(&graph.boxes) {
        assert!(corner.x >= 0.0 && corner.y >= 0.0, "{corner:?}");
        let (right, bottom) = (corner.x + size.width, corner.y + size.height);
        assert!(right <= layout.size.width && bottom <= layout.size.height, "{corner:?} {:?}", layout.size);
    }
    assert_eq!(layout.routes.len(), graph.wires.len());
    layout
}

#[test]
fn a_chain_is_a_level_row() {
    let layout = check(&graph(3, &[(0, 1), (1, 2)]));
    assert!(layout.boxes.windows(2).all(|pair| pair[0].x < pair[1].x && pair[0].y == pair[1].y));
}

#[test]
fn wires_of_a_diamond_do_not_cross_and_its_ends_are_in_the_middle() {
    let layout = check(&graph(5, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]));
    let y = |at: usize| layout.boxes[at].y;
    assert_eq!((y(0), y(4)), (y(2), y(2)));
}

#[test]
fn crossings_that_need_not_be_are_undone() {
    let layout = check(&graph(6, &[(0, 5), (1, 4), (2, 3)]));
    let y = |at: usize| layout.boxes[at].y;
    assert_eq!([y(0), y(1), y(2)], [y(5), y(4), y(3)]);
}

#[test]
fn a_wire_over_several_layers_passes_beside_the_boxes() {
    let graph = graph(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
    let layout = check(&graph);
    for way in &layout.routes[3].ways {
        let Way::Line(to) = way else { continue };
        for at in [1, 2] {
            let corner = layout.boxes[at];
            let beside =
                to.x <= corner.x || to.x > corner.x + 100.0 || to.y < corner.y || to.y > corner.y + 40.0;
            assert!(beside, "{to:?} is in {corner:?}");
        }
    }
}

#[test]
fn circles_have_a_way_around_below_everything() {
    let graph = graph(3, &[(0, 1), (1, 2), (2, 0), (1, 1), (2, 1)]);
    let layout = check(&graph);
    let lowest = layout.boxes.iter().map(|corner| corner.y + 40.0).fold(0.0, f64::max);
    for back in [2, 4] {
        assert!(layout.routes[back].label.y > lowest);
    }
    assert_ne!(layout.routes[2].label.y, layout.routes[4].label.y);
    assert!(matches!(layout.routes[3].ways[..], [Way::Bow { .. }]));
}

#[test]
fn nothing_and_one_box_are_pictures_too() {
    check(&graph(0, &[]));
    check(&graph(1, &[(0, 0)]));
    check(&graph(3, &[]));
}

#[test]
fn long_chains_need_no_deep_stack_and_dense_graphs_no_patience() {
    let begun = std::time::Instant::now();
    let count = 3000;
    let chain: Vec<_> = (1..count).map(|at| (at - 1, at)).collect();
    layout(&graph(count, &chain));
    let fan: Vec<_> = (1..1000).flat_map(|at| [(0, at), (at - 1, at), (at, 0)]).collect();
    layout(&graph(1000, &fan));
    let mesh: Vec<_> = (0..100).flat_map(|from| (100..200).map(move |to| (from, to))).collect();
    layout(&graph(200, &mesh));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
