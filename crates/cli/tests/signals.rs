//! Ctrl-C, SIGTERM and SIGKILL of `aieffect` in the middle of a run: the exit code, the last line, and that
//! nothing is left running.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use rustix::process::Signal;
use serde_json::json;
use support::{Running, Service, UseCase};

/// Started by a shell that waits for it, as many start scripts do.
const BELOW_A_SHELL: &str = r#""$@" & wait"#;
/// Left behind in a session of its own.
const IN_A_SESSION_OF_ITS_OWN: &str = r#"setsid "$@" & setsid sleep 300 & wait"#;
/// Deaf to SIGTERM, with a deaf child.
const STUBBORN: &str = r#"trap '' TERM; "$@" & while :; do sleep 300; done"#;

/// A run whose only call hangs, at the time when it does.
fn hanging(service: Service) -> (UseCase, Running) {
    let case = UseCase::alone(service, &json!({}));
    let mut running = case.run().start();
    running.until("called /a.Step/Do");
    (case, running)
}

fn hang() -> Service {
    Service::new("a", &["hang"])
}

#[test]
fn an_interrupt_ends_the_run_and_everything_it_started() {
    for signal in [Signal::INT, Signal::TERM] {
        for script in [None, Some(BELOW_A_SHELL), Some(IN_A_SESSION_OF_ITS_OWN)] {
            let service = script.map_or_else(hang, |script| hang().through(script));
            let (_case, mut running) = hanging(service);
            assert!(running.members().len() > 2, "{:?}", running.members());
            let ended = running.signal(signal).end();
            ended.check(130, "error: the run was stopped before its end");
            assert_eq!(ended.results(), json!({}));
        }
    }
}

#[test]
fn what_had_finished_before_an_interrupt_is_shown() {
    let case = UseCase::chain(&[Service::new("a", &["echo"]), Service::new("b", &["hang"])]);
    let mut running = case.run().start();
    let ended = running.until("called /b.Step/Do").signal(Signal::INT).end();
    ended.check(130, "error: the run was stopped before its end");
    assert_eq!(ended.steps(), ["a1:Do"]);
}

#[test]
fn an_interrupt_after_a_failure_leaves_the_failures_exit_code() {
    let services = [Service::new("a", &["success-false"]), Service::new("b", &["hang"])];
    let start = |name: &str| json!({"service": name, "method": "Do", "parameters": {"text": "hello"}});
    let case = UseCase::new(&services, &json!({"connections": [], "operations": [start("a"), start("b")]}));
    let mut running = case.run().start();
    let ended = running.until("ERROR   a1:Do failed").signal(Signal::INT).end();
    ended.check(1, "error: a1:Do failed: the service answered `success: false`: it did not work");
}

#[test]
fn an_interrupt_while_services_are_waited_for_ends_them() {
    let case = UseCase::alone(Service::new("a", &["not-serving", "600000"]), &json!({}));
    let mut running = case.run().start();
    let ended = running.until("a | listening").signal(Signal::INT).end();
    ended.check(130, "error: the run was stopped before its end");
}

#[test]
fn a_stack_that_is_torn_down_while_a_service_is_waited_for_has_lost_it() {
    let case = UseCase::alone(Service::new("a", &["not-serving", "600000"]), &json!({}));
    let mut running = case.run().start();
    let ended = running.until("a | listening").signal(Signal::TERM).end();
    ended.check(4, "error: a1 could not be reached: it had not answered yet when SIGTERM came");
}

#[test]
fn an_interrupt_while_the_use_case_is_built_ends_the_build() {
    let case = UseCase::alone(hang(), &json!({}));
    let compose = json!({
        "x-aieffect": {"build": ["sh", "-c", "echo building; setsid sleep 300 & sleep 300"]},
        "services": {"a": {"image": "a", "x-aieffect": {"run": ["no-such-program"]}}},
    });
    case.write("docker-compose.yml", &compose.to_string());
    let mut running = case.run().start();
    let ended = running.until("build | building").signal(Signal::INT).end_of_all();
    ended.check(130, "error: interrupted before the services had started");
}

#[test]
fn a_second_interrupt_waits_for_nothing() {
    // Without the second, ten seconds are given to what does not end by itself.
    let (_case, mut running) = hanging(hang().through(STUBBORN));
    running.signal(Signal::INT).until("the run was stopped").signal(Signal::INT);
    let ended = running.end();
    assert!(!ended.left.is_empty(), "the service does not end within its grace period");
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
}

#[test]
fn a_run_that_is_killed_by_force_takes_everything_with_it() {
    for script in [None, Some(BELOW_A_SHELL), Some(IN_A_SESSION_OF_ITS_OWN)] {
        let service = script.map_or_else(hang, |script| hang().through(script));
        let (_case, mut running) = hanging(service);
        assert!(running.members().len() > 2, "{:?}", running.members());
        let ended = running.signal(Signal::KILL).end_of_all();
        assert_eq!(ended.code, Some(-9), "{}", ended.stderr);
    }
}

#[test]
fn what_ignores_the_request_to_stop_is_killed() {
    let (_case, mut running) = hanging(hang().through(STUBBORN));
    let ended = running.signal(Signal::TERM).end();
    ended.check(130, "error: the run was stopped before its end");
}

#[test]
fn services_stop_also_when_the_run_succeeds() {
    let script = r#"setsid sleep 300 & "$@" & wait"#;
    let case = UseCase::alone(Service::new("a", &["echo"]).through(script), &json!({}));
    case.run().output().succeeds();
}

#[test]
fn a_reader_that_goes_away_does_not_leave_services_behind() {
    let (_case, mut running) = hanging(hang());
    running.close_stderr();
    let ended = running.signal(Signal::INT).end();
    assert_eq!(ended.code, Some(130));
    ended.nothing_left();
}
