//! `aieffect call` as a user meets it: one call, its response as JSON, and what is said when there is none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;

use aieffect_testkit::{Bound, Protos, Reply, Server};
use serde_json::json;
use support::{Aieffect, Package, UseCase, step_proto};

const DO: &str = "/a.Step/Do";

/// A proto with one operation of each kind that matters here.
const PROTO: &str = r#"syntax = "proto3";
package a;
service Step {
  rpc Do(Request) returns (Response);
  rpc Other(Request) returns (Response);
  rpc Watch(Request) returns (stream Response);
  rpc Sum(stream Request) returns (Response);
}
message Request {
  string text = 1;
  int64 count = 2;
}
message Response {
  bool success = 1;
  string text = 2;
}
"#;

fn bound() -> Bound {
    Bound::new(Protos::new(&[("a.proto", PROTO)]))
}

fn serve<R: Into<Reply>>(reply: impl Fn() -> R + Send + Sync + 'static) -> Server {
    bound().on(DO, move |_| reply()).start()
}

fn fine() -> serde_json::Value {
    json!({"success": true, "text": "fine"})
}

fn package(port: u16) -> Package {
    Package::new().node("a1", port, PROTO, &["Do"]).written()
}

fn call(package: &Package, step: &str) -> Aieffect {
    Aieffect::new("call", package.path(), package.path()).arg(step)
}

#[test]
fn the_response_is_printed_as_json() {
    let server = serve(fine);
    let ended =
        call(&package(server.port()), "a1:Do").args(["--data", r#"{"text": "hi", "count": "7"}"#]).output();
    ended.succeeds();
    assert_eq!(ended.stdout, "{\n  \"success\": true,\n  \"text\": \"fine\"\n}\n");
    assert_eq!(ended.stderr, "");
    assert_eq!(server.calls()[0].json["text"], "hi");
    assert_eq!(server.calls()[0].metadata["aieffect-step"], "a1:Do");
}

#[test]
fn the_request_may_be_in_a_file_or_empty() {
    let server = serve(fine);
    let package = package(server.port());
    let file = package.path().join("request.json");
    fs::write(&file, r#"{"text": "from a file"}"#).unwrap();
    call(&package, "a1:Do").arg("--data").arg(&file).output().succeeds();
    call(&package, "a1:Do").output().succeeds();
    let texts: Vec<_> = server.calls().iter().map(|call| call.json["text"].clone()).collect();
    assert_eq!(texts, [json!("from a file"), json!("")]);
}

#[test]
fn a_request_that_does_not_fit_is_shown_and_not_sent() {
    let server = serve(fine);
    let ended =
        call(&package(server.port()), "a1:Do").args(["--data", r#"{"txet": 1, "count": "x"}"#]).output();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    ended.says("error[AE0407]").says("did you mean `text`?").says("error[AE0408]").says("--data:1:");
    assert_eq!(server.calls_of(DO).len(), 0);
    let ended = call(&package(server.port()), "a1:Do").args(["--data", "[1]"]).output();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let ended = call(&package(server.port()), "a1:Do").args(["--data", "nowhere.json"]).output();
    ended.check(2, "error: `nowhere.json` does not exist");
}

#[test]
fn another_address_can_be_given() {
    let server = serve(fine);
    let elsewhere = package(1);
    let address = format!("127.0.0.1:{}", server.port());
    call(&elsewhere, "a1:Do").args(["--address", &address]).output().succeeds();
    assert_eq!(server.calls_of(DO).len(), 1);
}

#[test]
fn an_operation_that_the_pipeline_does_not_call_can_be_called() {
    let server = bound().on("/a.Step/Other", |_| fine()).start();
    call(&package(server.port()), "a1:Other").output().succeeds();
}

#[test]
fn a_service_that_is_not_there_is_exit_4() {
    let held = bound();
    let ended = call(&package(held.port()), "a1:Do").args(["--ready-timeout", "300ms"]).output();
    ended.check(
        4,
        "error: a1 could not be reached: not ready at `127.0.0.1:<port>` after 0.3 s: connection refused",
    );
}

#[test]
fn a_call_that_fails_is_exit_1() {
    let server = serve(|| Reply::status(tonic::Code::InvalidArgument, "no such day"));
    let ended = call(&package(server.port()), "a1:Do").output();
    ended.check(1, "error: a1:Do failed: the service answered INVALID_ARGUMENT: no such day");
    assert_eq!(ended.stdout, "");
    assert_eq!(server.calls_of(DO).len(), 1, "it is not tried again");
}

#[test]
fn a_service_that_does_not_answer_in_time_is_exit_1() {
    let server = serve(|| Reply::Hang);
    let ended = call(&package(server.port()), "a1:Do").args(["--deadline", "200ms"]).output();
    ended.check(1, "error: a1:Do failed: no answer within its deadline of 0.2 s");
}

#[test]
fn a_stream_is_printed_one_message_a_line() {
    let answers = vec![fine(), json!({"success": true, "text": "again"})];
    let server = bound().on("/a.Step/Watch", move |_| Reply::Stream(answers.clone())).start();
    let ended = call(&package(server.port()), "a1:Watch").output();
    ended.succeeds();
    assert_eq!(ended.stdout, "{\"success\":true,\"text\":\"fine\"}\n{\"success\":true,\"text\":\"again\"}\n");
}

#[test]
fn a_stream_is_taken_from_an_array() {
    let server = bound()
        .on("/a.Step/Sum", |call| json!({"success": true, "text": call.messages.len().to_string()}))
        .start();
    let data = r#"[{"text": "a"}, {"text": "b"}, {}]"#;
    let ended = call(&package(server.port()), "a1:Sum").args(["--data", data]).output();
    ended.succeeds();
    assert_eq!(ended.stdout, "{\n  \"success\": true,\n  \"text\": \"3\"\n}\n");
    let ended = call(&package(server.port()), "a1:Do").args(["--data", "[{}]"]).output();
    ended.check(3, "error: <case>: 1 error; nothing was started").says("must be an object, not an array");
}

#[test]
fn names_that_are_not_there_get_the_nearest() {
    let ended = call(&package(1), "a2:Do").output();
    ended.check(2, "error: there is no node `a2`").says("a1");
    let ended = call(&package(1), "a1:Du").output();
    ended.check(2, "error: `a1` has no operation `Du`").says("did you mean `Do`?");
    assert_eq!(call(&package(1), "Do").output().code, Some(2));
}

#[test]
fn for_a_use_case_it_is_said_that_addresses_are_those_of_a_stack() {
    let use_case = UseCase::alone(support::Service::new("a", &[]), &json!({}));
    let ended = Aieffect::new("call", use_case.path(), use_case.path())
        .arg("a1:Do")
        .args(["--ready-timeout", "200ms"])
        .output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    ended.says("say with `--address HOST:PORT` where the service answers on this machine");
    let server = Bound::new(Protos::new(&[("a.proto", &step_proto("a"))])).on(DO, |_| fine()).start();
    let address = format!("127.0.0.1:{}", server.port());
    Aieffect::new("call", use_case.path(), use_case.path())
        .args(["a1:Do", "--address", &address])
        .output()
        .succeeds();
}
