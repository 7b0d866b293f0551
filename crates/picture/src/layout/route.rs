//! The way of each wire, and the size of the whole.

use super::layers::Layers;
use super::order::Lattice;
use super::place::Column;
use super::{BOW, Graph, Layout, MARGIN, Point, Route, Run, Size, Way, Wire};

/// Between the picture and the first lane below it, and between lanes.
const LANE_GAP: f64 = 16.0;
/// Lanes below the picture; further wires share them.
const MAX_LANES: usize = 64;
/// Upright parts of lanes are this far apart, up to so many.
const UPRIGHT_GAP: f64 = 5.0;
const UPRIGHTS: usize = 6;
/// Of the corners of wires that go around.
const RADIUS: f64 = 8.0;
/// Between two labels.
const LABEL_GAP: f64 = 4.0;

/// Everything that is known before wires are drawn.
struct Drawing<'a> {
    graph: &'a Graph,
    layers: &'a Layers,
    columns: &'a [Column],
    corners: Vec<Point>,
}

/// Puts it all together.
pub(super) fn lay(
    graph: &Graph,
    layers: &Layers,
    lattice: &Lattice,
    tops: &[f64],
    columns: &[Column],
) -> Layout {
    let corner = |(at, size): (usize, &Size)| {
        let column = columns[layers.of[at]];
        // In the middle of its column.
        let x = column.left + (column.right - column.left - size.width) / 2.0;
        Point { x, y: MARGIN + tops[at] }
    };
    let corners = graph.boxes.iter().enumerate().map(corner).collect();
    let drawing = Drawing { graph, layers, columns, corners };
    let bottoms = lattice.items.iter().zip(tops).map(|(item, top)| MARGIN + top + item.height);
    let bottom = bottoms.fold(MARGIN, f64::max);
    let mut lanes = Lanes { ends: Vec::new() };
    let mut routes: Vec<Route> = (0..graph.wires.len())
        .map(|index| {
            let wire = &graph.wires[index];
            match (layers.runs[index], &lattice.passes[index]) {
                (Run::Forward, passes) => {
                    drawing.forward(wire, passes.as_deref().unwrap_or(&[]), lattice, tops)
                }
                (Run::Back, _) => drawing.around(wire, lanes.take(layers, wire), bottom),
                (Run::Within, _) => drawing.within(wire),
            }
        })
        .collect();
    drawing.spread_labels(&mut routes);
    let right = drawing.right(&routes);
    let below = match lanes.ends.len() {
        0 => 0.0,
        used => LANE_GAP * used as f64 + LANE_GAP / 2.0,
    };
    let size = Size { width: right + MARGIN, height: bottom + below + MARGIN };
    Layout { size, boxes: drawing.corners, routes }
}

impl Drawing<'_> {
    fn start(&self, wire: &Wire) -> Point {
        let corner = self.corners[wire.from.at];
        let width = self.graph.boxes[wire.from.at].width;
        Point { x: corner.x + width - wire.from.inset, y: corner.y + wire.from.down }
    }

    fn end(&self, wire: &Wire) -> Point {
        let corner = self.corners[wire.to.at];
        Point { x: corner.x + wire.to.inset, y: corner.y + wire.to.down }
    }

    /// Level out of its column, a curve to where it passes the next, and so on.
    fn forward(&self, wire: &Wire, passes: &[usize], lattice: &Lattice, tops: &[f64]) -> Route {
        let (start, end) = (self.start(wire), self.end(wire));
        let first = self.layers.of[wire.from.at];
        let mut at = Point { x: self.columns[first].right, y: start.y };
        let mut ways = vec![Way::Line(at)];
        let passed = passes.iter().zip(first + 1..).map(|(pass, layer)| {
            (MARGIN + tops[*pass] + lattice.items[*pass].height / 2.0, self.columns[layer])
        });
        let arrival = (end.y, self.columns[self.layers.of[wire.to.at]]);
        let mut label = None;
        for (y, column) in passed.chain([arrival]) {
            let to = Point { x: column.left, y };
            label = label.or(Some(Point { x: (at.x + to.x) / 2.0, y: (at.y + to.y) / 2.0 }));
            at = Point { x: column.right, y };
            ways.extend([Way::Curve(to), Way::Line(at)]);
        }
        // The last column is not passed: the box is in it.
        ways.pop();
        ways.push(Way::Line(end));
        // Without passes where it needs some: nothing has kept its way free.
        let behind = layers_between(self.layers, wire) != passes.len();
        Route { start, ways, label: label.unwrap_or(end), behind }
    }

    /// Out to the right, down, below everything to the left, up, and in.
    fn around(&self, wire: &Wire, lane: usize, bottom: f64) -> Route {
        let (start, end) = (self.start(wire), self.end(wire));
        let apart = UPRIGHT_GAP * (lane % UPRIGHTS) as f64;
        let right = self.columns[self.layers.of[wire.from.at]].right + 10.0 + apart;
        let left = self.columns[self.layers.of[wire.to.at]].left - 22.0 - apart;
        let y = bottom + LANE_GAP * (lane + 1) as f64;
        let point = |x, y| Point { x, y };
        let corner = |corner, to| Way::Corner { corner, to };
        let ways = vec![
            Way::Line(point(right - RADIUS, start.y)),
            corner(point(right, start.y), point(right, start.y + RADIUS)),
            Way::Line(point(right, y - RADIUS)),
            corner(point(right, y), point(right - RADIUS, y)),
            Way::Line(point(left + RADIUS, y)),
            corner(point(left, y), point(left, y - RADIUS)),
            Way::Line(point(left, end.y + RADIUS)),
            corner(point(left, end.y), point(left + RADIUS, end.y)),
            Way::Line(end),
        ];
        Route { start, ways, label: point((left + right) / 2.0, y), behind: false }
    }

    /// A bow at the right side of the box.
    fn within(&self, wire: &Wire) -> Route {
        let start = self.start(wire);
        let end = Point { y: self.corners[wire.to.at].y + wire.to.down, ..start };
        let apart = if wire.from.down == wire.to.down { 6.0 } else { 0.0 };
        let (start, end) = (Point { y: start.y - apart, ..start }, Point { y: end.y + apart, ..end });
        let out = BOW + wire.from.inset;
        // Three quarters are as far as a curve comes towards its control points.
        let x = start.x + out * 0.75 + wire.label.width / 2.0 + LABEL_GAP;
        // Below the wires that leave at its middle.
        let lower = if apart > 0.0 { wire.label.height } else { 0.0 };
        let label = Point { x, y: (start.y + end.y) / 2.0 + lower };
        Route { start, ways: vec![Way::Bow { out, to: end }], label, behind: false }
    }

    /// Moves labels down that would lie on others of the same gap.
    fn spread_labels(&self, routes: &mut [Route]) {
        let mut gaps: Vec<Vec<usize>> = vec![Vec::new(); self.layers.count];
        for (index, wire) in self.graph.wires.iter().enumerate() {
            if wire.label.width > 0.0 && self.layers.runs[index] != Run::Back {
                gaps[self.layers.of[wire.from.at]].push(index);
            }
        }
        for mut labels in gaps {
            labels.sort_by(|one, other| routes[*one].label.y.total_cmp(&routes[*other].label.y));
            let mut free = 0.0_f64;
            for index in labels {
                let (height, label) = (self.graph.wires[index].label.height, &mut routes[index].label);
                label.y = label.y.max(free + height / 2.0);
                free = label.y + height / 2.0 + LABEL_GAP;
            }
        }
    }

    /// How far to the right anything comes.
    fn right(&self, routes: &[Route]) -> f64 {
        let last = self.columns.last().map_or(0.0, |column| column.right);
        let reach = |(index, route): (usize, &Route)| {
            let label = route.label.x + self.graph.wires[index].label.width / 2.0;
            let wire = match (self.layers.runs[index], route.ways.as_slice()) {
                (Run::Back, [Way::Line(to), ..]) => to.x + RADIUS,
                (Run::Within, [Way::Bow { out, .. }]) => route.start.x + out * 0.75,
                _ => 0.0,
            };
            label.max(wire)
        };
        routes.iter().enumerate().map(reach).fold(last, f64::max)
    }
}

/// How many layers a wire passes.
fn layers_between(layers: &Layers, wire: &Wire) -> usize {
    (layers.of[wire.to.at] - layers.of[wire.from.at]).saturating_sub(1)
}

/// The lanes below the picture, and up to which layer each is taken.
struct Lanes {
    ends: Vec<Vec<(usize, usize)>>,
}

impl Lanes {
    /// The first lane that is free between the wire's layers, else one of those that are shared.
    fn take(&mut self, layers: &Layers, wire: &Wire) -> usize {
        let (left, right) = (layers.of[wire.to.at], layers.of[wire.from.at]);
        let apart = |(from, to): &(usize, usize)| right < *from || *to < left;
        let free = self.ends.iter().position(|taken| taken.iter().all(apart));
        let lane = free.unwrap_or(self.ends.len());
        if lane < MAX_LANES {
            if lane == self.ends.len() {
                self.ends.push(Vec::new());
            }
            self.ends[lane].push((left, right));
            return lane;
        }
        (left + right) % MAX_LANES
    }
}
