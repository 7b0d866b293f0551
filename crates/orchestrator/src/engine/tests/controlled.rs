//! HTTP-controlled services: what they may answer, and runs that mix them with gRPC services.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use aieffect_testkit::{ControlReply, ControlRequest, ControlServer};

use super::*;
use crate::plan::tests::fixture::Setup;
use crate::transport::ServiceTransport;
use crate::transport::grpc::Access;

const SHORT: &str = r#"{"deadline": "600ms", "attempts": 1}"#;

/// The plan with each node at a port.
fn planned(setup: &Setup, ports: &[(&str, u16)]) -> Plan {
    let ports: HashMap<_, _> = ports.iter().copied().collect();
    let mut plan = setup.planned().expect().clone();
    for node in &mut plan.nodes {
        let port = Port::new(ports[node.name.as_str()]).unwrap();
        node.address = Address { host: "127.0.0.1".into(), port };
    }
    for step in &mut plan.steps {
        step.policy.backoff = Duration::ZERO;
    }
    plan
}

fn begin(plan: Plan) -> RunHandle {
    Orchestrator::new(Arc::new(ServiceTransport::new(Access::plain()))).submit(
        Arc::new(plan),
        Arc::new(FixedEndpoints::new(Duration::from_secs(10))),
        RunOptions::new(RunId::new("run-1").unwrap()),
        Vec::new(),
    )
}

/// A run of one step of a service that answers like this.
async fn one(
    settings: &str,
    answers: impl Fn(&ControlRequest) -> ControlReply + Send + Sync + 'static,
) -> (Result<String, String>, Vec<ControlRequest>) {
    let server = ControlServer::start(answers).await;
    let setup = Setup::new().controlled("a", &["Do"]).operation("a:Do", settings);
    let mut report = begin(planned(&setup, &[("a", server.port())])).wait().await;
    let result = match &report.cause {
        Some(cause) => Err(cause.failure.to_string()),
        None => Ok(given(&mut report, 0)),
    };
    (result, server.requests())
}

fn given(report: &mut RunReport, step: usize) -> String {
    let message = report.steps[step].result.messages().unwrap().pop().unwrap();
    let output: crate::control::Output = prost::Message::decode(message).unwrap();
    output.json
}

fn lines(requests: &[ControlRequest]) -> Vec<&str> {
    requests.iter().map(|request| request.line.as_str()).collect()
}

const TASK: &str = "run-1.a.Do.0.1";

#[tokio::test]
async fn a_service_that_completes_at_once_is_asked_once() {
    let settings = r#"{"parameters": {"day": "2024-01-01"}}"#;
    let (result, requests) =
        one(settings, |_| ControlReply::ok(r#"{"status": "complete", "output": {"uri": "x", "n": 1.10}}"#))
            .await;
    assert_eq!(result.unwrap(), r#"{"uri": "x", "n": 1.10}"#);
    assert_eq!(lines(&requests), ["POST /control/execute"]);
    assert_eq!(
        requests[0].body,
        r#"{"method": "Do", "workflow_id": "run-1", "task_id": "run-1.a.Do.0.1", "inputs": [], "parameters": {"day":"2024-01-01"}}"#
    );
    let header = |name: &str| requests[0].headers[name].clone();
    assert_eq!(
        ["aieffect-run-id", "aieffect-step", "aieffect-seq", "aieffect-attempt"].map(header),
        ["run-1", "a:Do", "0", "1"]
    );
    assert!(header("traceparent").starts_with("00-"));
}

#[tokio::test]
async fn a_task_is_asked_for_until_it_is_done_and_its_output_is_fetched() {
    let asked = AtomicUsize::new(0);
    let (result, requests) = one("{}", move |request| {
        let path = request.line.as_str();
        match path {
            "POST /control/execute" => ControlReply::ok(r#"{"status": "running", "task_id": "t/1 ä"}"#),
            "GET /control/status/t%2F1%20%C3%A4" => match asked.fetch_add(1, Ordering::Relaxed) {
                0 => ControlReply::ok(r#"{"status": "running", "progress": 50}"#),
                1 => ControlReply::Answer(503, String::new()),
                2 => ControlReply::Drop,
                _ => ControlReply::ok(r#"{"status": "complete"}"#),
            },
            "GET /control/output/t%2F1%20%C3%A4" => ControlReply::ok(r#"{"output": {"uri": "done"}}"#),
            _ => ControlReply::Answer(404, String::new()),
        }
    })
    .await;
    assert_eq!(result.unwrap(), r#"{"uri": "done"}"#);
    assert_eq!(requests.len(), 6, "{:?}", lines(&requests));
}

#[tokio::test]
async fn a_task_that_gets_no_id_has_ours() {
    let (result, requests) = one("{}", |request| match request.is_execute() {
        true => ControlReply::ok(r#"{"status": "running", "output": null, "error": null}"#),
        false if request.line.contains("status") => {
            ControlReply::ok(r#"{"status": "complete", "progress": 100}"#)
        }
        false => ControlReply::ok(r#"{"output": null}"#),
    })
    .await;
    assert_eq!(result.unwrap(), "null");
    let path = |what: &str| format!("GET /control/{what}/{TASK}");
    assert_eq!(lines(&requests)[1..], [path("status"), path("output")]);
}

#[tokio::test]
async fn a_task_that_never_ends_is_given_up_at_its_deadline() {
    let (result, requests) = one(SHORT, |_| ControlReply::ok(r#"{"status": "running"}"#)).await;
    assert_eq!(result.unwrap_err(), "no answer within its deadline of 0.6 s");
    let asked = requests.len();
    assert!((2..=6).contains(&asked), "it was asked {asked} times");
}

#[tokio::test]
async fn what_a_failing_service_says_is_told() {
    let failed = |reply: ControlReply| async move { one(SHORT, move |_| reply.clone()).await.0.unwrap_err() };
    let said = [
        failed(ControlReply::ok(r#"{"status": "failed", "error": "no wind data"}"#)).await,
        failed(ControlReply::Answer(422, r#"{"detail": "inputs: field required"}"#.to_owned())).await,
        failed(ControlReply::Answer(404, r#"{"detail": "Not Found"}"#.to_owned())).await,
        failed(ControlReply::Answer(500, "Internal Server Error".to_owned())).await,
        failed(ControlReply::ok("<html>")).await,
        failed(ControlReply::ok(r#"{"status": "done"}"#)).await,
        failed(ControlReply::ok(&format!("{{\"status\": {}}}", "x".repeat(5000))))
            .await
            .chars()
            .take(120)
            .collect(),
        failed(ControlReply::Hang).await,
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    the service failed: no wind data
    the service answered 422 Unprocessable Entity: inputs: field required
    the service answered 404 Not Found: Not Found (is this the port of its control interface?)
    the service answered 500 Internal Server Error: Internal Server Error
    the service broke the protocol: it answered POST /control/execute with something else than a JSON object: <html>
    the service broke the protocol: it answered POST /control/execute without one of the statuses `complete`, `running` and `failed`: {"status": "done"}
    the service broke the protocol: it answered POST /control/execute with something else than a JSON object: {"status": xxx
    no answer within its deadline of 0.6 s
    "#);
}

#[tokio::test]
async fn a_task_that_is_forgotten_or_fails_later_fails_its_step() {
    let later = |status: u16, body: &'static str| async move {
        let answered = one(SHORT, move |request| match request.is_execute() {
            true => ControlReply::ok(r#"{"status": "running"}"#),
            false => ControlReply::Answer(status, body.to_owned()),
        });
        answered.await.0.unwrap_err()
    };
    let said = [
        later(404, r#"{"detail": "Task not found"}"#).await,
        later(200, r#"{"status": "failed", "error": "out of memory"}"#).await,
        later(401, r#"{"detail": "Unauthorized"}"#).await,
        later(200, "oops").await,
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    the connection to the service was lost during the call (it answers /control/status/run-1.a.Do.0.1 with 404 Not Found, as if it had never heard of the task): the service may have died; see its log
    the service failed: out of memory
    the service answered 401 Unauthorized: Unauthorized
    the service broke the protocol: it answered GET /control/status with something else than a JSON object: oops
    ");
}

#[tokio::test]
async fn a_missing_output_fails_the_step() {
    let (result, _) = one(SHORT, |request| match request.is_execute() {
        true => ControlReply::ok(r#"{"status": "complete"}"#),
        false => ControlReply::ok("{}"),
    })
    .await;
    assert_eq!(
        result.unwrap_err(),
        "the service broke the protocol: it answered GET /control/output without an `output`: {}"
    );
}

#[tokio::test]
async fn a_busy_service_is_called_again_and_a_lost_call_is_not() {
    let flaky = |first: ControlReply| {
        let calls = AtomicUsize::new(0);
        move |_: &ControlRequest| match calls.fetch_add(1, Ordering::Relaxed) {
            0 => first.clone(),
            _ => ControlReply::ok(r#"{"status": "complete", "output": 1}"#),
        }
    };
    let busy = || ControlReply::Answer(503, r#"{"detail": "full"}"#.to_owned());
    let (result, requests) = one("{}", flaky(busy())).await;
    assert_eq!((result.unwrap().as_str(), requests.len()), ("1", 2));
    let (result, _) = one(r#"{"idempotent": false}"#, flaky(busy())).await;
    assert_eq!(result.unwrap_err(), "the service answered 503 Service Unavailable: full");
    let (result, requests) = one("{}", flaky(ControlReply::Drop)).await;
    assert!(result.unwrap_err().starts_with("the connection to the service was lost during the call"));
    assert_eq!(requests.len(), 1);
    let (result, requests) = one(r#"{"idempotent": true}"#, flaky(ControlReply::Drop)).await;
    assert_eq!((result.unwrap().as_str(), requests.len()), ("1", 2));
    let tasks: Vec<_> = requests.iter().map(|request| request.json()["task_id"].clone()).collect();
    assert_eq!(tasks, ["run-1.a.Do.0.1", "run-1.a.Do.0.2"]);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_it() {
    let (result, _) = one(r#"{"attempts": 1}"#, |_| ControlReply::Endless(257 << 20)).await;
    assert_eq!(result.unwrap_err(), "the response is over the limit of 256 MiB");
}

#[tokio::test]
async fn a_cancelled_task_is_asked_for_no_more() {
    let meeting = Arc::new(tokio::sync::Notify::new());
    let met = Arc::clone(&meeting);
    let server = ControlServer::start(move |request| {
        if !request.is_execute() {
            met.notify_one();
        }
        ControlReply::ok(r#"{"status": "running", "progress": 0.25}"#)
    })
    .await;
    let setup = Setup::new().controlled("a", &["Do"]);
    let handle = begin(planned(&setup, &[("a", server.port())]));
    meeting.notified().await;
    let meters = handle.meters();
    handle.cancel();
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert_eq!(meters.passed(crate::plan::StepId::new(0)).progress, Some(250));
    let asked = server.requests().len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.requests().len(), asked);
}

#[tokio::test]
async fn http_and_grpc_services_stand_in_one_pipeline() {
    let first = ControlServer::start(|_| {
        ControlReply::ok(r#"{"status": "complete", "output": {"protocol": "inline", "uri": "eyJ0ZXh0IjogImhlbGxvIn0=", "format": "json"}}"#)
    })
    .await;
    let last = ControlServer::start(|request| {
        let input = request.json()["inputs"][0].clone();
        ControlReply::ok(&json!({"status": "complete", "output": [input, {"uri": "more"}]}).to_string())
    })
    .await;
    let server = bound().on("/test.Service/B", |received| Reply::Bytes(received.bytes)).start();
    let setup = Setup::new()
        .controlled("a", &["Read"])
        .node(
            "b",
            "package test; service Service { rpc B(Text) returns (Text); } message Text { string text = 1; }",
        )
        .controlled("c", &["Use"])
        .link("a:Read", "b:B")
        .link("b:B", "c:Use");
    let ports = [("a", first.port()), ("b", server.port()), ("c", last.port())];
    let mut report = begin(planned(&setup, &ports)).wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(
        given(&mut report, 2),
        r#"[{"protocol":"inline","uri":"eyJ0ZXh0IjoiaGVsbG8ifQ==","format":"json","metadata":{"message":"test.Text","from":"b:B"}},{"uri":"more"}]"#
    );
}

#[tokio::test]
async fn a_node_that_speaks_the_other_transport_is_told_apart() {
    let http = ControlServer::start(|_| ControlReply::ok("{}")).await;
    let grpc = bound().start();
    let unreached = |setup: Setup, port: u16| async move {
        let report = begin(planned(&setup, &[("a", port)])).wait().await;
        assert_eq!(report.outcome, Outcome::Unreachable);
        let reason = report.unreached[0].reason.clone().unwrap();
        reason.replace(&port.to_string(), "PORT")
    };
    let said = [
        unreached(Setup::new().controlled("a", &["Do"]), grpc.port()).await,
        unreached(Setup::new().gives("a", "string x = 1;"), http.port()).await,
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    `127.0.0.1:PORT` speaks `grpc`, and its node is called over `http-control`; say so with `transport`, or give the right port
    `127.0.0.1:PORT` speaks `http-control`, and its node is called over `grpc`; say so with `transport`, or give the right port
    ");
}
