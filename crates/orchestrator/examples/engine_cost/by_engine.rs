//! A run, planned from protos.

use std::sync::Arc;
use std::time::Duration;

use aieffect_orchestrator::engine::{Keep, Orchestrator, RunId, RunOptions};
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::run::Outcome as Ended;
use aieffect_orchestrator::transport::grpc::{FixedEndpoints, GrpcTransport};
use serde_json::json;

use crate::messages::{GIVEN, TAKEN_RENUMBERED, TAKEN_SAME};
use crate::pipeline::{self, Node, compiled, package};
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
    let (operation, at_once) = match case.way {
        Way::Stream => ("TakeAll", 1),
        Way::Unary(at_once) => ("Take", at_once),
    };
    let taken = match case.likeness {
        Likeness::Same => TAKEN_SAME,
        Likeness::Renumbered => TAKEN_RENUMBERED,
    };
    let nodes = [Node::new("source1", "Give", GIVEN, source), Node::new("sink1", operation, taken, sink)];
    let parallel = json!({format!("sink1:{operation}"): {"parallel": at_once}});
    let execution = json!({"version": 1, "max_parallel": at_once, "operations": parallel});
    let (pipeline, protos) = compiled(&package(&nodes, [(0, 1)], Some(&execution))?)?;
    pipeline::planned(&pipeline, &protos, None)
}
