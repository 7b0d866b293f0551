//! The flowchart: nodes by kind, operations inside them, links between operations.

use std::collections::HashSet;
use std::fmt::Write;

use aieffect_blueprint::{Link, Node, NodeKind, OperationId, Pipeline};

use crate::label::{escaped, named};
use crate::{fields, led_to};

/// The text of a Mermaid flowchart of the pipeline.
///
/// Sources are round, sinks have double sides, all others are plain boxes; a node with several operations is a
/// box around them. Operations that nothing leads to are where a run starts, and have a thick border. Links
/// say which fields are mapped by hand.
pub fn mermaid(pipeline: &Pipeline) -> String {
    let mut text = String::from("flowchart LR\n");
    let led_to = led_to(pipeline);
    for (index, node) in pipeline.nodes().iter().enumerate() {
        draw_node(&mut text, pipeline.kind(index), index, node, &led_to);
    }
    for link in pipeline.links() {
        draw_link(&mut text, link);
    }
    if pipeline.operations().any(|id| !led_to.contains(&id)) {
        text += "    classDef start stroke-width:3px\n";
    }
    text
}

fn draw_node(text: &mut String, kind: NodeKind, index: usize, node: &Node, led_to: &HashSet<OperationId>) {
    let mark = |id: OperationId| if led_to.contains(&id) { "" } else { ":::start" };
    let name = escaped(&named(node));
    let id = |operation| OperationId { node: index, operation };
    // Writing into memory cannot fail; so below.
    let _ = match node.operations.as_slice() {
        [] => writeln!(text, "    {}", shape(&format!("n{index}"), kind, &name)),
        [only] => {
            let label = format!("{name}<br/>{}", escaped(only.name.as_str()));
            writeln!(text, "    {}{}", shape(&name_of(id(0)), kind, &label), mark(id(0)))
        }
        operations => {
            let _ = writeln!(text, "    subgraph n{index}[\"{name}\"]");
            for (nth, operation) in operations.iter().enumerate() {
                let shape = shape(&name_of(id(nth)), kind, &escaped(operation.name.as_str()));
                let _ = writeln!(text, "        {shape}{}", mark(id(nth)));
            }
            writeln!(text, "    end")
        }
    };
}

/// Names of our own making: a stranger's could be one of Mermaid's words, such as `end`.
fn name_of(id: OperationId) -> String {
    format!("n{}o{}", id.node, id.operation)
}

fn shape(name: &str, kind: NodeKind, label: &str) -> String {
    match kind {
        NodeKind::DataSource => format!("{name}([\"{label}\"])"),
        NodeKind::DataSink => format!("{name}[[\"{label}\"]]"),
        NodeKind::MlModel => format!("{name}[\"{label}\"]"),
    }
}

fn draw_link(text: &mut String, link: &Link) {
    let (from, to) = (name_of(link.from), name_of(link.to));
    let _ = match fields::lines(&link.fields, escaped).join("<br/>") {
        label if label.is_empty() => writeln!(text, "    {from} --> {to}"),
        label => writeln!(text, "    {from} -->|\"{label}\"| {to}"),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::pipeline;

    #[test]
    fn a_chain_has_a_round_source_and_a_double_sided_sink() {
        let chain = pipeline(
            &[("generator1", &["Generate"]), ("analyzer1", &["Analyze"]), ("report1", &["Report"])],
            &[("generator1:Generate", "analyzer1:Analyze"), ("analyzer1:Analyze", "report1:Report")],
            &Value::Null,
        );
        insta::assert_snapshot!(mermaid(&chain), @r#"
    flowchart LR
        n0o0(["generator1<br/>Generate"]):::start
        n1o0["analyzer1<br/>Analyze"]
        n2o0[["report1<br/>Report"]]
        n0o0 --> n1o0
        n1o0 --> n2o0
        classDef start stroke-width:3px
    "#);
    }

    #[test]
    fn several_operations_stand_in_their_node_and_mapped_fields_on_their_link() {
        let pipeline = pipeline(
            &[("end", &["Load", "graph"]), ("solver1", &["Solve", "click"]), ("idle1", &[])],
            &[
                ("end:Load", "solver1:Solve"),
                ("end:graph", "solver1:Solve"),
                ("solver1:Solve", "solver1:click"),
            ],
            &json!({"input.path": "output_path", "status": null, "a": "b", "c": "d", "e": "f"}),
        );
        insta::assert_snapshot!(mermaid(&pipeline), @r#"
    flowchart LR
        subgraph n0["end"]
            n0o0(["Load"]):::start
            n0o1(["graph"]):::start
        end
        subgraph n1["solver1"]
            n1o0["Solve"]
            n1o1["click"]
        end
        n2["idle1"]
        n0o0 -->|"input.path = output_path<br/>no status<br/>a = b<br/>and 2 more"| n1o0
        n0o1 --> n1o0
        n1o0 --> n1o1
        classDef start stroke-width:3px
    "#);
    }

    #[test]
    fn texts_of_strangers_stay_inside_their_label() {
        let evil = "\"]\n    click n0 \"javascript:alert(1)\"\n%%{init: {}}%%<script>|";
        let mut fields = serde_json::Map::new();
        fields.insert(evil.to_owned(), evil.into());
        let pipeline = pipeline(&[("a", &["A"]), ("b", &["B"])], &[("a:A", "b:B")], &fields.into());
        let text = mermaid(&pipeline);
        insta::assert_snapshot!(text, @r##"
    flowchart LR
        n0o0(["a<br/>A"]):::start
        n1o0[["b<br/>B"]]
        n0o0 -->|"#34;#93;     click n0 #34;javascript:alert#40;1#41;#34; #37;#37;#123;init: #123;#125;#125;#37;#37;#60;script#62;… = #34;#93;     click n0 #34;javascript:alert#40;1#41;#34; #37;#37;#123;init: #123;#125;#125;#37;#37;#60;script#62;…"| n1o0
        classDef start stroke-width:3px
    "##);
        assert_eq!(text.lines().count(), 5);
    }
}
