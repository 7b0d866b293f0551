//! Nodes whose services run here: when they do not answer, the reason is theirs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use aieffect_blueprint::{Address, NodeName, Placement, Port, TransportKind};
use aieffect_local::{LocalEndpoints, LocalPlan, LocalServices, StartOptions};
use aieffect_orchestrator::plan::PlannedNode;
use aieffect_orchestrator::ports::{Endpoints, NotReady};
use support::{folders, options, use_case};

/// Starts a use case of one service and gives its node, `meter1`.
async fn start(
    command: &str,
    options: &StartOptions,
    ready: Duration,
) -> (LocalServices, LocalEndpoints, PlannedNode) {
    let root = options.run.path();
    let use_case = use_case(root, &format!("services:\n  meter: {{ x-aieffect: {{ run: {command} }} }}\n"));
    let (plan, findings) = LocalPlan::new(&use_case, root, &folders(&use_case));
    assert!(findings.is_empty(), "{findings:?}");
    let services = plan.unwrap().start(options).await.unwrap();
    let name = NodeName::new("meter1").unwrap();
    let placement = Placement::Started(services.folders().next().unwrap().clone());
    let endpoints = LocalEndpoints::new(&services, BTreeMap::from([(name.clone(), placement)]), ready);
    let address = Address { host: "meter".to_owned(), port: Port::DEFAULT };
    (services, endpoints, PlannedNode { name, address, transport: TransportKind::Grpc })
}

#[tokio::test]
async fn a_service_that_ends_is_lost_and_its_last_lines_are_kept() {
    let root = tempfile::tempdir().unwrap();
    let (options, _) = options(&root, "r");
    let (services, endpoints, node) =
        start("[sh, -c, 'echo no licence; exit 3']", &options, Duration::from_secs(60)).await;
    let Err(NotReady::Lost { reason }) = endpoints.ready(&node).await else { panic!("it has ended") };
    assert_eq!(reason, "service `meter` ended before it answered, with exit status 3");
    let output = services.output(services.folders().next().unwrap()).unwrap();
    assert_eq!(output.last.iter().collect::<Vec<_>>(), ["no licence"]);
    services.stop().await.unwrap();
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_told_with_what_it_said() {
    let root = tempfile::tempdir().unwrap();
    let (options, lines) = options(&root, "r");
    let (services, endpoints, node) =
        start("[sh, -c, 'echo waiting for a database; exec sleep 300']", &options, Duration::from_millis(20))
            .await;
    while lines.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let Err(NotReady::TimedOut { address, reason, .. }) = endpoints.ready(&node).await else {
        panic!("nothing listens there")
    };
    assert_eq!(Some(&address), services.address(services.folders().next().unwrap()));
    let said = "; service `meter` runs, and may have printed why";
    assert!(reason.ends_with(said), "{reason}");
    services.stop().await.unwrap();
}
