//! Pipelines for tests.

use std::sync::Arc;

use aieffect_blueprint::{Document, Package, Pipeline, ProtoTree, SourceText, resolve};
use serde_json::{Value, json};

/// A pipeline of nodes with operations, links `node:operation` to `node:operation`, and fields of the first.
pub(crate) fn pipeline(nodes: &[(&str, &[&str])], links: &[(&str, &str)], fields: &Value) -> Pipeline {
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
    let addresses: Vec<_> =
        nodes.iter().map(|(name, _)| json!({"container_name": name, "ip_address": "h", "port": 1})).collect();
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

/// A source, `layers` layers of `width` nodes, each leading to two of the next, and a sink.
pub(crate) fn diamond(layers: usize, width: usize) -> Pipeline {
    let name = |layer: usize, nth: usize| format!("step_{layer}_{nth}");
    let mut names = vec!["source1".to_owned()];
    let mut links: Vec<(String, String)> = Vec::new();
    for layer in 0..layers {
        for nth in 0..width {
            names.push(name(layer, nth));
            let before = |nth: usize| (layer > 0).then(|| name(layer - 1, nth));
            let from = [before(nth), before((nth + 1) % width)].into_iter().flatten();
            links.extend(from.map(|from| (from, name(layer, nth))));
            if layer == 0 {
                links.push(("source1".to_owned(), name(0, nth)));
            }
            if layer + 1 == layers {
                links.push((name(layer, nth), "sink1".to_owned()));
            }
        }
    }
    names.push("sink1".to_owned());
    let steps: Vec<(String, String)> =
        links.into_iter().map(|(from, to)| (format!("{from}:Do"), format!("{to}:Do"))).collect();
    let nodes: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &["Do"][..])).collect();
    let links: Vec<(&str, &str)> = steps.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    pipeline(&nodes, &links, &Value::Null)
}

/// What could end a label, or be taken for something else than text.
pub(crate) const EVIL: &str =
    "\"]\n    click n0 \"javascript:alert(1)\"\n%%{init: {}}%%<script>&amp;\u{1b}[2J|\\N'";

/// A pipeline whose link maps fields of such names.
pub(crate) fn evil() -> Pipeline {
    let mut fields = serde_json::Map::new();
    fields.insert(EVIL.to_owned(), EVIL.into());
    pipeline(&[("a", &["A"]), ("b", &["B"])], &[("a:A", "b:B")], &fields.into())
}
