//! Runs over real connections, and over none.

mod calls;
mod cancelling;
mod controlled;
mod faults;
mod held;
mod live;
mod offline;
mod piped;
mod policies;
mod readiness;
mod resumed;
mod secured;
mod streams;
mod time;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{Address, Idempotence, Port};
use aieffect_testkit::{Bound, Gate, Health, Meeting, Protos, Reply};
use bytes::Bytes;
use serde_json::json;
use tonic::Code;

use super::{Orchestrator, RunHandle, RunId, RunOptions, RunReport};
use crate::plan::{Plan, RequestPlan, Requests};
use crate::run::{Direction, Failure, Outcome, RunEvent, StatusCode, StepStatus, sample};
use crate::transport::grpc::{FixedEndpoints, GrpcTransport};

const PROTO: &str = r#"
    syntax = "proto3";
    package test;
    message Text { string text = 1; }
    service Service {
        rpc A(Text) returns (Text);
        rpc B(Text) returns (Text);
        rpc C(Text) returns (Text);
        rpc D(Text) returns (Text);
    }
"#;

fn bound() -> Bound {
    Bound::new(Protos::new(&[("test.proto", PROTO)]))
}

/// The steps' requests are `{"text": "hello"}`, whatever their links bring.
fn plan_at(port: u16, steps: &[&str], links: &[(&str, &str)]) -> Plan {
    let mut plan = sample::plan(steps, links);
    for node in &mut plan.nodes {
        node.address = Address { host: "127.0.0.1".into(), port: Port::new(port).unwrap() };
    }
    for step in &mut plan.steps {
        step.requests = Requests::Joined(RequestPlan::constant(text("hello")));
        step.policy.backoff = Duration::ZERO;
    }
    plan
}

fn text(text: &str) -> Bytes {
    let mut message = vec![0x0a, u8::try_from(text.len()).unwrap()];
    message.extend_from_slice(text.as_bytes());
    message.into()
}

type Seen = Arc<Mutex<Vec<RunEvent>>>;

fn submit(plan: Plan, ready_timeout: Duration) -> (RunHandle, Seen) {
    let seen = Seen::default();
    let sink = Arc::clone(&seen);
    let handle = Orchestrator::new(Arc::new(GrpcTransport::new())).submit(
        Arc::new(plan),
        Arc::new(FixedEndpoints::new(ready_timeout)),
        RunOptions::new(RunId::new("run-1").unwrap()),
        vec![Box::new(move |recorded| sink.lock().unwrap().push(recorded.event.clone()))],
    );
    (handle, seen)
}

async fn run(plan: Plan) -> RunReport {
    submit(plan, Duration::from_secs(10)).0.wait().await
}

fn failure(report: &RunReport) -> &Failure {
    &report.cause.as_ref().unwrap().failure
}
