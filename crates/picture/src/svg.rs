//! The pipeline as a drawing of its own: no script, no font or file from elsewhere, light and dark.
//!
//! Every node is a group of class `node` and its kind, with `data-node`; every step a group of class `step` with
//! `data-step="node:operation"` and one `.box`; every link a group of class `link` with `data-from` and `data-to`.

mod boxes;
mod style;
pub(crate) mod text;

use std::collections::HashSet;
use std::fmt::Write;

use aieffect_blueprint::{Link, OperationId, Pipeline};

use self::boxes::NodeBox;
use self::text::{escaped, number, shortened, width};
use crate::layout::{self, End, Graph, Point, Route, Size, Way, Wire};
use crate::{fields, led_to};

const LABEL_FONT: f64 = 11.0;
const LABEL_LINE: f64 = 14.0;

/// The text of an SVG drawing of the pipeline.
///
/// Sources are round, sinks have double sides, all others are plain boxes; a node with several operations is a
/// box around them. Operations that nothing leads to are where a run starts, and have a thick border. Links say which
/// fields are mapped by hand. Long names are shortened; a tooltip has them in full.
pub fn svg(pipeline: &Pipeline) -> String {
    let style = format!("<style>\n{}</style>\n", style::STYLE);
    draw(pipeline, &style, &|_| None).0
}

/// The drawing as a part of a page, each step with what became of it. Its style is for elements within `scope` only.
pub(crate) fn marked_svg(
    pipeline: &Pipeline,
    scope: &str,
    mark: &dyn Fn(OperationId) -> Option<Mark>,
) -> Marked {
    let (drawing, size) = draw(pipeline, "", mark);
    Marked { style: style::scoped(scope), drawing, width: size.width }
}

/// A drawing as a part of a page.
pub(crate) struct Marked {
    pub(crate) style: String,
    pub(crate) drawing: String,
    /// In pixels, where nothing makes it smaller.
    pub(crate) width: f64,
}

/// What became of a step, as it is shown at its box: the page has a symbol `mark-<class>` for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// A class for the step's group.
    pub(crate) class: &'static str,
    /// A word for the tooltip.
    pub(crate) word: &'static str,
}

fn draw(pipeline: &Pipeline, style: &str, mark: &dyn Fn(OperationId) -> Option<Mark>) -> (String, Size) {
    let led_to = led_to(pipeline);
    let boxes: Vec<NodeBox<'_>> =
        (0..pipeline.nodes().len()).map(|node| NodeBox::of(pipeline, node)).collect();
    let labels: Vec<Vec<String>> = pipeline.links().iter().map(label).collect();
    let wire = |(link, label): (&Link, &Vec<String>)| Wire {
        from: end(&boxes, link.from),
        to: end(&boxes, link.to),
        label: size_of(label),
    };
    let graph = Graph {
        boxes: boxes.iter().map(NodeBox::size).collect(),
        wires: pipeline.links().iter().zip(&labels).map(wire).collect(),
    };
    let layout = layout::layout(&graph);
    let mut text = head(pipeline.name(), layout.size, style);
    let routed = || pipeline.links().iter().zip(&layout.routes);
    for (link, route) in routed().filter(|(_, route)| route.behind) {
        draw_link(&mut text, pipeline, link, route);
    }
    let starts: HashSet<OperationId> = pipeline.operations().filter(|id| !led_to.contains(id)).collect();
    for (node, corner) in boxes.iter().zip(&layout.boxes) {
        node.draw(&mut text, *corner, &starts, mark);
    }
    // Over the boxes, since those of several operations are met inside.
    for (link, route) in routed().filter(|(_, route)| !route.behind) {
        draw_link(&mut text, pipeline, link, route);
    }
    for (lines, route) in labels.iter().zip(&layout.routes).filter(|(lines, _)| !lines.is_empty()) {
        draw_label(&mut text, lines, route.label);
    }
    text += "</svg>\n";
    (text, layout.size)
}

fn end(boxes: &[NodeBox<'_>], id: OperationId) -> End {
    let (down, inset) = boxes[id.node].port(id.operation);
    End { at: id.node, down, inset }
}

fn label(link: &Link) -> Vec<String> {
    const LONGEST: usize = 28;
    fields::lines(&link.fields, |name| shortened(name, LONGEST))
}

fn size_of(lines: &[String]) -> Size {
    let widest = lines.iter().map(|line| width(line, LABEL_FONT)).fold(0.0, f64::max);
    Size { width: widest, height: LABEL_LINE * lines.len() as f64 }
}

fn head(name: &str, size: Size, style: &str) -> String {
    let (width, height) = (number(size.width), number(size.height));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n{style}{}\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(name),
        style::ARROW,
    )
}

fn draw_link(text: &mut String, pipeline: &Pipeline, link: &Link, route: &Route) {
    let (from, to) = (pipeline.step_name(link.from).to_string(), pipeline.step_name(link.to).to_string());
    let (from, to) = (escaped(&from), escaped(&to));
    let mut title = format!("{from} → {to}");
    for line in fields::lines(&link.fields, escaped) {
        title += &format!("\n{line}");
    }
    // Writing into memory cannot fail; so below.
    let _ = writeln!(
        text,
        "<g class=\"link\" data-from=\"{from}\" data-to=\"{to}\"><title>{title}</title>\
         <path d=\"{}\" marker-end=\"url(#aieffect-arrow)\"/></g>",
        path(route)
    );
}

fn path(route: &Route) -> String {
    let mut at = route.start;
    let mut path = format!("M{}", point(at));
    for way in &route.ways {
        let to = match *way {
            Way::Line(to) if to == at => continue,
            Way::Line(to) => {
                path += &format!(" L{}", point(to));
                to
            }
            Way::Curve(to) => {
                let middle = (at.x + to.x) / 2.0;
                let (leave, arrive) = (Point { x: middle, ..at }, Point { x: middle, ..to });
                path += &format!(" C{} {} {}", point(leave), point(arrive), point(to));
                to
            }
            Way::Corner { corner, to } => {
                path += &format!(" Q{} {}", point(corner), point(to));
                to
            }
            Way::Bow { out, to } => {
                let (leave, arrive) = (Point { x: at.x + out, ..at }, Point { x: to.x + out, ..to });
                path += &format!(" C{} {} {}", point(leave), point(arrive), point(to));
                to
            }
        };
        at = to;
    }
    path
}

fn point(point: Point) -> String {
    format!("{},{}", number(point.x), number(point.y))
}

/// Its lines around the middle, on a ground that keeps them readable over links.
fn draw_label(text: &mut String, lines: &[String], middle: Point) {
    let size = size_of(lines);
    let (left, top) = (middle.x - size.width / 2.0, middle.y - size.height / 2.0);
    let _ = writeln!(
        text,
        "<rect class=\"ground\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        number(left),
        number(top),
        number(size.width),
        number(size.height)
    );
    for (nth, line) in lines.iter().enumerate() {
        let _ = writeln!(
            text,
            "<text class=\"fields\" x=\"{}\" y=\"{}\">{}</text>",
            number(middle.x),
            number(top + LABEL_LINE * nth as f64 + LABEL_FONT),
            escaped(line)
        );
    }
}

#[cfg(test)]
mod tests;
