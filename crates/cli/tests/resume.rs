//! Runs that are stored, and go on: what is called again and what is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use aieffect_testkit::{Bound, Protos, Received, Reply, Requirement, Server, require};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Aieffect, Package, chain, step_proto};

const DO: &str = "/a.Step/Do";

fn bound() -> Bound {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
}

/// Answers with what it was told, and its step.
fn answer(call: &Received) -> Reply {
    let text = format!("{}+{}", call.json["text"].as_str().unwrap(), call.metadata["aieffect-step"]);
    json!({"success": true, "text": text}).into()
}

/// The steps that were called, each with its attempt.
fn called(server: &Server) -> Vec<String> {
    let told =
        |call: Received| format!("{} {}", call.metadata["aieffect-step"], call.metadata["aieffect-attempt"]);
    server.calls_of(DO).into_iter().map(told).collect()
}

fn resume(package: &Package) -> Aieffect {
    package.orchestrate().args(["--resume", "latest"])
}

fn wait_for(event: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(event);
}

/// A server at which the call of that number fails the first time.
fn failing_once(number: usize) -> Server {
    let reply = move |call: Received| {
        if call.earlier + 1 == number {
            return Reply::status(tonic::Code::InvalidArgument, "not today");
        }
        answer(&call)
    };
    bound().on(DO, reply).start()
}

/// A server at which the call of that number hangs the first time.
fn hanging_once(number: usize) -> Server {
    let reply = move |call: Received| if call.earlier + 1 == number { Reply::Hang } else { answer(&call) };
    bound().on(DO, reply).start()
}

fn whole() -> Value {
    json!({"success": true, "message": "", "text": "begin+n1:Do+n2:Do+n3:Do"})
}

#[test]
fn a_run_that_failed_goes_on_from_there() {
    let server = failing_once(2);
    let package = chain(server.port(), 3).written();
    let ended = package.orchestrate().output();
    ended.check(1, "error: n2:Do failed: the service answered INVALID_ARGUMENT: not today");
    ended.says("to go on from here: --resume ");
    let resumed = resume(&package).output();
    resumed.succeeds().says("1 of 3 steps have finished\n");
    assert_eq!(resumed.results()["n3:Do"], whole());
    assert_eq!(resumed.steps(), ["n1:Do", "n2:Do", "n3:Do"]);
    assert_eq!(called(&server), ["n1:Do 1", "n2:Do 1", "n2:Do 2", "n3:Do 1"]);
}

#[test]
fn a_run_that_succeeded_shows_its_results_again_without_any_service() {
    let server = bound().on(DO, |call| answer(&call)).start();
    let package = chain(server.port(), 3).written();
    let ended = package.orchestrate().output();
    ended.succeeds();
    drop(server);
    let again = resume(&package).output();
    again.succeeds().says("has succeeded already; these are its results\n");
    assert_eq!(again.stdout, ended.stdout);
}

#[test]
fn an_interrupted_run_calls_again_what_was_open_and_says_so() {
    for signal in [Signal::INT, Signal::KILL] {
        let server = hanging_once(2);
        let package = chain(server.port(), 3).written();
        let mut running = package.orchestrate().start();
        wait_for(server.called(2));
        running.signal(signal).end();
        let resumed = resume(&package).output();
        resumed.succeeds().says("n2:Do was being called when the run ended, and is called again\n");
        assert_eq!(called(&server), ["n1:Do 1", "n2:Do 1", "n2:Do 2", "n3:Do 1"]);
    }
}

#[test]
fn a_step_that_must_not_be_called_twice_is_called_again_only_on_request() {
    for signal in [Signal::INT, Signal::KILL] {
        let server = hanging_once(2);
        let package = chain(server.port(), 3).operation("n2:Do", &json!({"idempotent": false})).written();
        let mut running = package.orchestrate().start();
        wait_for(server.called(2));
        running.signal(signal).end();
        let refused = resume(&package).output();
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        refused
            .says("ended while n2:Do was being called, which `idempotent: false` says must not happen twice");
        refused.says("help: look whether it did its work; to call it again, add --redo n2:Do\n");
        assert_eq!(server.calls().len(), 2);
        resume(&package).args(["--redo", "n2:Do"]).output().succeeds();
        assert_eq!(called(&server)[2..], ["n2:Do 2", "n3:Do 1"]);
    }
}

#[test]
fn redo_calls_a_step_and_all_behind_it_again() {
    let server = bound().on(DO, |call| answer(&call)).start();
    let package = chain(server.port(), 3).written();
    package.orchestrate().output().succeeds();
    resume(&package).args(["--redo", "n2:Do"]).output().succeeds();
    assert_eq!(called(&server)[3..], ["n2:Do 2", "n3:Do 2"]);
    let unknown = resume(&package).args(["--redo", "n2:Dp"]).output();
    unknown.check(2, "error: the pipeline has no step `n2:Dp`").says("did you mean `n2:Do`?");
}

#[test]
fn what_was_asked_to_be_called_again_is_not_forgotten_by_the_next_process() {
    let server = hanging_once(4);
    let package = chain(server.port(), 3).written();
    package.orchestrate().output().succeeds();
    let mut running = resume(&package).args(["--redo", "n2:Do"]).start();
    wait_for(server.called(4));
    running.signal(Signal::KILL).end();
    resume(&package).output().succeeds();
    assert_eq!(called(&server)[3..], ["n2:Do 2", "n2:Do 3", "n3:Do 2"]);
}

#[test]
fn a_run_goes_on_with_its_own_initial_data() {
    let server = failing_once(2);
    let package = chain(server.port(), 3).written();
    let data = r#"{"n1:Do": {"text": "given"}}"#;
    package.orchestrate().args(["--initial-data", data]).output();
    let other = resume(&package).args(["--initial-data", r#"{"n1:Do": {"text": "else"}}"#]).output();
    assert_eq!(other.code, Some(2));
    other.says("was begun with other initial data");
    let resumed = resume(&package).output();
    assert_eq!(resumed.results()["n3:Do"]["text"], "given+n1:Do+n2:Do+n3:Do");
}

#[test]
fn a_package_that_was_changed_is_refused() {
    let server = failing_once(2);
    let package = chain(server.port(), 3).written();
    package.orchestrate().output();
    let execution = package.path().join("execution.json");
    std::fs::write(execution, r#"{"version": 1, "operations": {"n1:Do": {"parameters": {"text": "x"}}}}"#)
        .unwrap();
    let refused = resume(&package).output();
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    refused.says("was made from other documents than these\n");
    assert_eq!(server.calls().len(), 2);
}

#[test]
fn a_run_is_one_processs_at_a_time() {
    let server = bound().on(DO, |_| Reply::Hang).start();
    let package = chain(server.port(), 3).written();
    let mut running = package.orchestrate().start();
    wait_for(server.called(1));
    let second = resume(&package).output();
    assert_eq!(second.code, Some(2), "{}", second.stderr);
    let pid = running.pid().as_raw_nonzero();
    second.says(&format!("is under way in process {pid}; wait for its end, or stop it\n"));
    running.signal(Signal::INT).end();
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn a_live_run_is_stored_and_cannot_go_on() {
    let proto = "syntax = \"proto3\"; package a; service Step { rpc Do(None) returns (T); } message None {} \
                 message T { string text = 1; }";
    let server = Bound::new(Protos::new(&[("a.proto", proto)]))
        .on(DO, |call| match call.earlier {
            0..3 => Reply::from(json!({"text": "x"})),
            _ => Reply::status(tonic::Code::NotFound, "no more"),
        })
        .start();
    let package = Package::new().node("a1", server.port(), proto, &["Do"]).written();
    package.orchestrate().args(["--mode", "live", "--quiet", "50ms"]).output().succeeds();
    let refused = resume(&package).output();
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    refused.says("is a live one: no messages are stored of it to go on with\n");
}

#[test]
fn the_environment_says_it_too_and_what_is_empty_there_is_not_said() {
    let server = failing_once(2);
    let package = chain(server.port(), 3).written();
    let folder = tempfile::tempdir().unwrap();
    let line = || package.orchestrate().env("AIEFFECT_STORE", folder.path()).env("AIEFFECT_DURABLE", "true");
    let failed = line().env("AIEFFECT_RESUME", "").env("AIEFFECT_REDO", "").output();
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    line().env("AIEFFECT_RESUME", "latest").env("AIEFFECT_REDO", "n1:Do,n3:Do").output().succeeds();
    assert_eq!(called(&server), ["n1:Do 1", "n2:Do 1", "n1:Do 2", "n2:Do 2", "n3:Do 1"]);
    assert!(!package.path().join(".aieffect").exists());
    let alone = package.orchestrate().args(["--redo", "n1:Do"]).output();
    alone.check(2, "error: `--redo` says what a resumed run calls again: add --resume latest");
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let server = bound().on(DO, |call| answer(&call)).start();
    let package = chain(server.port(), 3).written();
    // A durable run leaves nothing in the journal, so that the head is in the file.
    package.orchestrate().args(["--durable"]).output().succeeds();
    let file = package.path().join(".aieffect/store/runs.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    // The version that its writer gave it, in the file's head.
    bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
    std::fs::write(&file, &bytes).unwrap();
    for ended in [package.orchestrate().output(), resume(&package).output()] {
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        ended.says(
            "is of a newer version (9; this program knows 3): use the newer aieffect, or another folder with",
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn a_run_that_cannot_be_stored_goes_on_all_the_same() {
    let server = bound().on(DO, |call| answer(&call)).start();
    let package = chain(server.port(), 3).written();
    let ended = package.orchestrate().args(["--store", "/dev/null/store"]).output();
    ended
        .succeeds()
        .says("WARNING the run is not stored, and cannot be resumed: the run store in `/dev/null/store`");
    assert_eq!(ended.results()["n3:Do"], whole());
    let ended = package.orchestrate().arg("--no-store").output();
    ended.succeeds();
    assert!(!package.path().join(".aieffect").exists());
    let none = resume(&package).output();
    assert_eq!(none.code, Some(2));
    none.says("no run of Case is stored in");
}

#[test]
fn a_service_that_is_killed_and_comes_back_costs_no_finished_step() {
    let reply = |call: Received| if call.earlier == 1 { Reply::Die } else { answer(&call) };
    let server = bound().on(DO, reply).start();
    let port = server.port();
    let package = chain(port, 3).written();
    let ended = package.orchestrate().output();
    assert_eq!(ended.code, Some(1));
    ended.says("the connection to the service was lost during the call");
    drop(server);
    let gone = resume(&package).args(["--ready-timeout", "200ms"]).output();
    assert_eq!(gone.code, Some(4), "{}", gone.stderr);
    let protos = Protos::new(&[("a.proto", &step_proto("a"))]);
    let server = Bound::on_port(protos, port).on(DO, |call| answer(&call)).start();
    let resumed = resume(&package).output();
    resumed.succeeds();
    assert_eq!(resumed.results()["n3:Do"], whole());
    assert_eq!(called(&server), ["n2:Do 2", "n3:Do 1"]);
}

#[test]
fn a_full_disk_breaks_the_run_off_and_it_goes_on_when_there_is_room() {
    if !require(Requirement::Mount) {
        return;
    }
    let server = bound()
        .on(DO, |call| {
            let text = format!("{}{}", &call.json["text"].as_str().unwrap()[..1], "x".repeat(60_000));
            Reply::from(json!({"success": true, "text": text}))
        })
        .start();
    let package = chain(server.port(), 10).written();
    let disk = tempfile::tempdir().unwrap();
    let script = r#"
        mount -t tmpfs -o size=400k tmpfs "$DISK" || exit 99
        "$AIEFFECT" orchestrate "$PACKAGE" --store "$DISK/store" --results last; echo "first $?"
        mount -o remount,size=16m "$DISK"
        "$AIEFFECT" orchestrate "$PACKAGE" --store "$DISK/store" --results none --resume latest; echo "second $?"
    "#;
    let output = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", script])
        .env("DISK", disk.path())
        .env("AIEFFECT", env!("CARGO_BIN_EXE_aieffect"))
        .env("PACKAGE", package.path())
        .output()
        .unwrap();
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(stdout.contains("first 5\n") && stdout.contains("second 0\n"), "{stdout}\n{stderr}");
    assert!(
        stderr.contains(&format!(
            "error: the run store in `{}/store` cannot be written: ",
            disk.path().display()
        )),
        "{stderr}"
    );
    let calls = called(&server);
    let mut steps: Vec<&str> = calls.iter().map(|call| call.split(' ').next().unwrap()).collect();
    let all: Vec<String> = (1..=10).map(|number| format!("n{number}:Do")).collect();
    // The answer that could not be stored is asked for again; nothing else is.
    assert_eq!(steps.len(), 11, "{calls:?}");
    steps.dedup();
    assert_eq!(steps, all);
}
