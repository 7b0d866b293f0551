//! Batch and live: which is chosen, and what is refused in the other.

use super::case::Case;
use super::example;

/// A meter that is a source: its request has no fields.
fn source() -> Case {
    Case::package().replace("microservice/meter1.proto", "  string day = 1;\n", "").remove("execution.json")
}

/// The exit code and stderr of `aieffect orchestrate` of a copy.
fn orchestrated(case: &Case, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = example::aieffect();
    command.arg("orchestrate").arg(case.path("")).args(arguments).envs(variables.iter().copied());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn live_mode_is_checked_when_it_is_asked_for() {
    let checked = Case::package().check(&["--mode", "live"]);
    assert!(checked.stdout.contains("error[AE0416]"), "{}", checked.stdout);
    assert_eq!((checked.code, Case::package().check(&[]).code), (3, 0));
}

#[test]
fn the_plan_of_live_mode_is_shown() {
    let checked = source().check(&["--mode", "live", "--plan"]);
    insta::assert_snapshot!(checked.stdout, @"
    live mode; 64 messages wait on a link at most

    1. meter1:ReadMeter  unary
       calls   /Meter/ReadMeter on meter1:50051
       fires   by itself, again and again

    2. report1:WriteReport  unary
       calls   /Report/WriteReport on report1:50051
       fires   for each message
       on      meter1:ReadMeter
       request Request (bytes handed on as they are)
         file  ← meter1:ReadMeter file
         rows  ← meter1:ReadMeter rows

    energy_report_package: no findings; 2 nodes, 2 steps, 1 link
    ");
    assert_eq!(checked.code, 0);
}

#[test]
fn the_option_beats_the_document() {
    let case = source().write("execution.json", "{\"version\": 1, \"mode\": \"live\"}");
    assert!(case.check(&["--plan"]).stdout.starts_with("live mode; "));
    assert!(case.check(&["--plan", "--mode", "batch"]).stdout.starts_with("1. meter1:ReadMeter"));
}

#[test]
fn what_ends_live_runs_is_wrong_usage_in_batch_mode() {
    let case = Case::package();
    let (code, stderr) = orchestrated(&case, &["--iterations", "5"], &[]);
    insta::assert_snapshot!(stderr, @"
    help: leave out `--iterations` and the variable AIEFFECT_ITERATIONS, or add `--mode live`
    error: `--iterations` ends live runs, and `Energy report` runs in batch mode, which ends by itself
    ");
    assert_eq!(code, Some(2));
    let (code, stderr) = orchestrated(&case, &[], &[("AIEFFECT_FOR", "5s")]);
    insta::assert_snapshot!(stderr, @"
    help: leave out `--for` and the variable AIEFFECT_FOR, or add `--mode live`
    error: `--for` ends live runs, and `Energy report` runs in batch mode, which ends by itself
    ");
    assert_eq!(code, Some(2));
}

#[test]
fn none_is_no_number_of_messages() {
    for option in ["--iterations", "--queue-size"] {
        let (code, stderr) = orchestrated(&Case::package(), &[option, "0"], &[]);
        assert!(stderr.contains(option), "{stderr}");
        assert_eq!(code, Some(2));
    }
}
