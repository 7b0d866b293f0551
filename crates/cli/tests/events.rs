//! `--events FILE`: what is in the file, however the run ends, and what becomes of a run whose file cannot be written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use aieffect_testkit::{Bound, Protos, Reply, Server};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Aieffect, Ended, Package, Service, UseCase, chain, step_proto};
use tempfile::TempDir;
use tonic::Code;

const DO: &str = "/a.Step/Do";

fn bound() -> Bound {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
}

fn fine() -> Server {
    bound().on(DO, |_| json!({"success": true, "text": "fine"})).start()
}

/// A place for the file.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("events.jsonl")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn events(&self) -> Vec<Value> {
        events(&self.text())
    }
}

fn events(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn words(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

fn count(events: &[Value], word: &str, step: &str) -> usize {
    events.iter().filter(|event| event["event"] == word && event["step"] == step).count()
}

fn stored(package: &Path) -> String {
    let listed = Aieffect::new("runs", Path::new("events"), package).args(["latest", "--format", "json"]);
    listed.arg(package).output().succeeds().stdout.clone()
}

#[test]
fn the_file_has_what_is_stored_to_the_letter() {
    let (server, place) = (fine(), Place::new());
    let package = chain(server.port(), 3).written();
    package.orchestrate().arg("--events").arg(place.file()).output().succeeds();
    assert_eq!(place.text(), stored(package.path()));
    assert_eq!(count(&place.events(), "done", "n3:Do"), 1);
}

#[test]
fn it_is_written_without_a_store_too() {
    let (server, place) = (fine(), Place::new());
    let package = chain(server.port(), 2).written();
    let ended = package.orchestrate().env("AIEFFECT_EVENTS", place.file()).arg("--no-store").output();
    ended.succeeds();
    assert!(!package.path().join(".aieffect").exists());
    let steps = ["fired", "done", "step_finished"];
    let expected = [&["started", "node_ready", "node_ready"][..], &steps, &steps, &["finished"]].concat();
    assert_eq!(words(&place.events()), expected);
    assert!(place.events().iter().all(|event| event["time"].as_str().unwrap().ends_with('Z')));
    let of_second = json!({"message": {"bytes": 8}});
    assert_eq!(place.events()[7]["gave"], of_second, "{}", place.text());
}

#[test]
fn a_stream_that_is_not_stored_has_its_messages_but_no_file() {
    let proto = "syntax = \"proto3\"; package a; service S { rpc Give(None) returns (stream T); }
        message None {} message T { string text = 1; }";
    let answer = |_| Reply::Stream(vec![json!({"text": "a"}), json!({"text": "b"})]);
    let server = Bound::new(Protos::new(&[("a.proto", proto)])).on("/a.S/Give", answer).start();
    let package = Package::new().node("s1", server.port(), proto, &["Give"]).written();
    let place = Place::new();
    package.orchestrate().arg("--no-store").arg("--events").arg(place.file()).output().succeeds();
    let done = place.events().into_iter().find(|event| event["event"] == "done").unwrap();
    assert_eq!(done["gave"], json!({"stream": {"messages": 2}}));
    let stored_too = Place::new();
    package.orchestrate().arg("--events").arg(stored_too.file()).output().succeeds();
    let done = stored_too.events().into_iter().find(|event| event["event"] == "done").unwrap();
    assert!(done["gave"]["stream"]["file"].is_string(), "{done}");
    assert_eq!(stored_too.text(), stored(package.path()));
}

#[test]
fn a_live_run_has_a_line_for_every_call() {
    let proto =
        "syntax = \"proto3\"; package a; service S { rpc Tick(None) returns (T); rpc Each(T) returns (T); }
        message None {} message T { string text = 1; }";
    let server = Bound::new(Protos::new(&[("a.proto", proto)]))
        .on("/a.S/Tick", |call| json!({"text": call.earlier.to_string()}))
        .on("/a.S/Each", |call| match call.earlier {
            3 => Reply::status(Code::InvalidArgument, "not this one"),
            _ => Reply::Bytes(call.bytes),
        })
        .start();
    let package = Package::new().node("s1", server.port(), proto, &["Tick", "Each"]);
    let package = package.link("s1:Tick", "s1:Each").written();
    let place = Place::new();
    let ended = package
        .orchestrate()
        .args(["--mode", "live", "--iterations", "50", "--quiet", "100ms"])
        .arg("--events")
        .arg(place.file())
        .output();
    ended.succeeds();
    let events = place.events();
    let counts = ["fired", "done", "failed"].map(|word| count(&events, word, "s1:Each"));
    assert_eq!(counts, [50, 49, 1], "{}", place.text());
    assert_eq!(count(&events, "done", "s1:Tick"), 50);
    assert_eq!(count(&events, "counted", "s1:Each"), 0, "those are the store's");
    assert_eq!(words(&events).last().unwrap(), "finished");
    let stored = self::events(&stored(package.path()));
    assert_eq!(count(&stored, "counted", "s1:Each").min(1), 1);
    let failed = |events: &[Value]| events.iter().find(|event| event["event"] == "failed").cloned();
    assert_eq!(failed(&stored), failed(&events), "what failed is stored one by one too");
    assert_eq!(failed(&stored).unwrap()["seq"], 3);
    let runs = |command: &str| {
        let listed = Aieffect::new("runs", Path::new(command), package.path()).arg("latest");
        listed.arg(package.path()).output().succeeds().stdout.clone()
    };
    let told = "failed s1:Each, seq 3, attempt 1, the service answered INVALID_ARGUMENT: not this one";
    assert!(runs("events").contains(told), "{}", runs("events"));
    let shown = runs("show");
    let row = shown.lines().find(|line| line.starts_with("s1:Each")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().take(4).collect();
    assert_eq!(cells, ["s1:Each", "finished", "49", "50"], "{shown}");
    assert!(row.ends_with("the service answered INVALID_ARGUMENT: not this one"), "{shown}");
}

#[test]
fn it_is_whole_however_the_run_ends() {
    let check = |ended: &Ended, code: i32, place: &Place, outcome: &str| {
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        let last = place.events().pop().unwrap();
        assert_eq!((&last["event"], &last["outcome"]), (&json!("finished"), &json!(outcome)));
    };
    let failing = UseCase::alone(Service::new("a", &["success-false"]), &json!({}));
    let place = Place::new();
    let ended = failing.run().arg("--events").arg(place.file()).output();
    check(&ended, 1, &place, "failed");
    assert_eq!(place.events()[3]["failure"]["kind"], "unsuccessful", "{}", place.text());

    let hanging = UseCase::alone(Service::new("a", &["hang"]), &json!({}));
    let place = Place::new();
    let mut running = hanging.run().arg("--events").arg(place.file()).start();
    let ended = running.until("called /a.Step/Do").signal(Signal::INT).end();
    check(&ended, 130, &place, "cancelled");

    let nowhere = bound();
    let place = Place::new();
    let package = chain(nowhere.port(), 1).written();
    let ended =
        package.orchestrate().args(["--ready-timeout", "100ms", "--events"]).arg(place.file()).output();
    check(&ended, 4, &place, "unreachable");
}

#[test]
fn a_run_that_goes_on_has_only_what_happens_then() {
    let server = bound()
        .on(DO, |call| match (call.metadata["aieffect-step"].as_str(), call.earlier) {
            ("n2:Do", 1) => json!({"success": false}),
            _ => json!({"success": true, "text": "fine"}),
        })
        .start();
    let package = chain(server.port(), 2).written();
    assert_eq!(package.orchestrate().output().code, Some(1));
    let place = Place::new();
    let resumed = package.orchestrate().args(["--resume", "latest", "--events"]).arg(place.file()).output();
    resumed.succeeds();
    let expected = ["resumed", "node_ready", "fired", "done", "step_finished", "finished"];
    let events = place.events();
    assert_eq!(words(&events), expected, "{}", place.text());
    assert_eq!((&events[2]["step"], &events[2]["attempt"]), (&json!("n2:Do"), &json!(2)));
    assert!(stored(package.path()).ends_with(&place.text()));
}

#[test]
fn events_of_an_earlier_run_are_set_aside() {
    let (server, place) = (fine(), Place::new());
    let package = chain(server.port(), 1).written();
    fs::write(place.file(), "earlier\n").unwrap();
    let ended = package.orchestrate().arg("--events").arg(place.file()).output();
    ended.succeeds().says("events of an earlier run are now in `").says("events.jsonl.previous`");
    let aside = place.0.path().join("events.jsonl.previous");
    assert_eq!(fs::read_to_string(aside).unwrap(), "earlier\n");
    assert_eq!(words(&place.events())[0], "started");
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_anything_is_called() {
    let (server, place) = (fine(), Place::new());
    let package = chain(server.port(), 1).written();
    let nowhere = place.0.path().join("none/events.jsonl");
    let ended = package.orchestrate().arg("--events").arg(&nowhere).output();
    let reason = format!(
        "error: `--events`: `{}` cannot be written: No such file or directory (os error 2)",
        nowhere.display()
    );
    ended.check(2, &reason);
    let ended = package.orchestrate().args(["--events", "-"]).output();
    ended.check(2, "error: `--events -`: events do not go to stdout, which the results are for");
    ended.says("help: name a file");
    for option in ["--report", "--output"] {
        let ended = package.orchestrate().args([option, "-"]).output();
        ended.check(2, &format!("error: `{option} -`: stdout has the results in any case"));
    }
    let both = place.file();
    let ended = package.orchestrate().arg("--output").arg(&both).arg("--events").arg(&both).output();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.says("cannot take both the results and the events");
    let ended = package.orchestrate().arg("--report").arg(&both).arg("--events").arg(&both).output();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.says("cannot take both the report and the events");
    let same = place.0.path().join("./events.jsonl");
    let ended = package.orchestrate().arg("--report").arg(&both).arg("--output").arg(&same).output();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.says("cannot take both the results and the report");
    assert_eq!(server.calls_of(DO).len(), 0);
}

#[test]
fn commands_that_are_refused_do_not_cost_the_events_of_a_good_run() {
    let (server, place) = (fine(), Place::new());
    let package = chain(server.port(), 1).written();
    package.orchestrate().arg("--events").arg(place.file()).output().succeeds();
    let good = place.text();
    for _ in 0..3 {
        let refused =
            package.orchestrate().args(["--resume", "none"]).arg("--events").arg(place.file()).output();
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    }
    assert_eq!(fs::read_to_string(place.0.path().join("events.jsonl.previous")).unwrap(), good);
}

#[test]
fn a_disk_that_is_full_is_said_once_and_the_run_goes_on() {
    let server = fine();
    let package = chain(server.port(), 3).written();
    let ended = package.orchestrate().args(["--events", "/dev/full"]).output();
    ended.succeeds();
    let warnings: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("WARNING")).collect();
    assert!(
        matches!(warnings[..], [warning] if warning.contains("events are missing from `/dev/full`: No space left on device")),
        "{warnings:?}"
    );
    assert_eq!(ended.steps(), ["n1:Do", "n2:Do", "n3:Do"]);
}
