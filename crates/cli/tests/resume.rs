//! Runs that are stored, and go on: what is called again and what is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use aieffect_testkit::{Bound, Protos, Reply, Server};
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Aieffect, Ended, Package, step_proto};

const DO: &str = "/a.Step/Do";

fn bound() -> Bound {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
}

/// Answers with what it was told, and its step.
fn answer(call: &aieffect_testkit::Received) -> Reply {
    let text = format!("{}+{}", call.json["text"].as_str().unwrap(), call.metadata["aieffect-step"]);
    json!({"success": true, "text": text}).into()
}

/// Nodes `n1`, `n2`, … one after the other, all at that port.
fn chain(port: u16, length: usize) -> Package {
    let mut package = Package::new();
    for number in 1..=length {
        package = package.node(&format!("n{number}"), port, &step_proto("a"), &["Do"]);
    }
    for number in 1..length {
        package = package.link(&format!("n{number}:Do"), &format!("n{}:Do", number + 1));
    }
    package.operation("n1:Do", &json!({"parameters": {"text": "begin"}}))
}

/// The steps that were called, each with its attempt.
fn called(server: &Server) -> Vec<String> {
    let told = |call: aieffect_testkit::Received| {
        format!("{} {}", call.metadata["aieffect-step"], call.metadata["aieffect-attempt"])
    };
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
    let reply = move |call: aieffect_testkit::Received| {
        if call.earlier + 1 == number {
            return Reply::status(tonic::Code::InvalidArgument, "not today");
        }
        answer(&call)
    };
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
    let resumed = resume(&package).output();
    resumed.succeeds();
    assert_eq!(resumed.results()["n3:Do"], whole());
    assert_eq!(resumed.steps(), ["n1:Do", "n2:Do", "n3:Do"]);
    assert_eq!(called(&server), ["n1:Do 1", "n2:Do 1", "n2:Do 2", "n3:Do 1"]);
}
