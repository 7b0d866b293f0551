//! `execution.json`: what the platform's documents have no place for.

use aieffect_blueprint::{FieldMapping, Node, Pipeline, TransportKind, WhenFull};
use serde_json::{Map, Value};

/// The document's version.
const VERSION: u64 = 1;

/// The document; `None` when there is nothing to say.
pub(crate) fn document(pipeline: &Pipeline) -> Option<Value> {
    let mut document = pipeline.execution().written.clone();
    let operations = operations(pipeline);
    if !operations.is_empty() {
        document.insert("operations".into(), operations.into());
    }
    let links = links(pipeline);
    if !links.is_empty() {
        document.insert("links".into(), links.into());
    }
    let nodes = nodes(pipeline);
    if !nodes.is_empty() {
        document.insert("nodes".into(), nodes.into());
    }
    if document.is_empty() {
        return None;
    }
    document.shift_insert(0, "version".into(), VERSION.into());
    Some(document.into())
}

fn operations(pipeline: &Pipeline) -> Map<String, Value> {
    let written = pipeline.operations().map(|id| (id, &pipeline.operation(id).settings.written));
    let said = written.filter(|(_, written)| !written.is_empty());
    said.map(|(id, written)| (pipeline.step_name(id).to_string(), written.clone().into())).collect()
}

/// The nodes that are not called over gRPC.
fn nodes(pipeline: &Pipeline) -> Map<String, Value> {
    let others = pipeline.nodes().iter().filter(|node| node.transport.kind() != TransportKind::Grpc);
    let entry = |node: &Node| {
        let said = serde_json::json!({"transport": node.transport.kind().as_str()});
        (node.name.to_string(), said)
    };
    others.map(entry).collect()
}

fn links(pipeline: &Pipeline) -> Vec<Value> {
    let mapped = pipeline
        .links()
        .iter()
        .filter(|link| !link.fields.is_empty() || link.when_full == WhenFull::KeepLatest);
    let entry = |mapping: &FieldMapping| (mapping.target.clone(), mapping.source.clone().into());
    mapped
        .map(|link| {
            let mut said = Map::new();
            said.insert("from".into(), pipeline.step_name(link.from).to_string().into());
            said.insert("to".into(), pipeline.step_name(link.to).to_string().into());
            if !link.fields.is_empty() {
                said.insert("fields".into(), link.fields.iter().map(entry).collect::<Map<_, _>>().into());
            }
            if link.when_full == WhenFull::KeepLatest {
                said.insert("keep_latest".into(), true.into());
            }
            said.into()
        })
        .collect()
}
