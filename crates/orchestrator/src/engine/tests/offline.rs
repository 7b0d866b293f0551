//! Without a network, so that the clock can stand still.

use futures_util::future::BoxFuture;

use super::*;
use crate::plan::PlannedNode;
use crate::ports::{Endpoints, NotReady};
use crate::transport::fake::FakeTransport;

/// Nodes that are there, without a look.
pub(super) struct Here;

impl Endpoints for Here {
    fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>> {
        Box::pin(std::future::ready(Ok(node.address.clone())))
    }
}

pub(super) fn submit(plan: Plan, transport: &FakeTransport) -> (RunHandle, Seen) {
    submit_with(plan, transport, RunOptions::new(RunId::new("run-1").unwrap()))
}

pub(super) fn submit_with(plan: Plan, transport: &FakeTransport, options: RunOptions) -> (RunHandle, Seen) {
    let seen = Seen::default();
    let sink = Arc::clone(&seen);
    let observer = move |recorded: &crate::engine::Recorded| {
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
