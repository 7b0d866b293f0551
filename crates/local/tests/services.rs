//! Services of a use case as local processes, started by `x-aieffect.run`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::path::Path;

use aieffect_local::{Error, LocalPlan, LocalServices, StartOptions};
use support::{folders, options, use_case};

async fn start(root: &Path, compose: &str, options: &StartOptions) -> Result<LocalServices, Error> {
    let use_case = use_case(root, compose);
    let (plan, findings) = LocalPlan::new(&use_case, root, &folders(&use_case));
    assert!(findings.is_empty(), "{findings:?}");
    plan.unwrap().start(options).await
}

#[tokio::test]
async fn a_service_is_told_its_port_name_and_data_folder() {
    let root = tempfile::tempdir().unwrap();
    let (options, lines) = options(&root, "r");
    let compose = concat!(
        "services:\n  data-meter:\n    environment: { GRPC_PORT: '50051', LEVEL: '${NO_SUCH_VARIABLE:-high}' }\n",
        "    x-aieffect:\n      run: [sh, -c, 'echo $GRPC_PORT $SERVICE_NAME $DATA_DIR $LEVEL; pwd']\n",
    );
    let services = start(root.path(), compose, &options).await.unwrap();
    let folder = services.folders().next().unwrap().clone();
    let port = services.address(&folder).unwrap().port;
    let ended = services.until_ended(&folder).await;
    assert_eq!(ended.status.to_string(), "exit status 0");
    let data = options.run.data().display();
    let expected = [
        format!("data-meter: {port} data-meter {data} high"),
        format!("data-meter: {}/services/data-meter", root.path().canonicalize().unwrap().display()),
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
    let log = std::fs::read_to_string(options.run.log("data-meter")).unwrap();
    assert_eq!(log.lines().count(), 2);
    services.stop().await.unwrap();
}

#[tokio::test]
async fn an_early_exit_is_told_with_its_last_lines() {
    let root = tempfile::tempdir().unwrap();
    let (options, _) = options(&root, "r");
    let compose = "services:\n  a:\n    x-aieffect: { run: [sh, -c, 'echo out; echo err >&2; exit 3'] }\n";
    let services = start(root.path(), compose, &options).await.unwrap();
    let folder = services.folders().next().unwrap().clone();
    let ended = services.until_ended(&folder).await;
    assert_eq!(ended.to_string(), "service `a` ended before it answered, with exit status 3");
    let output = services.output(&folder).unwrap();
    assert_eq!(output.last.iter().collect::<Vec<_>>(), ["out", "err"]);
    assert_eq!(output.last.tail(1).collect::<Vec<_>>(), ["err"]);
    assert_eq!((output.log, output.copy), (options.run.path().join("logs/a.log"), None));
    assert!(services.ended(&folder).is_some());
}

#[tokio::test]
async fn stopping_leaves_nothing_and_gives_the_ports_back() {
    let root = tempfile::tempdir().unwrap();
    let (options, _) = options(&root, "r");
    let compose = concat!(
        "services:\n",
        "  a: { x-aieffect: { run: [sh, -c, 'echo $$ > pid; mv pid ready; sleep 300 & wait'] } }\n",
        "  b: { x-aieffect: { run: [sleep, '300'] } }\n",
    );
    let services = start(root.path(), compose, &options).await.unwrap();
    let [a, b] = services.folders().cloned().collect::<Vec<_>>().try_into().unwrap();
    assert_ne!(services.address(&a), services.address(&b));
    let port = services.address(&a).unwrap().port;
    let ready = root.path().join("services/a/ready");
    while !ready.exists() {
        tokio::task::yield_now().await;
    }
    let pid = std::fs::read_to_string(&ready).unwrap();
    services.stop().await.unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
    let lock = options.cache.path().join(format!("ports/{port}.lock"));
    std::fs::File::options().append(true).open(lock).unwrap().try_lock().unwrap();
}

#[tokio::test]
async fn a_build_that_fails_starts_nothing() {
    let root = tempfile::tempdir().unwrap();
    let (options, lines) = options(&root, "r");
    let compose = concat!(
        "x-aieffect: { build: [sh, -c, 'echo no compiler; exit 1'] }\n",
        "services:\n  a: { x-aieffect: { run: [touch, started] } }\n",
    );
    let error = start(root.path(), compose, &options).await.unwrap_err().to_string();
    insta::assert_snapshot!(error, @"
    the use case's build `sh -c echo no compiler; exit 1` ended with exit status 1
      it printed last:
        no compiler
    ");
    assert_eq!(*lines.lock().unwrap(), ["build: no compiler"]);
    assert!(!root.path().join("services/a/started").exists());
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named() {
    let root = tempfile::tempdir().unwrap();
    let (options, _) = options(&root, "r");
    let compose = "services:\n  a: { x-aieffect: { run: [no-such-command] } }\n";
    let services = start(root.path(), compose, &options).await.unwrap();
    let ended = services.until_ended(services.folders().next().unwrap()).await;
    let output = services.output(services.folders().next().unwrap()).unwrap();
    assert_eq!(ended.status.to_string(), "exit status 127");
    assert_eq!(
        output.last.iter().collect::<Vec<_>>(),
        ["cannot start `no-such-command`: No such file or directory (os error 2)"]
    );
}
