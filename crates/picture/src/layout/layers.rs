//! Which layer each box is in, and which wires lead back.

use super::{Graph, Run};

/// The layers of the boxes.
#[derive(Debug)]
pub(super) struct Layers {
    /// The layer of each box.
    pub(super) of: Vec<usize>,
    /// How many there are.
    pub(super) count: usize,
    /// How each wire runs.
    pub(super) runs: Vec<Run>,
}

impl Layers {
    /// Each box is one layer after the last of those that lead to it; of those that lead to each other in a circle,
    /// the one met first comes first. Boxes that nothing leads to stand just before what they lead to.
    pub(super) fn of(graph: &Graph) -> Self {
        let count = graph.boxes.len();
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut led_to = vec![false; count];
        for wire in &graph.wires {
            if wire.from.at != wire.to.at {
                next[wire.from.at].push(wire.to.at);
                led_to[wire.to.at] = true;
            }
        }
        let finished = finishing_order(&next, &led_to);
        let mut layer = vec![0_usize; count];
        // What finishes last comes before all that it leads to, but for what leads back.
        for &at in finished.order.iter().rev() {
            for &to in &next[at] {
                if finished.rank[to] < finished.rank[at] {
                    layer[to] = layer[to].max(layer[at] + 1);
                }
            }
        }
        for at in 0..count {
            if !led_to[at] {
                let nearest = next[at].iter().map(|to| layer[*to]).min();
                layer[at] = nearest.map_or(0, |nearest| nearest.saturating_sub(1));
            }
        }
        let run = |(from, to): (usize, usize)| match () {
            () if from == to => Run::Within,
            () if layer[from] < layer[to] => Run::Forward,
            () => Run::Back,
        };
        let runs = graph.wires.iter().map(|wire| run((wire.from.at, wire.to.at))).collect();
        Self { count: layer.iter().max().map_or(0, |last| last + 1), of: layer, runs }
    }
}

struct Finished {
    order: Vec<usize>,
    rank: Vec<usize>,
}

/// The order in which a search in depth leaves the boxes. It begins where nothing leads to, and keeps its way in a
/// list, since ways may be long.
fn finishing_order(next: &[Vec<usize>], led_to: &[bool]) -> Finished {
    let count = next.len();
    let mut seen = vec![false; count];
    let mut finished = Finished { order: Vec::with_capacity(count), rank: vec![0; count] };
    let starts = (0..count).filter(|at| !led_to[*at]).chain(0..count);
    for start in starts {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut way = vec![(start, 0_usize)];
        while let Some((at, taken)) = way.last_mut() {
            match next[*at].get(*taken) {
                Some(&to) => {
                    *taken += 1;
                    if !std::mem::replace(&mut seen[to], true) {
                        way.push((to, 0));
                    }
                }
                None => {
                    finished.rank[*at] = finished.order.len();
                    finished.order.push(*at);
                    way.pop();
                }
            }
        }
    }
    finished
}
