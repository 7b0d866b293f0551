//! A run of ten steps, killed before and after every append to its store, and resumed: the results are those of an
//! undisturbed run, and no finished call is made again.
//!
//! `AIEFFECT_FAULT_STORE_KILL=<n>:before|after` has a debug build kill itself at the n-th append;
//! `AIEFFECT_FAULT_STORE_COUNT=<file>` has it write how many there were.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aieffect_testkit::{Bound, Protos, Received, Reply, Server};
use serde_json::{Value, json};
use support::{Aieffect, Ended, Package};

const PROTO: &str = r#"syntax = "proto3";
package a;
service Step {
  rpc Do(Text) returns (Text);
  rpc Many(Text) returns (stream Text);
  rpc Sum(stream Text) returns (Text);
}
message Text {
  string text = 1;
}
"#;

/// Each takes from the one before it. `n4` gives a stream, so `n5` is called for each of its messages; `n6` sums up.
const STEPS: [&str; 10] =
    ["n1:Do", "n2:Do", "n3:Do", "n4:Many", "n5:Do", "n6:Sum", "n7:Do", "n8:Do", "n9:Do", "n10:Do"];
/// What must not be called twice.
const ONCE: &str = "n3:Do";

fn serve() -> Server {
    let text = |call: &Received| {
        format!("{}+{}", call.json["text"].as_str().unwrap(), call.metadata["aieffect-step"])
    };
    let many = move |call: Received| {
        let stream = (0..3).map(|number| json!({"text": format!("{} {number}", text(&call))}));
        Reply::Stream(stream.collect())
    };
    let sum = |call: Received| json!({"text": format!("{} of {}", call.messages.len(), call.json["text"])});
    Bound::new(Protos::new(&[("a.proto", PROTO)]))
        .on("/a.Step/Do", move |call| json!({"text": text(&call)}))
        .on("/a.Step/Many", many)
        .on("/a.Step/Sum", sum)
        .start()
}

fn package(port: u16) -> Package {
    let parts: Vec<_> = STEPS.iter().map(|step| step.split_once(':').unwrap()).collect();
    let node =
        |package: Package, (node, operation): &(&str, &str)| package.node(node, port, PROTO, &[operation]);
    let package = parts.iter().fold(Package::new(), node);
    let linked = STEPS.windows(2).fold(package, |package, pair| package.link(pair[0], pair[1]));
    let linked = linked.operation("n1:Do", &json!({"parameters": {"text": "begin"}}));
    linked.operation(ONCE, &json!({"idempotent": false})).written()
}

fn orchestrate(package: &Package, store: &Path) -> Aieffect {
    package.orchestrate().arg("--store").arg(store)
}

/// A call: its step and which firing of that.
type Firing = (String, u64);

/// What the store of a killed run says.
#[derive(Debug, Default)]
struct Stored {
    done: BTreeSet<Firing>,
    /// With the attempt.
    open: BTreeMap<Firing, u64>,
    fired: BTreeMap<Firing, u64>,
}

fn stored(package: &Package, store: &Path) -> Stored {
    let events = Aieffect::new("runs", Path::new("events"), package.path())
        .arg("latest")
        .arg(package.path())
        .args(["--format", "json", "--store"])
        .arg(store)
        .output();
    events.succeeds();
    let mut stored = Stored::default();
    for line in events.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let firing = || (event["step"].as_str().unwrap().to_owned(), event["seq"].as_u64().unwrap());
        match event["event"].as_str().unwrap() {
            "fired" => {
                stored.open.insert(firing(), event["attempt"].as_u64().unwrap());
                stored.fired.insert(firing(), event["attempt"].as_u64().unwrap());
            }
            "done" => {
                stored.open.remove(&firing());
                stored.done.insert(firing());
            }
            _ => {}
        }
    }
    stored
}

/// The calls from that one on, with their attempts.
fn calls_from(server: &Server, first: usize) -> Vec<(Firing, u64)> {
    let told = |call: Received| {
        let number = |key: &str| call.metadata[key].parse().unwrap();
        ((call.metadata["aieffect-step"].clone(), number("aieffect-seq")), number("aieffect-attempt"))
    };
    server.calls()[first..].iter().cloned().map(told).collect()
}

/// Resumes, with `--redo` where it is asked for.
fn resume(package: &Package, store: &Path, stored: &Stored) -> Ended {
    let once = (ONCE.to_owned(), 0);
    let resume = || orchestrate(package, store).args(["--resume", "latest"]);
    if !stored.open.contains_key(&once) {
        return resume().output();
    }
    let refused = resume().output();
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    refused.says("to call it again, add --redo n3:Do");
    resume().args(["--redo", ONCE]).output()
}

#[test]
fn a_run_killed_at_any_append_comes_to_the_same_results_without_a_finished_call_made_again() {
    let server = serve();
    let package = package(server.port());
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let undisturbed = orchestrate(&package, &folder.path().join("whole"))
        .env("AIEFFECT_FAULT_STORE_COUNT", &count)
        .output();
    undisturbed.succeeds();
    assert_eq!(server.calls().len(), 12, "ten steps, of which one is called for each of three messages");
    let points: u64 = fs::read_to_string(count).unwrap().parse().unwrap();
    assert!(points > 20, "{points}");
    let mut killed = 0;
    for point in 1..=points {
        for when in ["before", "after"] {
            let at = format!("{point}:{when}");
            let store = folder.path().join(at.replace(':', "-"));
            let ended = orchestrate(&package, &store).env("AIEFFECT_FAULT_STORE_KILL", &at).output();
            if ended.code == Some(0) {
                // Messages came in other portions, and there was no append of that number.
                assert_eq!(ended.stdout, undisturbed.stdout);
                continue;
            }
            assert_eq!(ended.code, Some(-9), "{at}: {}", ended.stderr);
            killed += 1;
            let before = stored(&package, &store);
            let first = server.calls().len();
            let resumed = resume(&package, &store, &before);
            assert_eq!(resumed.code, Some(0), "{at}: {}", resumed.stderr);
            assert_eq!(resumed.stdout, undisturbed.stdout, "{at}");
            check_calls(&at, &before, &calls_from(&server, first));
        }
    }
    assert!(killed > 40, "{killed}");
}

fn check_calls(at: &str, before: &Stored, calls: &[(Firing, u64)]) {
    let has_stream = before.done.contains(&("n4:Many".to_owned(), 0));
    for (firing, attempt) in calls {
        // What was made from a stream without an end is void.
        let is_void = firing.0 == "n5:Do" && !has_stream;
        assert!(is_void || !before.done.contains(firing), "{at}: {firing:?} was done, and is called again");
        let expected = before.fired.get(firing).copied().unwrap_or_default() + 1;
        assert_eq!(*attempt, expected, "{at}: {firing:?}");
    }
    let made: BTreeSet<&Firing> = calls.iter().map(|(firing, _)| firing).collect();
    assert_eq!(made.len(), calls.len(), "{at}: nothing is called twice: {calls:?}");
    for firing in before.open.keys() {
        assert!(made.contains(firing), "{at}: {firing:?} was open, and is not called again");
    }
}
