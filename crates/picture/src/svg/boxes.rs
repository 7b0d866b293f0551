//! A node as a box: how large it is, where links meet it, and its drawing.

use std::collections::HashSet;
use std::fmt::Write;

use aieffect_blueprint::{Node, NodeKind, OperationId, Pipeline};

use super::Mark;
use super::text::{escaped, number, shortened, width};
use crate::label::named;
use crate::layout::{Point, Size};

const NAME_FONT: f64 = 13.0;
const OPERATION_FONT: f64 = 12.0;
const KIND_FONT: f64 = 10.0;
/// How many characters of one name are shown.
const LONGEST: usize = 30;
/// Beside the widest text.
const PADDING: f64 = 18.0;
/// Of a node with one operation or none.
const HEIGHT: f64 = 62.0;
/// Of what stands above the operations, where there are several.
const HEAD: f64 = 44.0;
const STEP_HEIGHT: f64 = 28.0;
const STEP_GAP: f64 = 8.0;
/// Between the frame and the operations in it.
const INSET: f64 = 14.0;
/// Between the sides of a sink.
const DOUBLE: f64 = 5.0;

/// A node to be drawn.
pub(super) struct NodeBox<'a> {
    pipeline: &'a Pipeline,
    index: usize,
    width: f64,
}

/// Which step is drawn, and what is shown with it.
#[derive(Clone, Copy)]
struct Drawn<'a> {
    operation: usize,
    starts: &'a HashSet<OperationId>,
    mark: &'a dyn Fn(OperationId) -> Option<Mark>,
}

impl<'a> NodeBox<'a> {
    pub(super) fn of(pipeline: &'a Pipeline, index: usize) -> Self {
        let node = &pipeline.nodes()[index];
        let kind = width(pipeline.kind(index).as_str(), KIND_FONT);
        // Bold letters are wider.
        let name = width(&shortened(&named(node), LONGEST), NAME_FONT) * 1.06;
        let of_operations = node.operations.iter();
        let operations =
            of_operations.map(|each| width(&shortened(each.name.as_str(), LONGEST), OPERATION_FONT));
        let inside = operations.fold(0.0, f64::max) + if node.operations.len() > 1 { INSET } else { 0.0 };
        Self { pipeline, index, width: name.max(kind).max(inside).max(60.0) + 2.0 * PADDING }
    }

    fn node(&self) -> &'a Node {
        &self.pipeline.nodes()[self.index]
    }

    pub(super) fn size(&self) -> Size {
        let count = self.node().operations.len();
        let height = match count {
            0 | 1 => HEIGHT,
            count => HEAD + (STEP_HEIGHT + STEP_GAP) * count as f64 - STEP_GAP + INSET,
        };
        Size { width: self.width, height }
    }

    /// How far below the top, and inside the side, links of an operation meet the box.
    pub(super) fn port(&self, operation: usize) -> (f64, f64) {
        if self.node().operations.len() < 2 {
            return (HEIGHT / 2.0, 0.0);
        }
        (HEAD + (STEP_HEIGHT + STEP_GAP) * operation as f64 + STEP_HEIGHT / 2.0, INSET)
    }

    pub(super) fn draw(
        &self,
        text: &mut String,
        corner: Point,
        starts: &HashSet<OperationId>,
        mark: &dyn Fn(OperationId) -> Option<Mark>,
    ) {
        let node = self.node();
        let kind = self.pipeline.kind(self.index);
        let several = if node.operations.len() > 1 { " several" } else { "" };
        let name = escaped(node.name.as_str());
        // Writing into memory cannot fail; so below.
        let _ = writeln!(
            text,
            "<g class=\"node {}{several}\" id=\"node-{}\" data-node=\"{name}\"><title>{name}: {}</title>",
            class(kind),
            self.index,
            kind.as_str()
        );
        let size = self.size();
        let drawn = |operation| Drawn { operation, starts, mark };
        match node.operations.as_slice() {
            [] => {
                self.frame(text, "frame", corner, size);
                self.words(text, corner, "", 26.0, 44.0);
            }
            [only] => {
                let right = Point { x: corner.x + size.width, y: corner.y };
                self.step(text, drawn(0), right, |text| {
                    self.frame(text, "box", corner, size);
                    self.words(text, corner, only.name.as_str(), 22.0, 53.0);
                });
            }
            operations => {
                self.frame(text, "frame", corner, size);
                self.words(text, corner, "", 20.0, 35.0);
                for nth in 0..operations.len() {
                    let right = Point { x: corner.x + size.width - INSET, y: self.top(corner, nth) };
                    self.step(text, drawn(nth), right, |text| self.row(text, corner, nth));
                }
            }
        }
        *text += "</g>\n";
    }

    /// A step's group; `right` is the upper right corner of its box.
    fn step(&self, text: &mut String, drawn: Drawn<'_>, right: Point, inside: impl Fn(&mut String)) {
        let Drawn { operation, starts, mark } = drawn;
        let id = OperationId { node: self.index, operation };
        let name = escaped(&self.pipeline.step_name(id).to_string());
        let start = if starts.contains(&id) { " start" } else { "" };
        let mark = mark(id);
        let (class, word) = mark.map_or_else(Default::default, |mark| {
            (format!(" is-{}", mark.class), format!(": {}", mark.word))
        });
        let _ = writeln!(
            text,
            "<g class=\"step{start}{class}\" id=\"step-{}-{operation}\" data-step=\"{name}\"><title>{name}{word}</title>",
            self.index
        );
        inside(text);
        if let Some(mark) = mark {
            let (x, y) = (number(right.x), number(right.y));
            let _ = writeln!(text, "<use href=\"#mark-{}\" x=\"{x}\" y=\"{y}\"/>", mark.class);
        }
        *text += "</g>\n";
    }

    /// The outline, shaped by kind.
    fn frame(&self, text: &mut String, class: &str, corner: Point, size: Size) {
        let kind = self.pipeline.kind(self.index);
        let radius = match kind {
            NodeKind::DataSource => (size.height / 2.0).min(HEIGHT / 2.0),
            NodeKind::DataSink => 2.0,
            NodeKind::MlModel => 7.0,
        };
        rectangle(text, class, corner, size, radius);
        if kind == NodeKind::DataSink {
            for x in [corner.x + DOUBLE, corner.x + size.width - DOUBLE] {
                let (top, bottom) = (number(corner.y), number(corner.y + size.height));
                let x = number(x);
                let _ = writeln!(
                    text,
                    "<line class=\"side\" x1=\"{x}\" x2=\"{x}\" y1=\"{top}\" y2=\"{bottom}\"/>"
                );
            }
        }
    }

    /// Name, operation and kind, the first and last so far below the top.
    fn words(&self, text: &mut String, corner: Point, operation: &str, name_at: f64, kind_at: f64) {
        let x = corner.x + self.width / 2.0;
        line(text, "name", Point { x, y: corner.y + name_at }, &named(self.node()));
        if !operation.is_empty() {
            line(text, "operation", Point { x, y: corner.y + name_at + 16.0 }, operation);
        }
        line(text, "kind", Point { x, y: corner.y + kind_at }, self.pipeline.kind(self.index).as_str());
    }

    /// Where the box of an operation begins, of several.
    fn top(&self, corner: Point, nth: usize) -> f64 {
        corner.y + HEAD + (STEP_HEIGHT + STEP_GAP) * nth as f64
    }

    fn row(&self, text: &mut String, corner: Point, nth: usize) {
        let y = self.top(corner, nth);
        let size = Size { width: self.width - 2.0 * INSET, height: STEP_HEIGHT };
        rectangle(text, "box", Point { x: corner.x + INSET, y }, size, 5.0);
        let middle = Point { x: corner.x + self.width / 2.0, y: y + STEP_HEIGHT / 2.0 + 4.0 };
        line(text, "operation", middle, self.node().operations[nth].name.as_str());
    }
}

fn class(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::DataSource => "source",
        NodeKind::DataSink => "sink",
        NodeKind::MlModel => "model",
    }
}

fn rectangle(text: &mut String, class: &str, corner: Point, size: Size, radius: f64) {
    let _ = writeln!(
        text,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        number(corner.x),
        number(corner.y),
        number(size.width),
        number(size.height),
        number(radius)
    );
}

fn line(text: &mut String, class: &str, at: Point, words: &str) {
    let words = escaped(&shortened(words, LONGEST));
    let _ = writeln!(
        text,
        "<text class=\"{class}\" x=\"{}\" y=\"{}\">{words}</text>",
        number(at.x),
        number(at.y)
    );
}
