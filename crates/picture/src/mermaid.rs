//! The flowchart: nodes by kind, operations inside them, links between operations.

use std::fmt::Write;

use aieffect_blueprint::{FieldMapping, Link, Node, NodeKind, OperationId, Pipeline};

use crate::label::escaped;

/// How many field mappings of a link are shown.
const SHOWN_FIELDS: usize = 3;

/// The text of a Mermaid flowchart of the pipeline.
///
/// Sources are round, sinks have double sides, all others are plain boxes; a node with several operations is a
/// box around them. Operations that nothing leads to are where a run starts, and have a thick border. Links
/// say which fields are mapped by hand.
pub fn mermaid(pipeline: &Pipeline) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, node) in pipeline.nodes().iter().enumerate() {
        draw_node(&mut text, pipeline, index, node);
    }
    for link in pipeline.links() {
        draw_link(&mut text, link);
    }
    if pipeline.operations().any(|id| is_start(pipeline, id)) {
        text += "    classDef start stroke-width:3px\n";
    }
    text
}

fn draw_node(text: &mut String, pipeline: &Pipeline, index: usize, node: &Node) {
    let kind = pipeline.kind(index);
    let name = escaped(node.name.as_str());
    let id = |operation| OperationId { node: index, operation };
    // Writing into memory cannot fail; so below.
    let _ = match node.operations.as_slice() {
        [] => writeln!(text, "    {}", shape(&format!("n{index}"), kind, &name)),
        [only] => {
            let label = format!("{name}<br/>{}", escaped(only.name.as_str()));
            writeln!(text, "    {}{}", shape(&name_of(id(0)), kind, &label), mark(pipeline, id(0)))
        }
        operations => {
            let _ = writeln!(text, "    subgraph n{index}[\"{name}\"]");
            for (nth, operation) in operations.iter().enumerate() {
                let shape = shape(&name_of(id(nth)), kind, &escaped(operation.name.as_str()));
                let _ = writeln!(text, "        {shape}{}", mark(pipeline, id(nth)));
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

fn mark(pipeline: &Pipeline, id: OperationId) -> &'static str {
    if is_start(pipeline, id) { ":::start" } else { "" }
}

fn is_start(pipeline: &Pipeline, id: OperationId) -> bool {
    !pipeline.links().iter().any(|link| link.to == id)
}

fn draw_link(text: &mut String, link: &Link) {
    let (from, to) = (name_of(link.from), name_of(link.to));
    let _ = match fields(&link.fields) {
        None => writeln!(text, "    {from} --> {to}"),
        Some(label) => writeln!(text, "    {from} -->|\"{label}\"| {to}"),
    };
}

fn fields(fields: &[FieldMapping]) -> Option<String> {
    let shown = fields.iter().take(SHOWN_FIELDS).map(|field| match &field.source {
        Some(source) => format!("{} = {}", escaped(&field.target), escaped(source)),
        None => format!("no {}", escaped(&field.target)),
    });
    let mut lines: Vec<String> = shown.collect();
    if fields.len() > SHOWN_FIELDS {
        lines.push(format!("and {} more", fields.len() - SHOWN_FIELDS));
    }
    (!lines.is_empty()).then(|| lines.join("<br/>"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aieffect_blueprint::{Document, Package, ProtoTree, SourceText, resolve};
    use serde_json::{Value, json};

    use super::*;

    /// A pipeline of nodes with operations, links `node:operation` to `node:operation`, and fields of the first.
    fn pipeline(nodes: &[(&str, &[&str])], links: &[(&str, &str)], fields: &Value) -> Pipeline {
        let split = |step: &str| step.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let operation = |node: &str, name: &str| {
            let from = |(from, _): &&(&str, &str)| *from == format!("{node}:{name}");
            let targets = links.iter().filter(from).map(|(_, to)| split(to));
            let connected: Vec<_> = targets
                .map(|(node, name)| json!({"container_name": node, "operation_signature": {"operation_name": name}}))
                .collect();
            json!({"operation_signature": {"operation_name": name}, "connected_to": connected})
        };
        let mut protos = ProtoTree::new();
        let mut entries = Vec::new();
        for (name, operations) in nodes {
            let path = format!("microservice/{name}.proto");
            protos.insert(path.clone(), SourceText::new(path, ""));
            let operations: Vec<_> = operations.iter().map(|each| operation(name, each)).collect();
            entries.push(json!({"container_name": name, "operation_signature_list": operations}));
        }
        let addresses: Vec<_> = nodes
            .iter()
            .map(|(name, _)| json!({"container_name": name, "ip_address": "h", "port": 1}))
            .collect();
        let execution = links
            .first()
            .filter(|_| !fields.is_null())
            .map(|(from, to)| json!({"version": 1, "links": [{"from": from, "to": to, "fields": fields}]}));
        let document = |value: Value| -> Arc<Document> {
            Document::json(&SourceText::new("d.json", value.to_string())).unwrap()
        };
        let package = Package {
            name: "p".into(),
            blueprint: document(json!({"name": "p", "nodes": entries})),
            dockerinfo: document(json!({"docker_info_list": addresses})),
            execution: execution.map(document),
            protos,
        };
        let (pipeline, findings) = resolve::package(&package);
        pipeline.unwrap_or_else(|| panic!("{findings:#?}"))
    }

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
