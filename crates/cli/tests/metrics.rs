//! `/metrics` of a server whose runs succeed, fail, are made again, and wait.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;

use aieffect_testkit::{ControlReply, Gate, Received, Reply, skip};
use serde_json::json;
use support::scraped::promtool;
use support::step::{Controlled, DO, fine, gated, service, started};
use support::{Package, Scraped, Serving, chain};
use tempfile::TempDir;
use tonic::Code;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn what_becomes_of_runs_and_calls_is_counted() {
    let store = folder();
    let serving = Serving::start(store.path(), &[]);
    let before = Scraped::of(&serving);
    assert_eq!(before.sum("runs", &[]), 0.0);
    assert_eq!(before.sum("calls_total", &[]), 0.0);
    assert_eq!(before.sum("runs_most", &[r#"state="running""#]), 64.0);

    let server = started();
    serving.until(&serving.begin(&serving.put(&chain(server.port(), 2).written())), "succeeded");
    // The first is asked to come again, and the second says that it did not work.
    let unsteady = service().on(DO, |call: Received| match call.earlier {
        0 => Reply::status(Code::Unavailable, "not now"),
        1 => fine().into(),
        _ => json!({"success": false, "message": "no wind"}).into(),
    });
    let unsteady = unsteady.start();
    serving.until(&serving.begin(&serving.put(&chain(unsteady.port(), 2).written())), "failed");

    let after = Scraped::of(&serving);
    let count = |name: &str, labels: &[&str]| after.sum(name, labels);
    for (state, runs) in [("succeeded", 1.0), ("failed", 1.0), ("running", 0.0), ("waiting", 0.0)] {
        assert_eq!(count("runs", &[&format!("state=\"{state}\"")]), runs, "{state}");
    }
    for outcome in ["succeeded", "failed"] {
        let outcome = format!("outcome=\"{outcome}\"");
        assert_eq!(count("runs_ended_total", &[&outcome]), 1.0);
        assert_eq!(count("run_duration_seconds_count", &[&outcome]), 1.0);
    }
    assert_eq!(count("run_queueing_seconds_count", &[]), 2.0);
    assert_eq!(count("calls_total", &[r#"outcome="succeeded""#, r#"transport="grpc""#]), 3.0);
    assert_eq!(count("calls_total", &[r#"outcome="status""#, r#"code="UNAVAILABLE""#]), 1.0);
    assert_eq!(count("calls_total", &[r#"outcome="unsuccessful""#, r#"code="""#]), 1.0);
    assert_eq!(count("calls_total", &[]), 5.0);
    assert_eq!(count("calls_repeated_total", &[]), 1.0);
    assert_eq!(count("calls_open", &[]), 0.0);
    assert_eq!(count("call_duration_seconds_count", &[]), 5.0);
    assert_eq!(count("call_queueing_seconds_count", &[]), 5.0);
    assert_eq!(count("node_readiness_seconds_count", &[r#"outcome="ready""#]), 4.0);
    assert_eq!(count("transfer_duration_seconds_count", &[]), 5.0, "a request is made for each attempt");
    assert_eq!(count("transfer_duration_seconds_bucket", &[r#"le="+Inf""#]), 5.0);
    assert_eq!(count("messages_total", &[r#"direction="sent""#]), 5.0);
    assert_eq!(count("messages_total", &[r#"direction="received""#]), 4.0);
    assert!(count("message_bytes_total", &[r#"direction="received""#, r#"transport="grpc""#]) >= 4.0);
    assert_eq!(count("message_bytes_total", &[r#"transport="http-control""#]), 0.0);
    assert!(count("store_duration_seconds_count", &[r#"operation="append""#]) >= 4.0);
    assert_eq!(count("store_duration_seconds_count", &[r#"operation="create""#]), 2.0);
    assert_eq!(count("store_failures_total", &[]), 0.0);
    assert_eq!(count("build_info", &[&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))]), 1.0);
    let memory = after.text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    assert!(memory.unwrap().parse::<f64>().unwrap() > 1_000_000.0);
    assert!(after.text.contains("\nprocess_start_time_seconds "));
}

#[test]
fn what_waits_and_is_under_way_is_counted_as_it_is() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let keys = tempfile::NamedTempFile::new().unwrap();
    fs::write(&keys, "one run number-one-0123456789\ntwo run number-two-0123456789\n").unwrap();
    let args = ["--keys", keys.path().to_str().unwrap(), "--max-runs", "1", "--max-waiting", "2"];
    let serving = Serving::start(store.path(), &args);
    assert_eq!(serving.get("/metrics").problem(), (401, "unauthorized".into()));
    let serving = serving.with_key("number-one-0123456789");
    let digest = serving.put(&chain(server.port(), 1).written());
    let first = serving.begin(&digest);
    let mut events = serving.follow(&first, None);
    assert!(events.any(|event| event["event"] == "fired"));
    let second = serving.begin(&digest);
    let serving = serving.with_key("number-two-0123456789");
    let third = serving.begin(&digest);
    assert_eq!(serving.post("/api/v1/runs", &json!({"pipeline": digest})).status, 429);
    let now = Scraped::once(&serving, "runs_waiting", 2.0);
    assert_eq!(now.sum("runs_waiting", &[r#"key="one""#]), 1.0);
    assert_eq!(now.sum("runs_waiting", &[r#"key="two""#]), 1.0);
    assert_eq!(now.sum("runs", &[r#"state="running""#]), 1.0);
    assert_eq!(now.sum("runs", &[r#"state="waiting""#]), 2.0);
    assert_eq!(now.sum("runs_most", &[r#"state="waiting""#]), 2.0);
    assert_eq!(now.sum("runs_refused_total", &[]), 1.0);
    assert_eq!(now.sum("calls_open", &[r#"transport="grpc""#]), 1.0);
    assert_eq!(now.sum("event_subscribers", &[]), 1.0);
    gate.open();
    assert_eq!(events.last().unwrap()["event"], "finished");
    for run in [&first, &second, &third] {
        serving.until(run, "succeeded");
    }
    let then = Scraped::once(&serving, "event_subscribers", 0.0);
    assert_eq!(then.sum("runs_waiting", &[]), 0.0);
    assert_eq!(then.sum("calls_open", &[]), 0.0);
}

#[test]
fn runs_are_counted_from_the_store_after_a_restart_and_until_they_are_forgotten() {
    let store = folder();
    let failing = service().on(DO, |_| json!({"success": false, "message": "no wind"})).start();
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&chain(failing.port(), 1).written());
    let runs = [serving.begin(&digest), serving.begin(&digest)];
    runs.iter().for_each(|run| drop(serving.until(run, "failed")));
    serving.stop();
    let serving = Serving::start(store.path(), &[]);
    let failed = |serving: &Serving| Scraped::of(serving).sum("runs", &[r#"state="failed""#]);
    assert_eq!(failed(&serving), 2.0);
    assert_eq!(Scraped::of(&serving).sum("runs_ended_total", &[]), 0.0, "none of this server's");
    assert_eq!(serving.post(&format!("/api/v1/runs/{}/resume", runs[0]), &json!({})).status, 202);
    serving.until(&runs[0], "failed");
    assert_eq!(failed(&serving), 2.0, "one that failed again is not two");
    assert_eq!(serving.delete(&format!("/api/v1/runs/{}", runs[1])).status, 204);
    assert_eq!(failed(&serving), 1.0);
}

#[test]
fn calls_over_http_are_counted_as_such() {
    let store = folder();
    let controlled = Controlled::new(|_| ControlReply::Answer(500, "broken".into()));
    let serving = Serving::start(store.path(), &[]);
    let package = Package::new().controlled("n1", controlled.port(), &["Do"]).written();
    serving.until(&serving.begin(&serving.put(&package)), "failed");
    let after = Scraped::of(&serving);
    let labels = [r#"transport="http-control""#, r#"outcome="http""#, r#"code="5xx""#];
    assert_eq!(after.sum("calls_total", &labels), 1.0);
    assert_eq!(after.sum("messages_total", &[r#"transport="http-control""#, r#"direction="sent""#]), 1.0);
}

#[test]
fn promtool_is_content() {
    skip!(Promtool);
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &[]);
    serving.until(&serving.begin(&serving.put(&chain(server.port(), 2).written())), "succeeded");
    let scraped = Scraped::of(&serving);
    assert_eq!(promtool(&["check", "metrics"], &scraped.text), Ok(()));
    let broken = scraped.text.replace("# HELP aieffect_calls_total", "# HALP aieffect_calls_total");
    assert!(promtool(&["check", "metrics"], &broken).is_err(), "it looks");
}

#[test]
fn who_asks_for_open_metrics_gets_them() {
    let store = folder();
    let serving = Serving::start(store.path(), &[]);
    let accept = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5";
    let answer = serving.ask("GET", "/metrics", &[("accept", accept)], b"");
    assert_eq!(answer.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.ends_with("# EOF\n") && text.contains("\n# TYPE aieffect_calls counter\n"), "{text}");
}
