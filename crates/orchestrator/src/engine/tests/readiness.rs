//! Before the first call.

use super::*;

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
    let (handle, _) = submit(plan, Duration::from_secs(1));
    let report = handle.wait().await;

    assert_eq!(report.outcome, Outcome::Unreachable);
    let named: Vec<String> = report
        .unreached
        .iter()
        .map(|node| {
            let reason = node.reason.as_deref().unwrap_or("?");
            format!("{}: {}", node.node, reason.replace(&node.address.to_string(), "<address>"))
        })
        .collect();
    insta::assert_snapshot!(named.join("\n"), @"
    b: not ready at `<address>` after 1 s: connection refused
    c: not ready at `<address>` after 1 s: something takes connections there and does not answer
    ");
    assert!(reachable.calls().is_empty(), "nothing fires before all are ready");
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
