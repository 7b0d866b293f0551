//! `execution.json`: what the platform's documents have no place for.

use aieffect_blueprint::{FieldMapping, Pipeline};
use serde_json::{Map, Value, json};

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

fn links(pipeline: &Pipeline) -> Vec<Value> {
    let mapped = pipeline.links().iter().filter(|link| !link.fields.is_empty());
    let entry = |mapping: &FieldMapping| (mapping.target.clone(), mapping.source.clone().into());
    mapped
        .map(|link| {
            let fields: Map<String, Value> = link.fields.iter().map(entry).collect();
            json!({
                "from": pipeline.step_name(link.from).to_string(),
                "to": pipeline.step_name(link.to).to_string(),
                "fields": fields,
            })
        })
        .collect()
}
