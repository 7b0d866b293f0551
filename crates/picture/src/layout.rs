//! Where boxes and wires go: boxes in layers from left to right, wires between them.
//!
//! Layers by the longest way from a source, few crossings by sweeps that sort each layer by its neighbours, heights
//! by sweeps that move boxes towards their neighbours. Wires that lead back go around, below the picture. Every part
//! is bounded: a picture of many thousands of wires is drawn less finely, not for ever.

mod layers;
mod order;
mod place;
mod route;

use self::layers::Layers;
use self::order::Lattice;

/// Between boxes of one layer.
pub(super) const ROW_GAP: f64 = 26.0;
/// Between layers, where no label needs more.
pub(super) const COLUMN_GAP: f64 = 76.0;
/// How far a wire within a box bows out of it.
pub(super) const BOW: f64 = 34.0;
/// Around the picture.
const MARGIN: f64 = 24.0;

/// What is to be laid out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Graph {
    pub(crate) boxes: Vec<Size>,
    pub(crate) wires: Vec<Wire>,
}

/// Width and height.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Size {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A wire from the right side of one box to the left side of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wire {
    pub(crate) from: End,
    pub(crate) to: End,
    /// The size of the label on it; none is nothing wide.
    pub(crate) label: Size,
}

/// Where a wire meets a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct End {
    /// Which box.
    pub(crate) at: usize,
    /// How far below its top.
    pub(crate) down: f64,
    /// How far inside its side.
    pub(crate) inset: f64,
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    pub(crate) size: Size,
    /// The upper left corner of each box.
    pub(crate) boxes: Vec<Point>,
    /// One for each wire.
    pub(crate) routes: Vec<Route>,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The way of a wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    /// In order: lines straight to a point, and curves that begin and end level.
    pub(crate) ways: Vec<Way>,
    pub(crate) start: Point,
    /// The middle of its label.
    pub(crate) label: Point,
    /// It may cross boxes, and is better drawn before them.
    pub(crate) behind: bool,
}

/// A part of a route, up to a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// A straight line.
    Line(Point),
    /// A curve that begins and ends level.
    Curve(Point),
    /// A quarter of a circle around a corner.
    Corner {
        /// The corner that is rounded off.
        corner: Point,
        /// Where it ends.
        to: Point,
    },
    /// A bow out to the right and back.
    Bow {
        /// How far out.
        out: f64,
        /// Where it ends.
        to: Point,
    },
}

/// How a wire runs between layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// To a later layer.
    Forward,
    /// To an earlier one, or the same.
    Back,
    /// Within one box.
    Within,
}

/// Lays the graph out.
pub(crate) fn layout(graph: &Graph) -> Layout {
    let layers = Layers::of(graph);
    let lattice = Lattice::of(graph, &layers);
    let tops = place::tops(&lattice);
    let columns = place::columns(graph, &layers);
    route::lay(graph, &layers, &lattice, &tops, &columns)
}

#[cfg(test)]
mod tests;
