//! Runs through stops, crashes and starts of `aieffect serve`, and how long they are kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use aieffect_testkit::{Gate, Received, Reply};
use serde_json::{Value, json};
use support::step::{DO, calls, fine, gated, service, started};
use support::{Aieffect, Package, Serving, chain, step_proto};
use tempfile::TempDir;
use tonic::Code;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_server_that_was_killed_brings_all_runs_to_their_end() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n2", &gate);
    let serving = Serving::start(store.path(), &["--max-runs", "30"]);
    let digest = serving.put(&chain(server.port(), 3).written());
    let runs: Vec<String> = (0..50).map(|_| serving.begin(&digest)).collect();
    for run in &runs[..30] {
        let mut events = serving.follow(run, None);
        assert!(events.any(|event| event["event"] == "fired" && event["step"] == "n2:Do"));
    }
    serving.kill();
    gate.open();
    let serving = Serving::start(store.path(), &["--max-runs", "30"]);
    let answer = json!({"success": true, "message": "", "text": "fine"});
    for run in &runs {
        serving.until(run, "succeeded");
        let results = serving.get(&format!("/api/v1/runs/{run}/results")).json();
        assert_eq!(results, json!({"n1:Do": answer, "n2:Do": answer, "n3:Do": answer}));
    }
    let calls = calls(&server);
    for run in &runs {
        assert_eq!(calls[&(run.clone(), "n1:Do".to_owned())], 1, "a finished step is not called again");
        assert!(calls[&(run.clone(), "n2:Do".to_owned())] <= 2);
        assert_eq!(calls[&(run.clone(), "n3:Do".to_owned())], 1);
    }
}

#[test]
fn a_server_that_is_stopped_lets_what_it_can_end_and_goes_on_with_the_rest() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n2", &gate);
    let serving = Serving::start(store.path(), &["--grace", "200ms"]);
    let run = serving.begin(&serving.put(&chain(server.port(), 2).written()));
    assert!(serving.follow(&run, None).any(|event| event["event"] == "fired" && event["step"] == "n2:Do"));
    let ended = serving.stop();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    gate.open();
    let serving = Serving::start(store.path(), &[]);
    serving.until(&run, "succeeded");
    assert_eq!(calls(&server)[&(run, "n1:Do".to_owned())], 1);
}

#[test]
fn a_server_that_is_stopped_leaves_runs_between_two_steps() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n2", &gate);
    let serving = Serving::start(store.path(), &["--grace", "60s"]);
    let digest = serving.put(&chain(server.port(), 3).written());
    let runs: Vec<String> = (0..3).map(|_| serving.begin(&digest)).collect();
    for run in &runs {
        let fired = |event: &Value| event["event"] == "fired" && event["step"] == "n2:Do";
        assert!(serving.follow(run, None).any(|event| fired(&event)));
    }
    let ended = serving.stop_and(|| gate.open());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let before = calls(&server);
    assert!(runs.iter().all(|run| !before.contains_key(&(run.clone(), "n3:Do".to_owned()))), "{before:?}");
    let serving = Serving::start(store.path(), &[]);
    runs.iter().for_each(|run| drop(serving.until(run, "succeeded")));
    let after = calls(&server);
    assert_eq!(
        (after.len(), after.values().sum::<usize>()),
        (9, 9),
        "each step of each run was called once: {after:?}"
    );
}

#[test]
fn a_step_that_had_failed_for_good_is_not_called_again_by_a_server_that_comes_back() {
    let (gate, store) = (Gate::new(), folder());
    let opens = gate.clone();
    let answer = move |call: Received| {
        let opens = opens.clone();
        match &call.metadata["aieffect-step"][..] {
            "n1:Do" => Reply::status(Code::InvalidArgument, "never"),
            _ => Reply::from(fine()).after(async move { opens.opened().await }),
        }
    };
    let server = service().on(DO, answer).start();
    let node = |package: Package, name: &str| package.node(name, server.port(), &step_proto("a"), &["Do"]);
    let begin = json!({"parameters": {"text": "begin"}});
    let package = ["n1", "n2", "m1", "m2"].into_iter().fold(Package::new(), node);
    let package = package.link("n1:Do", "n2:Do").link("m1:Do", "m2:Do");
    let package = package.operation("n1:Do", &begin).operation("m1:Do", &begin).written();
    let serving = Serving::start(store.path(), &[]);
    let run = serving.begin(&serving.put(&package));
    let failed = |event: &Value| event["event"] == "failed" && event["step"] == "n1:Do";
    assert!(serving.follow(&run, None).any(|event| failed(&event)));
    let fired = |event: &Value| event["event"] == "fired" && event["step"] == "m1:Do";
    assert!(serving.follow(&run, None).any(|event| fired(&event)));
    serving.stop_and(|| gate.open());
    let serving = Serving::start(store.path(), &[]);
    assert_eq!(serving.run(&run)["state"], json!("failed"));
    let before = calls(&server);
    assert_eq!((before.len(), before.values().sum::<usize>()), (2, 2), "{before:?}");
    // Whoever asks for it has it called again.
    assert_eq!(serving.post(&format!("/api/v1/runs/{run}/resume"), &json!({})).status, 202);
    serving.until(&run, "failed");
    let after = calls(&server);
    assert_eq!(
        (after[&(run.clone(), "n1:Do".to_owned())], after[&(run.clone(), "m1:Do".to_owned())]),
        (2, 1)
    );
    assert_eq!(after[&(run, "m2:Do".to_owned())], 1);
}

#[test]
fn a_call_that_must_not_happen_twice_waits_for_somebody_to_decide() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let settings = json!({"parameters": {"text": "x"}, "idempotent": false});
    let package = chain(server.port(), 1).operation("n1:Do", &settings).written();
    let serving = Serving::start(store.path(), &[]);
    let run = serving.begin(&serving.put(&package));
    assert!(serving.follow(&run, None).any(|event| event["event"] == "fired"));
    serving.kill();
    gate.open();
    let serving = Serving::start(store.path(), &[]);
    let shown = serving.until(&run, "interrupted");
    assert!(shown["reason"].as_str().unwrap().contains("n1:Do was being called"), "{shown}");
    let path = format!("/api/v1/runs/{run}/resume");
    assert_eq!(serving.post(&path, &json!({"redo": ["n1:Do"]})).status, 202);
    serving.until(&run, "succeeded");
}

#[test]
fn runs_that_fail_or_are_cancelled_are_gone_on_with() {
    let store = folder();
    let reply = |call: Received| match call.earlier {
        0 => Reply::from(json!({"success": false, "message": "no wind"})),
        _ => fine().into(),
    };
    let server = service().on(DO, reply).start();
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&chain(server.port(), 1).written());
    let run = serving.begin(&digest);
    let shown = serving.until(&run, "failed");
    assert_eq!(shown["reason"], "n1:Do failed: the service answered `success: false`: no wind");
    assert_eq!(serving.post(&format!("/api/v1/runs/{run}/resume"), &json!({})).status, 202);
    let shown = serving.until(&run, "succeeded");
    assert_eq!(shown["steps"][0]["attempts"], 2);

    let gate = Gate::new();
    let server = gated("n1", &gate);
    let run = serving.begin(&serving.put(&chain(server.port(), 1).written()));
    assert!(serving.follow(&run, None).any(|event| event["event"] == "fired"));
    assert_eq!(serving.post(&format!("/api/v1/runs/{run}/cancel"), &json!({})).status, 202);
    serving.until(&run, "cancelled");
    gate.open();
    assert_eq!(serving.post(&format!("/api/v1/runs/{run}/resume"), &json!({})).status, 202);
    serving.until(&run, "succeeded");
}

#[test]
fn a_run_that_is_to_be_gone_on_with_is_so_after_a_crash_too() {
    let (gate, store) = (Gate::new(), folder());
    let failing = service()
        .on(DO, |call: Received| match call.earlier {
            0 => Reply::from(json!({"success": false, "message": "no wind"})),
            _ => fine().into(),
        })
        .start();
    let holding = gated("n1", &gate);
    let serving = Serving::start(store.path(), &["--max-runs", "1"]);
    let failed = serving.begin(&serving.put(&chain(failing.port(), 1).written()));
    serving.until(&failed, "failed");
    let held = serving.begin(&serving.put(&chain(holding.port(), 1).written()));
    serving.until(&held, "running");
    assert_eq!(serving.post(&format!("/api/v1/runs/{failed}/resume"), &json!({})).status, 202);
    serving.until(&failed, "waiting");
    let again = serving.post(&format!("/api/v1/runs/{failed}/resume"), &json!({}));
    assert_eq!(again.problem(), (409, "wrong_state".into()));
    serving.kill();
    gate.open();
    let serving = Serving::start(store.path(), &["--max-runs", "1"]);
    serving.until(&failed, "succeeded");
    serving.until(&held, "succeeded");
    let last =
        serving.get(&format!("/api/v1/runs/{failed}/events")).json()["events"].as_array().unwrap().len();
    let headers = [("accept", "text/event-stream"), ("last-event-id", &(last - 1).to_string())];
    let over = serving.ask("GET", &format!("/api/v1/runs/{failed}/events"), &headers, b"");
    assert_eq!(over.status, 204, "a client that comes again need not come once more");
}

#[test]
fn a_run_that_was_cancelled_stays_so_when_the_server_dies_meanwhile() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let serving = Serving::start(store.path(), &[]);
    let run = serving.begin(&serving.put(&chain(server.port(), 1).written()));
    let mut events = serving.follow(&run, None);
    assert!(events.any(|event| event["event"] == "fired"));
    assert_eq!(serving.post(&format!("/api/v1/runs/{run}/cancel"), &json!({})).status, 202);
    assert!(events.any(|event| event["event"] == "cancel_requested" || event["event"] == "finished"));
    serving.kill();
    gate.open();
    let serving = Serving::start(store.path(), &[]);
    serving.until(&run, "cancelled");
    assert_eq!(calls(&server).len(), 1);
}

#[test]
fn two_servers_do_not_work_on_the_same_runs() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let first = Serving::start(store.path(), &[]);
    let run = first.begin(&first.put(&chain(server.port(), 1).written()));
    assert!(first.follow(&run, None).any(|event| event["event"] == "fired"));
    let second = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), store.path())
        .arg(format!("--store={}", store.path().display()))
        .output();
    assert_eq!(second.code, Some(2), "{}", second.stderr);
    second.says("another server works in");
    let prune = Aieffect::new("runs", Path::new("prune"), store.path());
    let pruned = prune.args(["--keep", "0", "--store", store.path().to_str().unwrap()]).output();
    assert_eq!(pruned.code, Some(2), "{}", pruned.stderr);
    pruned.says("another server works in");
    gate.open();
    first.until(&run, "succeeded");
}

#[test]
fn the_runs_that_are_kept_are_those_that_ended_latest() {
    let (gate, store) = (Gate::new(), folder());
    let (server, held) = (started(), gated("n1", &gate));
    let serving = Serving::start(store.path(), &["--keep-runs=1"]);
    let long = serving.begin(&serving.put(&chain(held.port(), 1).written()));
    let digest = serving.put(&chain(server.port(), 2).written());
    let short = serving.begin(&digest);
    serving.until(&short, "succeeded");
    gate.open();
    serving.until(&long, "succeeded");
    let begun = Instant::now();
    let there = || serving.get("/api/v1/runs").json()["runs"].as_array().unwrap().len();
    while there() != 1 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    assert_eq!(serving.run(&long)["state"], "succeeded", "it ended last, however early it began");
    assert_eq!(serving.get(&format!("/api/v1/runs/{short}")).status, 404);
}

#[test]
fn runs_that_have_ended_are_kept_as_long_as_it_is_said() {
    let (gate, store) = (Gate::new(), folder());
    let (server, held) = (started(), gated("n1", &gate));
    let serving = Serving::start(store.path(), &["--keep-runs=2", "--grace=100ms"]);
    let waits = serving.begin(&serving.put(&chain(held.port(), 1).written()));
    let digest = serving.put(&chain(server.port(), 2).written());
    let runs: Vec<String> = (0..5)
        .map(|_| {
            let run = serving.begin(&digest);
            serving.until(&run, "succeeded");
            run
        })
        .collect();
    let there = |serving: &Serving| -> Vec<String> {
        let listed = serving.get("/api/v1/runs").json();
        listed["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    };
    let until = |serving: &Serving, wanted: &[&String]| {
        let begun = Instant::now();
        while there(serving).iter().collect::<Vec<_>>() != wanted {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", there(serving));
            std::thread::yield_now();
        }
    };
    until(&serving, &[&runs[4], &runs[3], &waits]);
    assert_eq!(serving.get(&format!("/api/v1/runs/{}", runs[0])).status, 404);
    assert!(!store.path().join(&runs[0]).exists(), "its folder is gone");
    serving.stop();
    // What has not ended is kept, whatever its age.
    let serving = Serving::start(store.path(), &["--keep-for=1s"]);
    until(&serving, &[&waits]);
    gate.open();
    serving.until(&waits, "succeeded");
    until(&serving, &[]);
    // It is counted once it is gone.
    let counted = || String::from_utf8(serving.get("/metrics").body).unwrap();
    let begun = Instant::now();
    while !counted().contains("aieffect_runs_forgotten_total 3") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", counted());
    }
}
