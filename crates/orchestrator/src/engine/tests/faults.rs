//! What services do wrong.

use super::*;

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

/// A service in a process of its own, ended with the value. Its port is the one it says.
pub(super) struct Process(std::process::Child, u16);

impl Process {
    /// Starts it on that port; 0 is any.
    pub(super) fn start(behaviour: &str, port: u16) -> Self {
        use std::io::BufRead;
        let folder = tempfile::tempdir().unwrap();
        let proto = folder.path().join("test.proto");
        std::fs::write(&proto, PROTO).unwrap();
        let mut command = std::process::Command::new(aieffect_testkit::fault_service());
        command.args(behaviour.split(' ')).arg(&proto).env("GRPC_PORT", port.to_string());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
        Self(child, port)
    }

    pub(super) fn port(&self) -> u16 {
        self.1
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn a_process_that_dies_in_mid_call_is_a_lost_connection() {
    let service = Process::start("die-mid-call", 0);
    let report = run(plan_at(service.port(), &["n:A"], &[])).await;
    assert!(matches!(failure(&report), Failure::Lost { .. }), "{:?}", failure(&report));
}

#[tokio::test]
async fn a_process_answers_as_it_was_told_to() {
    let service = Process::start("echo", 0);
    let mut report = run(plan_at(service.port(), &["n:A"], &[])).await;
    assert_eq!(report.steps[0].result.messages().unwrap(), [text("hello")]);
    let service = Process::start("big 64", 0);
    let mut report = run(plan_at(service.port(), &["n:A"], &[])).await;
    assert_eq!(report.steps[0].result.messages().unwrap()[0].len(), (64 << 20) + 5);
    let service = Process::start("status 9", 0);
    let report = run(plan_at(service.port(), &["n:A"], &[])).await;
    let expected =
        Failure::Status { code: StatusCode::FailedPrecondition, message: "as it was told to".into() };
    assert_eq!(failure(&report), &expected);
}

#[tokio::test]
async fn a_call_that_its_service_cuts_off_did_reach_it() {
    let server = bound().on("/test.Service/A", |_| Reply::Panic).start();
    let report = run(plan_at(server.port(), &["n:A"], &[])).await;
    assert!(matches!(failure(&report), Failure::Lost { .. }), "{:?}", failure(&report));
    assert_eq!(server.calls().len(), 1);
}
