//! The pipeline as a graph for Graphviz.

use std::collections::HashSet;
use std::fmt::Write;

use aieffect_blueprint::{Node, NodeKind, OperationId, Pipeline};

use crate::label::named;
use crate::{fields, led_to};

/// How many characters of one name are shown.
const LONGEST: usize = 60;

/// The text of a Graphviz graph of the pipeline, for `dot -Tsvg` and its like.
///
/// Sources are rounded, sinks have double borders; a node with several operations is a cluster. Operations that
/// nothing leads to have a thick border, and links say which fields are mapped by hand.
pub fn dot(pipeline: &Pipeline) -> String {
    let mut text = format!("digraph \"{}\" {{\n", escaped(pipeline.name()));
    text += "    rankdir=LR\n";
    text += "    node [shape=box, fontname=\"sans-serif\", fontsize=12]\n";
    text += "    edge [fontname=\"sans-serif\", fontsize=10]\n";
    let led_to = led_to(pipeline);
    for (index, node) in pipeline.nodes().iter().enumerate() {
        draw_node(&mut text, pipeline.kind(index), index, node, &led_to);
    }
    for link in pipeline.links() {
        let (from, to) = (name_of(link.from), name_of(link.to));
        // `\l` ends a line and puts it to the left. Writing into memory cannot fail; so below.
        let label: String =
            fields::lines(&link.fields, escaped).iter().map(|line| format!("{line}\\l")).collect();
        let _ = match label.is_empty() {
            true => writeln!(text, "    {from} -> {to}"),
            false => writeln!(text, "    {from} -> {to} [label=\"{label}\"]"),
        };
    }
    text += "}\n";
    text
}

fn draw_node(text: &mut String, kind: NodeKind, index: usize, node: &Node, led_to: &HashSet<OperationId>) {
    let name = escaped(&named(node));
    let id = |operation| OperationId { node: index, operation };
    let step = |operation: usize, label: &str| {
        let start = if led_to.contains(&id(operation)) { "" } else { ", penwidth=2.5" };
        format!("{} [label=\"{label}\"{}{start}]", name_of(id(operation)), shape(kind))
    };
    let _ = match node.operations.as_slice() {
        [] => writeln!(text, "    n{index} [label=\"{name}\"{}]", shape(kind)),
        [only] => writeln!(text, "    {}", step(0, &format!("{name}\\n{}", escaped(only.name.as_str())))),
        operations => {
            let _ = writeln!(text, "    subgraph cluster_{index} {{\n        label=\"{name}\"");
            for (nth, operation) in operations.iter().enumerate() {
                let _ = writeln!(text, "        {}", step(nth, &escaped(operation.name.as_str())));
            }
            writeln!(text, "    }}")
        }
    };
}

fn shape(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::DataSource => ", style=rounded",
        NodeKind::DataSink => ", peripheries=2",
        NodeKind::MlModel => "",
    }
}

/// Names of our own making, so that a stranger's is never taken for a word of the language.
fn name_of(id: OperationId) -> String {
    format!("n{}o{}", id.node, id.operation)
}

/// A text inside quotes. Backslashes are escapes there, such as `\N` for a name, and `&` begins a character's.
fn escaped(text: &str) -> String {
    let mut label = String::new();
    for letter in text.chars().take(LONGEST) {
        match letter {
            '"' => label += "\\\"",
            '\\' => label += "\\\\",
            '&' => label += "&amp;",
            letter if letter.is_control() => label.push(' '),
            letter => label.push(letter),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        label.push('…');
    }
    label
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{evil, pipeline};

    #[test]
    fn nodes_are_shaped_by_kind_and_links_labelled() {
        let pipeline = pipeline(
            &[("load1", &["Load", "node"]), ("solve1", &["Solve"]), ("graph", &["Report"]), ("idle1", &[])],
            &[
                ("load1:Load", "solve1:Solve"),
                ("load1:node", "graph:Report"),
                ("solve1:Solve", "graph:Report"),
            ],
            &json!({"input.path": "output_path", "status": null}),
        );
        insta::assert_snapshot!(dot(&pipeline), @r#"
        digraph "p" {
            rankdir=LR
            node [shape=box, fontname="sans-serif", fontsize=12]
            edge [fontname="sans-serif", fontsize=10]
            subgraph cluster_0 {
                label="load1"
                n0o0 [label="Load", style=rounded, penwidth=2.5]
                n0o1 [label="node", style=rounded, penwidth=2.5]
            }
            n1o0 [label="solve1\nSolve"]
            n2o0 [label="graph\nReport", peripheries=2]
            n3 [label="idle1"]
            n0o0 -> n1o0 [label="input.path = output_path\lno status\l"]
            n0o1 -> n2o0
            n1o0 -> n2o0
        }
        "#);
    }

    #[test]
    fn texts_of_strangers_stay_inside_their_quotes() {
        insta::assert_snapshot!(dot(&evil()), @r#"
        digraph "p" {
            rankdir=LR
            node [shape=box, fontname="sans-serif", fontsize=12]
            edge [fontname="sans-serif", fontsize=10]
            n0o0 [label="a\nA", style=rounded, penwidth=2.5]
            n1o0 [label="b\nB", peripheries=2]
            n0o0 -> n1o0 [label="\"]     click n0 \"javascript:alert(1)\" %%{init: {}}%%<script>… = \"]     click n0 \"javascript:alert(1)\" %%{init: {}}%%<script>…\l"]
        }
        "#);
    }
}
