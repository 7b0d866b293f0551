//! Generated stacks, brought up for real: how they end, and what is said last.
//!
//! Images are made from scratch, of programs of this build and the libraries that they load, so that no base image is
//! needed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

#[path = "stack/docker.rs"]
mod docker;
mod support;

use std::thread;

use docker::{Image, Stack, images_can_run};
use serde_json::{Value, json};
use support::{Aieffect, Package, step_proto};

/// A package of one node `a`, whose service behaves as told, and its image.
fn package(name: &str, behaviour: &[&str], settings: &Value) -> (Package, Image) {
    let proto = step_proto("a");
    let image = Image::of_service(name, behaviour, &proto);
    let package = Package::new().node("a", 50051, &proto, &["Do"]).operation("a:Do", settings).written();
    package.stand_at_hosts(&[("a", image.name())]);
    (package, image)
}

/// Brings a stack up and checks how it ends, and what the orchestrator says last.
#[track_caller]
fn ends(name: &str, behaviour: &[&str], settings: &Value, code: i32, last: &str) {
    let (package, _image) = package(name, behaviour, settings);
    let orchestrator = Image::of_orchestrator(name);
    let stack = Stack::new(name, &package, &orchestrator);
    let ended = stack.up(&[("AIEFFECT_READY_TIMEOUT", "5s")]);
    let said = stack.reason();
    assert_eq!(ended.code, Some(code), "{}", ended.output);
    // Who lost a connection first, and how, is the kernel's to say.
    assert!(said.starts_with(last), "{said}\n\n{}", ended.output);
}

#[test]
fn a_pipeline_that_succeeds_ends_its_stack_with_0_and_leaves_its_results() {
    if !images_can_run() {
        return;
    }
    let name = "succeeds";
    let (package, _image) = package(name, &["echo"], &json!({}));
    let orchestrator = Image::of_orchestrator(name);
    let stack = Stack::new(name, &package, &orchestrator);
    let ended = stack.up(&[("AIEFFECT_INITIAL_DATA", r#"{"text": "hello"}"#)]);
    assert_eq!(ended.code, Some(0), "{}", ended.output);
    let results = std::fs::read_to_string(package.path().join("results/results.json")).unwrap();
    let results: Value = serde_json::from_str(&results).unwrap();
    assert_eq!(results["a:Do"]["text"], "hello");

    let ended = stack.up(&[("AIEFFECT_INITIAL_DATA", "in.json")]);
    assert_eq!(ended.code, Some(2), "{}", ended.output);
    assert_eq!(stack.reason(), "error: `--initial-data`: `in.json` does not exist");
    let left = |name: &str| package.path().join("results").join(name).exists();
    assert_eq!((left("results.json"), left("results.json.previous")), (false, true));
}

#[test]
fn a_service_that_says_that_it_failed_ends_its_stack_with_1() {
    if images_can_run() {
        ends(
            "says-false",
            &["success-false"],
            &json!({}),
            1,
            "error: a:Do failed: the service answered `success: false`: it did not work",
        );
    }
}

#[test]
fn a_service_that_never_gets_ready_ends_its_stack_with_4() {
    if images_can_run() {
        let last = "error: a could not be reached: not ready at `a:50051` after 5 s";
        ends("never-ready", &["not-serving", "600000"], &json!({}), 4, last);
    }
}

#[test]
fn a_service_that_dies_in_a_call_ends_its_stack_with_1() {
    if images_can_run() {
        let last = "error: a:Do failed: the connection to the service was lost during the call";
        ends("dies", &["die-mid-call"], &json!({"idempotent": false}), 1, last);
    }
}

#[test]
fn two_stacks_of_one_package_stand_side_by_side() {
    if !images_can_run() {
        return;
    }
    let (first, image) = package("twice", &["echo"], &json!({}));
    let orchestrator = Image::of_orchestrator("twice");
    let second = Package::new().node("a", 50051, &step_proto("a"), &["Do"]).written();
    second.stand_at_hosts(&[("a", image.name())]);
    let stacks =
        [Stack::new("twice-1", &first, &orchestrator), Stack::new("twice-2", &second, &orchestrator)];
    thread::scope(|scope| {
        let running: Vec<_> = stacks.iter().map(|stack| scope.spawn(|| stack.up(&[]))).collect();
        for stack in running {
            let ended = stack.join().unwrap();
            assert_eq!(ended.code, Some(0), "{}", ended.output);
        }
    });
}
