//! Runs over real connections, and over none.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{Address, Idempotence, Port};
use aieffect_testkit::{Bound, Gate, Health, Meeting, Protos, Reply};
use bytes::Bytes;
use serde_json::json;
use tonic::Code;

use super::{Orchestrator, RunHandle, RunId, RunOptions, RunReport};
use crate::plan::{Plan, RequestPlan};
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
        step.request = RequestPlan::constant(text("hello"));
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

#[tokio::test]
async fn a_chain_runs_over_real_connections() {
    let server = bound()
        .on(
            "/test.Service/A",
            |call| json!({ "text": format!("{} from A", call.json["text"].as_str().unwrap()) }),
        )
        .on("/test.Service/B", |_| json!({ "text": "from B" }))
        .start();
    let mut report = run(plan_at(server.port(), &["n:A", "m:B"], &[("n:A", "m:B")])).await;

    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(report.steps[0].result.messages().unwrap(), [text("hello from A")]);
    assert_eq!(report.steps[1].result.messages().unwrap(), [text("from B")]);
    let paths: Vec<String> = server.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/test.Service/A", "/test.Service/B"]);
}

#[tokio::test]
async fn branches_that_do_not_depend_on_each_other_are_called_side_by_side() {
    let meeting = Meeting::of(2);
    let (left, right) = (meeting.clone(), meeting);
    let joined = |meeting: &Meeting| {
        let meeting = meeting.clone();
        Reply::from(json!({ "text": "met" })).after(async move { meeting.join().await })
    };
    let server = bound()
        .on("/test.Service/A", |_| json!({}))
        .on("/test.Service/B", move |_| joined(&left))
        .on("/test.Service/C", move |_| joined(&right))
        .on("/test.Service/D", |_| json!({}))
        .start();
    let links = [("s:A", "l:B"), ("s:A", "r:C"), ("l:B", "j:D"), ("r:C", "j:D")];
    let plan = plan_at(server.port(), &["s:A", "l:B", "r:C", "j:D"], &links);
    // Neither branch answers before the other was called.
    assert_eq!(run(plan).await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn every_call_says_which_run_step_firing_and_attempt_it_is() {
    let server = bound()
        .on("/test.Service/A", |call| match call.earlier {
            0 => Reply::status(Code::Unavailable, "warming up"),
            _ => json!({}).into(),
        })
        .start();
    let report = run(plan_at(server.port(), &["n:A"], &[])).await;
    assert_eq!(report.outcome, Outcome::Succeeded);

    let calls = server.calls();
    let said = |key: &str| calls.iter().map(|call| call.metadata[key].as_str()).collect::<Vec<_>>();
    assert_eq!(said("aieffect-run-id"), ["run-1", "run-1"]);
    assert_eq!(said("aieffect-step"), ["n:A", "n:A"]);
    assert_eq!(said("aieffect-seq"), ["0", "0"]);
    assert_eq!(said("aieffect-attempt"), ["1", "2"]);
    assert_eq!(said("grpc-timeout"), ["60000000u", "60000000u"]);
    let traces = said("traceparent");
    assert_eq!(traces[0][..36], traces[1][..36], "one trace");
    assert_ne!(traces[0], traces[1], "two spans");
    assert_eq!(traces[0].len(), 55);
}

#[tokio::test]
async fn a_service_that_refuses_and_then_serves_is_waited_for() {
    let service = bound().on("/test.Service/A", |_| json!({}));
    let (handle, seen) = submit(plan_at(service.port(), &["n:A"], &[]), Duration::from_secs(60));
    // The run has had its first look at the port when this task goes on.
    tokio::task::yield_now().await;
    let server = service.start();
    assert_eq!(handle.wait().await.outcome, Outcome::Succeeded);
    assert!(matches!(seen.lock().unwrap()[1], RunEvent::NodeReady { .. }));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_service_that_is_not_serving_is_waited_for_until_it_is() {
    let server = bound().on("/test.Service/A", |_| json!({})).health(Health::NotServing).start();
    let (handle, seen) = submit(plan_at(server.port(), &["n:A"], &[]), Duration::from_secs(60));
    server.asked_for_health(2).await;
    assert_eq!(*seen.lock().unwrap(), [RunEvent::Started]);
    server.set_health(Health::Serving);
    assert_eq!(handle.wait().await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn services_that_do_not_answer_are_all_named() {
    let reachable = bound().on("/test.Service/A", |_| json!({})).start();
    let refusing = bound();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut plan = plan_at(reachable.port(), &["a:A", "b:A", "c:A"], &[]);
    plan.nodes[1].address.port = Port::new(refusing.port()).unwrap();
    plan.nodes[2].address.port = Port::new(silent.local_addr().unwrap().port()).unwrap();
    let (handle, _) = submit(plan, Duration::from_millis(100));
    let report = handle.wait().await;

    assert_eq!(report.outcome, Outcome::Unreachable);
    let named: Vec<String> = report
        .unreached
        .iter()
        .map(|node| format!("{}: {}", node.node, node.reason.as_deref().unwrap_or("?")))
        .collect();
    let said = named.join("\n").replace(&refusing.port().to_string(), "PORT");
    let said = said.replace(&silent.local_addr().unwrap().port().to_string(), "PORT");
    insta::assert_snapshot!(said, @"
    b: `127.0.0.1:PORT` did not answer within 0.1 s: connection refused
    c: `127.0.0.1:PORT` did not answer within 0.1 s: something takes connections there and does not answer
    ");
    assert!(reachable.calls().is_empty(), "nothing fires before all are ready");
}

#[tokio::test]
async fn a_service_that_dies_in_mid_call_is_a_lost_connection() {
    for reply in [|| Reply::Die, || Reply::DieMidway] {
        let server = bound().on("/test.Service/A", move |_| reply()).start();
        let report = run(plan_at(server.port(), &["n:A"], &[])).await;
        assert_eq!(report.outcome, Outcome::Failed);
        assert!(matches!(failure(&report), Failure::Lost { .. }), "{:?}", failure(&report));
        let cause = report.cause.unwrap();
        assert_eq!(cause.name.to_string(), "n:A");
        assert_eq!(cause.request, Some(text("hello")), "the request that led to it");
        assert_eq!(server.calls().len(), 1, "nobody said that a second call does no harm");
    }
}

#[tokio::test]
async fn a_lost_call_of_an_idempotent_step_is_made_again_on_a_new_connection() {
    let server = bound()
        .on("/test.Service/A", |call| if call.earlier == 0 { Reply::Die } else { json!({}).into() })
        .start();
    let mut plan = plan_at(server.port(), &["n:A"], &[]);
    plan.steps[0].policy.idempotence = Idempotence::Idempotent;
    assert_eq!(run(plan).await.outcome, Outcome::Succeeded);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_service_that_is_gone_was_never_reached() {
    let server = bound().on("/test.Service/A", |_| json!({})).start();
    let mut plan = plan_at(server.port(), &["n:A", "m:B"], &[("n:A", "m:B")]);
    let gone = bound().start();
    plan.nodes[1].address.port = Port::new(gone.port()).unwrap();
    let transport = Arc::new(GrpcTransport::new());
    let gone = Mutex::new(Some(gone));
    let report = Orchestrator::new(transport)
        .submit(
            Arc::new(plan),
            Arc::new(FixedEndpoints::new(Duration::from_secs(10))),
            RunOptions::new(RunId::new("r").unwrap()),
            vec![Box::new(move |recorded| {
                if matches!(recorded.event, RunEvent::FiringStarted { .. }) {
                    drop(gone.lock().unwrap().take());
                }
            })],
        )
        .wait()
        .await;
    assert!(matches!(failure(&report), Failure::NeverReached { .. }), "{:?}", failure(&report));
    assert_eq!(report.steps[0].status, StepStatus::Finished);
}

#[tokio::test]
async fn a_call_past_its_deadline_fails_by_our_own_clock() {
    let server = bound().on("/test.Service/A", |_| Reply::Hang).start();
    let mut plan = plan_at(server.port(), &["n:A"], &[]);
    plan.steps[0].policy.deadline = Duration::from_millis(50);
    let report = run(plan).await;
    assert_eq!(failure(&report), &Failure::Deadline { after: Duration::from_millis(50) });
    server.abandoned(1).await;
}

#[tokio::test]
async fn a_status_keeps_its_code_and_text() {
    let server =
        bound().on("/test.Service/A", |_| Reply::status(Code::InvalidArgument, "no file é.csv")).start();
    let report = run(plan_at(server.port(), &["n:A"], &[])).await;
    let expected = Failure::Status { code: StatusCode::InvalidArgument, message: "no file é.csv".into() };
    assert_eq!(failure(&report), &expected);
}

#[tokio::test]
async fn a_large_answer_arrives_whole_and_is_spooled() {
    let large = Bytes::from(vec![7; 64 << 20]);
    let answer = large.clone();
    let server = bound().on("/test.Service/A", move |_| Reply::Bytes(answer.clone())).start();
    let mut report = run(plan_at(server.port(), &["n:A"], &[])).await;
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert!(report.steps[0].result.is_spooled());
    assert!(report.steps[0].result.messages().unwrap() == [large]);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_with_both_figures() {
    let server =
        bound().on("/test.Service/A", |_| Reply::Bytes(Bytes::from(vec![0; (256 << 20) + 1]))).start();
    let report = run(plan_at(server.port(), &["n:A"], &[])).await;
    let (limit, size) = (256 << 20, Some((256 << 20) + 1));
    assert_eq!(failure(&report), &Failure::TooLarge { direction: Direction::Response, limit, size });
}

#[tokio::test]
async fn a_service_that_takes_less_than_we_send_is_told_apart_from_one_that_is_busy() {
    let words = "Received message larger than max (5000000 vs. 4194304)";
    let server =
        bound().on("/test.Service/A", move |_| Reply::status(Code::ResourceExhausted, words)).start();
    let report = run(plan_at(server.port(), &["n:A"], &[])).await;
    let (limit, size) = (4 << 20, Some(5_000_000));
    assert_eq!(failure(&report), &Failure::TooLarge { direction: Direction::Request, limit, size });
    assert_eq!(server.calls().len(), 1, "it would be too large again");
}

#[tokio::test]
async fn results_of_finished_steps_are_kept_when_the_run_fails() {
    let server = bound()
        .on("/test.Service/A", |_| json!({ "text": "kept" }))
        .on("/test.Service/B", |_| Reply::status(Code::Internal, "boom"))
        .start();
    let links = [("n:A", "n:B"), ("n:B", "n:C")];
    let mut report = run(plan_at(server.port(), &["n:A", "n:B", "n:C"], &links)).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(report.steps[0].result.messages().unwrap(), [text("kept")]);
    assert_eq!(report.steps[1].status, StepStatus::Failed);
    assert_eq!(report.steps[2].status, StepStatus::Skipped { because: report.steps[1].step });
}

#[tokio::test]
async fn cancelling_ends_open_calls_and_leaves_nothing_running() {
    let server = bound().on("/test.Service/A", |_| Reply::Hang).start();
    let (handle, seen) = submit(plan_at(server.port(), &["n:A", "m:A"], &[]), Duration::from_secs(10));
    server.called(2).await;
    handle.cancel();
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    server.abandoned(2).await;
    assert!(report.cause.is_none());
    assert_eq!(seen.lock().unwrap().last(), Some(&RunEvent::Finished { outcome: Outcome::Cancelled }));
}

#[tokio::test]
async fn a_dropped_handle_takes_its_calls_with_it() {
    let server = bound().on("/test.Service/A", |_| Reply::Hang).start();
    let (handle, _) = submit(plan_at(server.port(), &["n:A"], &[]), Duration::from_secs(10));
    server.called(1).await;
    drop(handle);
    server.abandoned(1).await;
}

#[tokio::test]
async fn cancelling_while_services_are_waited_for_names_them() {
    let silent = bound();
    let (handle, _) = submit(plan_at(silent.port(), &["n:A"], &[]), Duration::from_secs(600));
    tokio::task::yield_now().await;
    handle.cancel();
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert_eq!((report.unreached.len(), &report.unreached[0].reason), (1, &None));
}

#[tokio::test]
async fn runs_side_by_side_do_not_wait_for_each_other() {
    let gate = Gate::new();
    let held = gate.clone();
    let server = bound()
        .on("/test.Service/A", move |_| {
            let gate = held.clone();
            Reply::from(json!({})).after(async move { gate.opened().await })
        })
        .on("/test.Service/B", |_| json!({}))
        .start();
    let (slow, _) = submit(plan_at(server.port(), &["n:A"], &[]), Duration::from_secs(10));
    server.called(1).await;
    assert_eq!(run(plan_at(server.port(), &["n:B"], &[])).await.outcome, Outcome::Succeeded);
    gate.open();
    assert_eq!(slow.wait().await.outcome, Outcome::Succeeded);
}

mod without_a_network {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::plan::PlannedNode;
    use crate::ports::{Endpoints, NotReady};
    use crate::transport::fake::FakeTransport;

    struct Here;

    impl Endpoints for Here {
        fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>> {
            Box::pin(std::future::ready(Ok(node.address.clone())))
        }
    }

    fn submit(plan: Plan, transport: &FakeTransport) -> (RunHandle, Seen) {
        let seen = Seen::default();
        let sink = Arc::clone(&seen);
        let options = RunOptions::new(RunId::new("run-1").unwrap());
        let observer = move |recorded: &super::super::Recorded| {
            sink.lock().unwrap().push(recorded.event.clone());
        };
        let orchestrator = Orchestrator::new(Arc::new(transport.clone()));
        (orchestrator.submit(Arc::new(plan), Arc::new(Here), options, vec![Box::new(observer)]), seen)
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_wait_for_their_backoff_and_no_longer() {
        let refused = || std::future::ready(Err(Failure::NeverReached { reason: "refused".into() }));
        let fake = FakeTransport::new(move |_, _| refused());
        let (handle, seen) = submit(sample::plan(&["n:A"], &[]), &fake);
        let report = handle.wait().await;
        assert_eq!(fake.calls().len(), 3);
        let backoffs = seen.lock().unwrap().iter().fold(Duration::ZERO, |sum, event| match event {
            RunEvent::AttemptFailed { retry_after, .. } => sum + *retry_after,
            _ => sum,
        });
        assert!(backoffs < Duration::from_millis(1500), "full jitter of 0.5 s and 1 s");
        let waited = report.took.saturating_sub(backoffs);
        assert!(waited < Duration::from_millis(10), "the clock stands still but for them: {waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_for_one_attempt() {
        let fake = FakeTransport::new(|_, _| std::future::pending());
        let mut plan = sample::plan(&["n:A"], &[]);
        plan.steps[0].policy.idempotence = Idempotence::Idempotent;
        plan.steps[0].policy.backoff = Duration::ZERO;
        let (handle, _) = submit(plan, &fake);
        let report = handle.wait().await;
        assert_eq!(failure(&report), &Failure::Deadline { after: Duration::from_secs(60) });
        assert_eq!((fake.calls().len(), fake.abandoned()), (3, 3));
        assert!(report.took >= Duration::from_secs(180) && report.took < Duration::from_secs(181));
    }

    #[tokio::test]
    async fn a_panic_in_a_call_fails_its_firing_and_nothing_else() {
        let fake = FakeTransport::new(|call, _| {
            let path = call.path.clone();
            async move {
                assert!(!path.ends_with("/A"), "a call that panics");
                Ok(vec![Bytes::new()])
            }
        });
        let (handle, _) = submit(sample::plan(&["n:A", "n:B"], &[]), &fake);
        let report = handle.wait().await;
        assert_eq!(failure(&report), &Failure::Panicked { message: "a call that panics".into() });
        assert_eq!(report.steps[1].status, StepStatus::Finished);
    }

    #[tokio::test]
    async fn nothing_of_a_step_is_lost_or_doubled_over_many_steps() {
        let fake = FakeTransport::new(|_, _| std::future::ready(Ok(vec![Bytes::from_static(b"x")])));
        let links: Vec<(usize, usize)> = (0..990).map(|from| (from, from + 10)).collect();
        let (handle, _) = submit(sample::numbered(1000, &links), &fake);
        let report = handle.wait().await;
        assert_eq!(report.outcome, Outcome::Succeeded);
        assert_eq!(fake.calls().len(), 1000);
        assert!(report.steps.iter().all(|step| step.result.given() == 1));
    }
}
