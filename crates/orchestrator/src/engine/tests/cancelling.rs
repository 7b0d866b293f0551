//! Runs that are stopped.

use super::*;

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
