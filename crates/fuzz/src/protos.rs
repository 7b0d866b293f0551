//! Protos: whatever stands in them, they become a plan or findings.

use std::sync::Arc;

use aieffect_blueprint::{
    Document, Findings, OperationId, Package, Pipeline, ProtoTree, SourceText, resolve,
};
use aieffect_contract::{ProtoSet, designer};
use aieffect_orchestrator::plan::{InitialData, PlanOptions, explain, plan};
use aieffect_orchestrator::values::{Style, render};
use serde_json::{Value, json};

use crate::looked::look;

/// What separates the texts of an input.
const BETWEEN: &str = "\n%%\n";
/// The services that they are of; further texts are files to import.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// How many operations of a service a pipeline has.
const MOST_OPERATIONS: usize = 6;

/// Takes up to four protos with a line `%%` between them: of the services `a` and `b`, and `c.proto` and `d.proto` to import.
/// The operations of `a` are linked to those of `b`, and `b`'s to its next ones.
///
/// All findings point into their texts. A service without descriptors has an error, and one without errors a plan that
/// can be shown. An empty message of each operation is a message.
pub fn protos(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<&str> = text.split(BETWEEN).take(NAMES.len()).collect();
    let package = package(&texts);
    let (pipeline, findings) = resolve::package(&package);
    look(&findings);
    let Some(pipeline) = pipeline else { return };
    let (protos, said) = ProtoSet::compile(&pipeline, &package.protos);
    look(&said);
    for node in 0..pipeline.nodes().len() {
        assert!(
            protos.proto_of(node).is_some() || said.has_errors() || findings.has_errors(),
            "a proto is gone"
        );
    }
    look(&designer(&pipeline, &protos));
    look_at_operations(&pipeline, &protos);
    let (plan, found) = plan(&pipeline, &protos, &InitialData::default(), &PlanOptions::default());
    look(&found);
    if let Some(plan) = plan {
        assert!(!explain(&plan).is_empty());
    } else {
        assert!(
            found.has_errors() || said.has_errors() || findings.has_errors(),
            "no plan, and no finding says why"
        );
    }
}

fn look_at_operations(pipeline: &Pipeline, protos: &ProtoSet) {
    for (index, node) in pipeline.nodes().iter().enumerate() {
        for operation in 0..node.operations.len() {
            let id = OperationId { node: index, operation };
            let Some(bound) = protos.operation(id) else { continue };
            let mut labels = Findings::new();
            let mut shown =
                aieffect_blueprint::Diagnostic::error(aieffect_blueprint::Code::BadProto, "a label")
                    .at(protos.operation_label(id));
            for message in [&bound.input, &bound.output] {
                let mut json = Vec::new();
                render(message, &[], &mut json, Style::Compact).expect("no bytes are an empty message");
                serde_json::from_slice::<Value>(&json).expect("what is rendered is JSON");
                let fields = message.fields().map(|field| protos.field_label(id, &field));
                shown = fields
                    .fold(shown.at(protos.message_label(id, message)), aieffect_blueprint::Diagnostic::at);
            }
            labels.push(shown);
            look(&labels);
        }
    }
}

fn package(texts: &[&str]) -> Package {
    let mut protos = ProtoTree::new();
    for (name, text) in NAMES.iter().zip(texts) {
        protos.insert(format!("microservice/{name}.proto"), SourceText::new(format!("{name}.proto"), *text));
    }
    let operations: Vec<Vec<String>> = texts.iter().map(|text| operations(text)).collect();
    let (a, b) = (operations.first(), operations.get(1));
    let (a, b) = (a.map_or(&[][..], Vec::as_slice), b.map_or(&[][..], Vec::as_slice));
    let to_b = |nth: usize| b.get(nth).map(|name| link("b", name));
    let nodes: Vec<Value> = [("a", a, 0), ("b", b, 1)]
        .into_iter()
        .filter(|(_, operations, _)| !operations.is_empty())
        .map(|(name, operations, step)| {
            let signatures = operations.iter().enumerate().map(|(nth, operation)| {
                let links: Vec<Value> = to_b(nth + step).into_iter().collect();
                json!({"operation_signature": {"operation_name": operation}, "connected_to": links})
            });
            json!({"container_name": name, "image": "i", "node_type": "MLModel",
                   "proto_uri": format!("microservice/{name}.proto"),
                   "operation_signature_list": signatures.collect::<Vec<_>>()})
        })
        .collect();
    let entry = |name: &str| json!({"container_name": name, "ip_address": name, "port": "8061"});
    Package {
        name: "p".to_owned(),
        blueprint: document("blueprint.json", &json!({"name": "p", "nodes": nodes})),
        dockerinfo: document("dockerinfo.json", &json!({"docker_info_list": [entry("a"), entry("b")]})),
        execution: None,
        protos,
    }
}

fn link(container: &str, operation: &str) -> Value {
    json!({"container_name": container, "operation_signature": {"operation_name": operation}})
}

/// The words behind `rpc`, each once.
fn operations(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in text.split("rpc ").skip(1) {
        let name: String = rest
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .take(40)
            .collect();
        if !name.is_empty() && !names.contains(&name) && names.len() < MOST_OPERATIONS {
            names.push(name);
        }
    }
    names
}

fn document(name: &str, value: &Value) -> Arc<Document> {
    Document::json(&SourceText::new(name, value.to_string())).expect("it is JSON")
}
