//! A run, planned from protos.

use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{Document, Findings, Package, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;
use aieffect_orchestrator::engine::{Keep, Orchestrator, RunId, RunOptions};
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, plan};
use aieffect_orchestrator::run::Outcome as Ended;
use aieffect_orchestrator::transport::grpc::{FixedEndpoints, GrpcTransport};
use serde_json::{Value, json};

use crate::messages::{GIVEN, TAKEN_RENUMBERED, TAKEN_SAME};
use crate::{Case, Likeness, Outcome, Way, block_on};

pub(crate) fn run(plan: Arc<Plan>) -> Outcome<()> {
    block_on(async move {
        let orchestrator = Orchestrator::new(Arc::new(GrpcTransport::new()));
        let endpoints = Arc::new(FixedEndpoints::new(Duration::from_secs(10)));
        let options = RunOptions { keep: Keep::None, ..RunOptions::new(RunId::new("bench")?) };
        let report = orchestrator.submit(plan, endpoints, options, Vec::new()).wait().await;
        match report.outcome {
            Ended::Succeeded => Ok(()),
            outcome => Err(format!("{outcome:?}: {:?}", report.cause).into()),
        }
    })
}

/// Planning has a row of its own.
pub(crate) fn planned(case: Case, source: u16, sink: u16) -> Outcome<Plan> {
    let package = package(case, source, sink)?;
    let (pipeline, findings) = resolve::package(&package);
    let pipeline = pipeline.ok_or_else(|| told(&findings))?;
    let (protos, findings) = ProtoSet::compile(&pipeline, &package.protos);
    if findings.has_errors() {
        return Err(told(&findings).into());
    }
    let (plan, findings) = plan(&pipeline, &protos, &InitialData::default(), &PlanOptions::default());
    Ok(plan.ok_or_else(|| told(&findings))?)
}

fn package(case: Case, source: u16, sink: u16) -> Outcome<Package> {
    let (operation, at_once) = match case.way {
        Way::Stream => ("TakeAll", 1),
        Way::Unary(at_once) => ("Take", at_once),
    };
    let taken = match case.likeness {
        Likeness::Same => TAKEN_SAME,
        Likeness::Renumbered => TAKEN_RENUMBERED,
    };
    let node = |name: &str, operation: &str, to: Option<&str>| {
        let to: Vec<Value> = to
            .into_iter()
            .map(|to| json!({"container_name": "sink1", "operation_signature": {"operation_name": to}}))
            .collect();
        json!({
            "proto_uri": format!("microservice/{name}.proto"), "image": "a:latest", "container_name": name,
            "operation_signature_list": [{"operation_signature": {"operation_name": operation}, "connected_to": to}],
        })
    };
    let blueprint = json!({"name": "bench", "nodes": [node("source1", "Give", Some(operation)), node("sink1", operation, None)]});
    let at = |name: &str, port: u16| json!({"container_name": name, "ip_address": "127.0.0.1", "port": port});
    let dockerinfo = json!({"docker_info_list": [at("source1", source), at("sink1", sink)]});
    let execution = json!({"version": 1, "max_parallel": at_once, "operations": {format!("sink1:{operation}"): {"parallel": at_once}}});
    let mut protos = ProtoTree::new();
    for (name, text) in [("source1", GIVEN), ("sink1", taken)] {
        protos.insert(format!("microservice/{name}.proto"), SourceText::new(format!("{name}.proto"), text));
    }
    Ok(Package {
        name: "bench".to_owned(),
        blueprint: document("blueprint.json", &blueprint)?,
        dockerinfo: document("dockerinfo.json", &dockerinfo)?,
        execution: Some(document("execution.json", &execution)?),
        protos,
    })
}

fn document(name: &str, json: &Value) -> Outcome<Arc<Document>> {
    let read = Document::json(&SourceText::new(name, json.to_string()));
    read.map_err(|finding| format!("{finding:?}").into())
}

fn told(findings: &Findings) -> String {
    findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ")
}
