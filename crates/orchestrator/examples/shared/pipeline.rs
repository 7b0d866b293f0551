//! Made-up pipelines, from their nodes to their plan.

use std::sync::Arc;

use aieffect_blueprint::{Document, Findings, Mode, Package, Pipeline, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, plan};
use serde_json::{Value, json};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A node of one operation.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) operation: &'static str,
    pub(crate) proto: &'static str,
    /// Where it answers, on this machine.
    pub(crate) port: u16,
}

impl Node {
    pub(crate) fn new(
        name: impl Into<String>,
        operation: &'static str,
        proto: &'static str,
        port: u16,
    ) -> Self {
        Self { name: name.into(), operation, proto, port }
    }
}

/// The package of these nodes; links are between their places.
pub(crate) fn package(
    nodes: &[Node],
    links: impl IntoIterator<Item = (usize, usize)>,
    execution: Option<&Value>,
) -> Outcome<Package> {
    let mut targets = vec![Vec::new(); nodes.len()];
    for (from, to) in links {
        let Node { name, operation, .. } = &nodes[to];
        targets[from]
            .push(json!({"container_name": name, "operation_signature": {"operation_name": operation}}));
    }
    let listed = nodes.iter().zip(targets).map(|(node, to)| {
        json!({
            "proto_uri": format!("microservice/{}.proto", node.name), "image": "a:latest",
            "container_name": node.name,
            "operation_signature_list": [
                {"operation_signature": {"operation_name": node.operation}, "connected_to": to},
            ],
        })
    });
    let blueprint = json!({"name": "bench", "nodes": listed.collect::<Vec<_>>()});
    let address =
        |node: &Node| json!({"container_name": node.name, "ip_address": "127.0.0.1", "port": node.port});
    let dockerinfo = json!({"docker_info_list": nodes.iter().map(address).collect::<Vec<_>>()});
    let mut protos = ProtoTree::new();
    for Node { name, proto, .. } in nodes {
        protos.insert(format!("microservice/{name}.proto"), SourceText::new(format!("{name}.proto"), *proto));
    }
    Ok(Package {
        name: "bench".to_owned(),
        blueprint: document("blueprint.json", &blueprint)?,
        dockerinfo: document("dockerinfo.json", &dockerinfo)?,
        execution: execution.map(|execution| document("execution.json", execution)).transpose()?,
        protos,
    })
}

/// The pipeline of a package, and its protos.
pub(crate) fn compiled(package: &Package) -> Outcome<(Pipeline, ProtoSet)> {
    let (pipeline, findings) = resolve::package(package);
    let pipeline = pipeline.ok_or_else(|| told(&findings))?;
    let (protos, findings) = ProtoSet::compile(&pipeline, &package.protos);
    if findings.has_errors() {
        return Err(told(&findings).into());
    }
    Ok((pipeline, protos))
}

/// Their plan; without a mode, in the one that the graph calls for.
pub(crate) fn planned(pipeline: &Pipeline, protos: &ProtoSet, mode: Option<Mode>) -> Outcome<Plan> {
    let options = PlanOptions { mode, ..PlanOptions::default() };
    let (plan, findings) = plan(pipeline, protos, &InitialData::default(), &options);
    Ok(plan.ok_or_else(|| told(&findings))?)
}

fn document(name: &str, json: &Value) -> Outcome<Arc<Document>> {
    let read = Document::json(&SourceText::new(name, json.to_string()));
    read.map_err(|finding| finding.message.into())
}

fn told(findings: &Findings) -> String {
    findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ")
}
