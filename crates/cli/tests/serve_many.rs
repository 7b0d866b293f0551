//! Many runs at once in one `aieffect serve`: whose turn it is, how many may wait, and that none touches another.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use aieffect_testkit::{Gate, Received, Reply, Server};
use serde_json::{Value, json};
use support::step::{DO, gated, service};
use support::{Serving, chain};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Runs that come to their results, and those that do not.
const GOOD: usize = 190;
const BAD: usize = 10;
const STEPS: usize = 4;
const KEYS: [(&str, &str); 2] = [("grid", "grid-0123456789abc"), ("market", "market-0123456789a")];

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Adds the step's name to what it is given. From the second step on, calls wait for the gate, and then `second` says what
/// becomes of the second step's.
fn adding(gate: &Gate, second: fn(Reply) -> Reply) -> Server {
    let gate = gate.clone();
    let reply = move |call: Received| {
        let (text, step) = (call.json["text"].as_str().unwrap(), &call.metadata["aieffect-step"]);
        let added = Reply::from(json!({"success": true, "text": format!("{text}, {step}")}));
        let gate = gate.clone();
        match step.as_str() {
            "n1:Do" => added,
            "n2:Do" => second(added).after(async move { gate.opened().await }),
            _ => added,
        }
    };
    service().on(DO, reply).start()
}

/// What each run was called with, in the order of its calls.
fn texts(server: &Server) -> BTreeMap<String, Vec<String>> {
    let mut texts = BTreeMap::<_, Vec<_>>::new();
    for call in server.calls() {
        let text = call.json["text"].as_str().unwrap().to_owned();
        texts.entry(call.metadata["aieffect-run-id"].clone()).or_default().push(text);
    }
    texts
}

/// The texts of a run that was begun with this one: what each step was given, and what the last one gave.
fn expected(begin: &str) -> Vec<String> {
    let added = |text: &String, step| format!("{text}, n{step}:Do");
    let mut texts = vec![begin.to_owned()];
    (1..=STEPS).for_each(|step| texts.push(added(&texts[step - 1], step)));
    texts
}

#[test]
fn two_hundred_runs_at_once_come_each_to_its_own_results_whatever_becomes_of_others() {
    let (gate, store) = (Gate::new(), folder());
    let (good, bad) = (adding(&gate, |reply| reply), adding(&gate, |_| Reply::Die));
    let keys = store.path().join("keys");
    fs::write(&keys, KEYS.map(|(name, key)| format!("{name} run {key}\n")).concat()).unwrap();
    let args = ["--max-runs=200", "--keys", keys.to_str().unwrap()];
    let mut serving = Serving::start(store.path(), &args).with_key(KEYS[0].1);
    let packages = [&good, &bad].map(|server| serving.put(&chain(server.port(), STEPS).written()));
    let mut runs = Vec::new();
    for number in 0..GOOD + BAD {
        let (name, key) = KEYS[number % KEYS.len()];
        serving = serving.with_key(key);
        let is_good = number % ((GOOD + BAD) / BAD) != 0;
        let text = format!("data of {number}");
        let package = &packages[usize::from(!is_good)];
        let answer =
            serving.post("/api/v1/runs", &json!({"pipeline": package, "initial_data": {"text": text}}));
        assert_eq!(answer.status, 201, "{answer:?}");
        runs.push((answer.json()["id"].as_str().unwrap().to_owned(), name, text, is_good));
    }
    let all_there = async { tokio::join!(good.called(2 * GOOD), bad.called(2 * BAD)) };
    let waited =
        Runtime::new().unwrap().block_on(async { timeout(Duration::from_secs(60), all_there).await });
    waited.expect("all runs are in the middle of their second step at once");
    gate.open();
    for (run, _, _, is_good) in &runs {
        serving.until(run, if *is_good { "succeeded" } else { "failed" });
    }
    let (called, failing) = (texts(&good), texts(&bad));
    for (run, key, text, is_good) in &runs {
        let (texts, shown) = (expected(text), serving.run(run));
        assert_eq!(shown["key"], *key);
        if !is_good {
            assert!(shown["reason"].as_str().unwrap().starts_with("n2:Do failed: "), "{shown}");
            assert_eq!(failing[run], texts[..2]);
            continue;
        }
        let results = serving.get(&format!("/api/v1/runs/{run}/results")).json();
        let steps = (1..=STEPS).map(|step| {
            let given = json!({"success": true, "message": "", "text": texts[step]});
            (format!("n{step}:Do"), given)
        });
        assert_eq!(results, Value::Object(steps.collect()));
        assert_eq!(called[run], texts[..STEPS]);
    }
    assert_eq!((called.len(), failing.len()), (GOOD, BAD));
}

#[test]
fn who_has_one_run_waits_for_one_of_who_has_many() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let keys = store.path().join("keys");
    fs::write(&keys, "many run many-0123456789abc\none run one-0123456789abcd\n").unwrap();
    let args = ["--max-runs", "1", "--keys", keys.to_str().unwrap()];
    let serving = Serving::start(store.path(), &args).with_key("many-0123456789abc");
    let digest = serving.put(&chain(server.port(), 1).written());
    let many: Vec<String> = (0..20).map(|_| serving.begin(&digest)).collect();
    let serving = serving.with_key("one-0123456789abcd");
    let one = serving.begin(&digest);
    gate.open();
    for run in many.iter().chain([&one]) {
        serving.until(run, "succeeded");
    }
    let order: Vec<String> =
        server.calls().iter().map(|call| call.metadata["aieffect-run-id"].clone()).collect();
    let place = order.iter().position(|run| *run == one).unwrap();
    assert!(place <= 2, "at place {place}");
    assert_eq!(serving.run(&one)["key"], "one");
}

#[test]
fn more_runs_than_may_wait_are_refused_for_a_while() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let serving = Serving::start(store.path(), &["--max-runs", "1", "--max-waiting", "2"]);
    let digest = serving.put(&chain(server.port(), 1).written());
    let first = serving.begin(&digest);
    serving.until(&first, "running");
    let (second, third) = (serving.begin(&digest), serving.begin(&digest));
    let refused = serving.post("/api/v1/runs", &json!({"pipeline": digest}));
    assert_eq!(refused.problem(), (429, "too_many_runs".into()));
    assert_eq!(refused.headers["retry-after"], "2");
    assert_eq!(serving.post(&format!("/api/v1/runs/{third}/cancel"), &json!({})).status, 202);
    serving.until(&third, "cancelled");
    let fourth = serving.begin(&digest);
    gate.open();
    for run in [first, second, fourth] {
        serving.until(&run, "succeeded");
    }
    assert!(!texts(&server).contains_key(&third));
}
