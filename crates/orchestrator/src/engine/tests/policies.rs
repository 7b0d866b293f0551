//! The table of what is called again (`run/retry.rs`), over real connections and for every call shape.

use aieffect_testkit::{Received, Server};
use futures_util::future::join_all;

use super::faults::Process;
use super::piped::{ALL, GIVE, PASS, Pipe, text, texts};
use super::*;

const UNARY: &str = "service S { rpc One(T) returns (T); } message T { string text = 1; }";

/// A call shape: its proto, its operation, and what the run is given to call it with.
const SHAPES: [(&str, &str, &str); 4] = [
    (UNARY, "One", r#"{"n:One": {"text": "a"}}"#),
    (GIVE, "Give", "{}"),
    (ALL, "All", r#"{"n:All": [{"text": "a"}, {"text": "b"}]}"#),
    (PASS, "Pass", r#"{"n:Pass": [{"text": "a"}, {"text": "b"}]}"#),
];

/// What a Python service says to a request over its limit.
const TOO_LARGE: &str = "SERVER: Received message larger than max (5000000 vs. 4194304)";

/// What is said of a step: nothing, that a second call does no harm, that it does.
const SAID: [&str; 3] = ["", r#""idempotent": true, "#, r#""idempotent": false, "#];

fn pipe(proto: &str, operation: &str, initial: &str, settings: &str) -> Pipe {
    let settings = format!(r#"{{{settings} "attempts": 2}}"#);
    Pipe::new().node("n", proto).initial(initial).operation(&format!("n:{operation}"), &settings)
}

/// Whether a first call that comes to `reply` is made again, with nothing said, idempotent, and not.
async fn repeated(shape: (&str, &str, &str), reply: fn() -> Reply, deadline: &str) -> [bool; 3] {
    let (proto, operation, initial) = shape;
    let mut found = [false; 3];
    for (index, said) in SAID.into_iter().enumerate() {
        let answer =
            move |call: Received| if call.earlier == 0 { reply() } else { Reply::Bytes(text("fine")) };
        let bound = bound().on(&format!("/S/{operation}"), answer);
        let said = format!(r#"{said}"deadline": "{deadline}", "#);
        let mut ran = pipe(proto, operation, initial, &said).run(bound).await;
        let calls = ran.server.calls().len();
        if calls == 2 {
            ran.succeeded();
            assert_eq!(ran.results(&format!("n:{operation}")), ["fine"], "of the second call alone");
        } else {
            assert_eq!((calls, ran.report.outcome), (1, Outcome::Failed));
        }
        found[index] = calls == 2;
    }
    found
}

async fn check(name: &str, reply: fn() -> Reply, expected: [bool; 3]) {
    check_within(name, reply, "60s", expected).await;
}

async fn check_within(name: &str, reply: fn() -> Reply, deadline: &str, expected: [bool; 3]) {
    let found = join_all(SHAPES.map(|shape| repeated(shape, reply, deadline))).await;
    for (shape, found) in SHAPES.into_iter().zip(found) {
        assert_eq!(found, expected, "{name}, {}", shape.1);
    }
}

#[tokio::test]
async fn a_service_that_declines_is_called_again_unless_that_does_harm() {
    check("unavailable", || Reply::status(Code::Unavailable, "warming up"), [true, true, false]).await;
    check("exhausted", || Reply::status(Code::ResourceExhausted, "quota"), [true, true, false]).await;
}

#[tokio::test]
async fn what_may_have_been_done_is_called_again_only_where_that_does_no_harm() {
    check("dies", || Reply::Die, [false, true, false]).await;
    check("dies in its answer", || Reply::DieMidway, [false, true, false]).await;
    check("panics", || Reply::Panic, [false, true, false]).await;
    check("internal", || Reply::status(Code::Internal, "oops"), [false, true, false]).await;
    check("unknown", || Reply::status(Code::Unknown, "oops"), [false, true, false]).await;
    check("its own deadline", || Reply::status(Code::DeadlineExceeded, ""), [false, true, false]).await;
}

#[tokio::test]
async fn a_call_past_its_deadline_may_have_been_done() {
    check_within("hangs", || Reply::Hang, "1s", [false, true, false]).await;
}

#[tokio::test]
async fn what_would_fail_again_is_not_called_again() {
    check("invalid", || Reply::status(Code::InvalidArgument, "no"), [false; 3]).await;
    check("not found", || Reply::status(Code::NotFound, "no"), [false; 3]).await;
    check("larger than it takes", || Reply::status(Code::ResourceExhausted, TOO_LARGE), [false; 3]).await;
}

#[tokio::test]
async fn a_service_that_was_never_reached_is_called_again_whatever_is_said() {
    for (proto, operation, initial) in SHAPES {
        for said in SAID {
            let path = format!("/S/{operation}");
            let serving = bound().on(&path, |_| Reply::Bytes(text("fine")));
            let port = serving.port();
            let server: Arc<Mutex<Option<Server>>> = Arc::default();
            let (mut serving, started) = (Some(serving), Arc::clone(&server));
            // It refuses the first attempt, and is there for the second.
            let plan = pipe(proto, operation, initial, said).planned(port);
            let handle = Orchestrator::new(Arc::new(GrpcTransport::new())).submit(
                Arc::new(plan),
                Arc::new(offline::Here),
                RunOptions::new(RunId::new("run-1").unwrap()),
                vec![Box::new(move |recorded| {
                    if let RunEvent::AttemptFailed { failure, .. } = &recorded.event {
                        assert!(matches!(failure, Failure::NeverReached { .. }), "{failure:?}");
                        *started.lock().unwrap() = serving.take().map(Bound::start);
                    }
                })],
            );
            let report = handle.wait().await;
            assert_eq!(report.outcome, Outcome::Succeeded, "{operation} {said} {:?}", report.cause);
            assert_eq!(server.lock().unwrap().as_ref().unwrap().calls_of(&path).len(), 1);
        }
    }
}

#[tokio::test]
async fn a_stream_that_has_answered_is_not_called_again_whatever_is_said() {
    let failures: [fn() -> tonic::Status; 2] =
        [|| tonic::Status::unavailable("gone"), || tonic::Status::internal("oops")];
    for (proto, operation, initial) in [SHAPES[1], SHAPES[3]] {
        for (said, failure) in SAID.into_iter().flat_map(|said| failures.map(|failure| (said, failure))) {
            let bound = bound().talk(&format!("/S/{operation}"), move |mut talk| async move {
                talk.say(text("first")).await;
                Err(failure())
            });
            let ran = pipe(proto, operation, initial, said).run(bound).await;
            assert_eq!((ran.report.outcome, ran.server.calls().len()), (Outcome::Failed, 1), "{said}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_not_called_again() {
    // More than is held of a stream that was sent.
    const MESSAGES: usize = 200;
    let large = || {
        let mut message = vec![0x0a, 0x80, 0x80, 0x40];
        message.resize(message.len() + (1 << 20), b'x');
        message
    };
    let bound = bound()
        .talk("/S/Give", move |mut talk| async move {
            for _ in 0..MESSAGES {
                talk.say(large()).await;
            }
            Ok(())
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            assert_eq!(all.len(), MESSAGES);
            Err(tonic::Status::unavailable("after all of it"))
        });
    let pipe = Pipe::new().node("s", GIVE).node("a", ALL).link("s:Give", "a:All");
    let ran = pipe.operation("a:All", r#"{"idempotent": true}"#).run(bound).await;
    let all_of_it = Failure::Status { code: StatusCode::Unavailable, message: "after all of it".into() };
    assert_eq!(failure(&ran.report), &all_of_it);
    assert_eq!(ran.server.calls_of("/S/All").len(), 1);
}

#[tokio::test]
async fn a_service_that_is_killed_and_restarted_in_mid_run_is_called_again() {
    let dying = Process::start("die-mid-call", 0);
    let mut plan = plan_at(dying.port(), &["n:A", "n:B"], &[("n:A", "n:B")]);
    for step in &mut plan.steps {
        step.policy.idempotence = Idempotence::Idempotent;
    }
    let port = dying.port();
    let (mut dying, restarted) = (Some(dying), Arc::new(Mutex::new(None)));
    let alive = Arc::clone(&restarted);
    let failed = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&failed);
    let handle = Orchestrator::new(Arc::new(GrpcTransport::new())).submit(
        Arc::new(plan),
        Arc::new(FixedEndpoints::new(Duration::from_secs(10))),
        RunOptions::new(RunId::new("run-1").unwrap()),
        vec![Box::new(move |recorded| {
            if let RunEvent::AttemptFailed { failure, .. } = &recorded.event {
                seen.lock().unwrap().push(failure.clone());
                drop(dying.take());
                *alive.lock().unwrap() = Some(Process::start("echo", port));
            }
        })],
    );
    let mut report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(report.steps[1].result.messages().unwrap(), [super::text("hello")]);
    let failed = failed.lock().unwrap();
    assert!(matches!(&failed[..], [Failure::Lost { .. }]), "{failed:?}");
}
