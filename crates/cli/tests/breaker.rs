//! A service that goes away under a server's runs: calls of it fail at once, and everybody can see that, until it is back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use aieffect_testkit::{Bound, Gate, Protos, Server};
use serde_json::{Value, json};
use support::step::{DO, fine, gated, started};
use support::{Package, Scraped, Serving, step_proto};

/// The first node there, the second elsewhere; calls of it are repeated at once, and often.
fn package(first: u16, second: u16) -> Package {
    let package = Package::new().node("n1", first, &step_proto("a"), &["Do"]);
    let package = package.node("n2", second, &step_proto("a"), &["Do"]).link("n1:Do", "n2:Do");
    let package = package.operation("n1:Do", &json!({"parameters": {"text": "begin"}}));
    package.operation("n2:Do", &json!({"attempts": 7, "backoff": "1ms"})).written()
}

fn node(serving: &Serving, digest: &str, place: usize) -> Value {
    serving.get(&format!("/api/v1/pipelines/{digest}/nodes")).json()["nodes"][place].clone()
}

/// A good one at that port.
fn back_at(port: u16) -> Server {
    Bound::on_port(Protos::new(&[("a.proto", &step_proto("a"))]), port).on(DO, |_| fine()).start()
}

#[test]
fn calls_of_a_service_that_is_gone_fail_at_once_until_it_is_back() {
    let (gate, store) = (Gate::new(), tempfile::tempdir().unwrap());
    let (first, second) = (gated("n1", &gate), started());
    let port = second.port();
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&package(first.port(), port));
    let run = serving.begin(&digest);
    assert!(serving.follow(&run, None).any(|event| event["event"] == "fired"));
    drop(second);
    gate.open();
    let failed = serving.until(&run, "failed");
    let reason = failed["reason"].as_str().unwrap();
    let refused = "the service could not be reached: not called: 5 connections in a row failed, the last one with: \
                   connection refused; next try in ";
    assert!(reason.contains(refused), "{reason}");
    let scraped = Scraped::of(&serving);
    assert_eq!(scraped.sum("breakers_opened_total", &[]), 1.0);
    assert_eq!(scraped.sum("breakers", &[]), 1.0);
    assert_eq!(scraped.sum("calls_refused_total", &[]), 2.0, "of seven attempts five have tried");
    assert_eq!(scraped.sum("calls_total", &[r#"outcome="never_reached""#]), 7.0);
    let shown = node(&serving, &digest, 1);
    assert_eq!((&shown["name"], &shown["is_ready"]), (&json!("n2"), &json!(false)));
    assert!(shown["calls_refused"].as_str().unwrap().starts_with("not called: "), "{shown}");
    let whole = node(&serving, &digest, 0);
    assert_eq!((&whole["is_ready"], &whole["calls_refused"]), (&json!(true), &Value::Null));

    // A run that waits for it finds it as soon as it is there, and so do all others.
    let waiting = serving.begin(&digest);
    assert!(serving.follow(&waiting, None).any(|event| event["event"] == "node_ready"));
    let _second = back_at(port);
    serving.until(&waiting, "succeeded");
    assert_eq!(Scraped::of(&serving).sum("breakers", &[]), 0.0);
    assert_eq!(node(&serving, &digest, 1)["is_ready"], true);
    assert_eq!(serving.post(&format!("/api/v1/runs/{run}/resume"), &json!({})).status, 202);
    serving.until(&run, "succeeded");
}
