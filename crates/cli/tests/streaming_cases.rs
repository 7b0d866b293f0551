//! The use cases `wind_stream_pipeline` and `sensor_feedback_loop`: what their services compute, and what comes of them
//! when the whole of it runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use aieffect_testkit::{repo_root, shared_dir, skip, use_case};
use serde_json::{Value, json};
use support::Copied;

#[test]
fn what_the_wind_services_compute_passes_its_own_tests() {
    skip!(Python);
    own_tests("wind_stream_pipeline", &[]);
}

#[test]
fn a_real_year_scores_as_a_script_without_streams_does() {
    skip!(Python, SharedData);
    let csv = shared_dir().unwrap().join("data/eirgrid-wind-actual-2024.csv");
    let said = own_tests("wind_stream_pipeline", &[("WIND_CSV", &csv)]);
    assert!(!said.contains("skipped"), "{said}");
}

#[test]
fn what_the_loop_services_compute_passes_its_own_tests() {
    skip!(Python);
    own_tests("sensor_feedback_loop", &[]);
}

#[test]
fn the_wind_sample_is_streamed_into_one_report() {
    skip!(Python);
    let case = Copied::new("wind_stream_pipeline");
    let ended = case.run().output();
    ended.succeeds();
    let results = ended.results();
    assert_eq!(results["load_wind1:LoadWind"].as_array().unwrap().len(), 23);
    assert_eq!(results["aggregate_wind1:AggregateWind"].as_array().unwrap().len(), 22);
    let report = &results["report_wind1:WriteReport"];
    assert_eq!(report["days"], 22);
    assert_eq!((&report["ramps_up"], &report["ramps_down"]), (&json!(1), &json!(1)));
    assert_eq!(report["cleaning"], cleaning([2192, 2100, 4, 0, 0, 88, 0, 1]));
    assert_scores(report, &use_case("wind_stream_pipeline").join("services/load_wind/sample.csv"));
    assert!(case.run_file("wind_report.md").starts_with("# Wind generation\n\n22 days from 2024-09-20 "));
    assert!(case.run_file("wind_report.svg").starts_with("<svg "));
}

/// The days wait for the scores, and there are more of them than the queue takes.
#[test]
fn a_real_year_passes_queues_that_are_too_short_for_it() {
    skip!(Python, SharedData);
    let csv = shared_dir().unwrap().join("data/eirgrid-wind-actual-2024.csv");
    let case = Copied::new("wind_stream_pipeline");
    let initial = json!({"csv_path": csv}).to_string();
    let ended = case.run().args(["--queue-size", "2", "--initial-data", &initial]).output();
    ended.succeeds();
    let results = ended.results();
    let report = &results["report_wind1:WriteReport"];
    assert_eq!(report["days"], 366);
    assert_eq!(report["cleaning"], cleaning([36_192, 35_132, 4, 88, 0, 968, 0, 0]));
    assert_scores(report, &csv);
}

#[test]
fn what_cannot_be_read_fails_the_source_and_is_said() {
    skip!(Python);
    let case = Copied::new("wind_stream_pipeline");
    fs::write(case.path.join("data/bad.csv"), "01-Jan-2024 00:00:00,WIND_ACTUAL,ALL,calm\n").unwrap();
    let ended = case.run().args(["--initial-data", r#"{"csv_path": "data/bad.csv"}"#]).output();
    ended.check(
        1,
        "error: load_wind1:LoadWind failed: the service answered INVALID_ARGUMENT: line 1 of bad.csv: 'calm' is not \
         a number",
    );
}

#[test]
fn the_loop_comes_to_rest_at_the_last_set_point_and_the_run_ends() {
    skip!(Python);
    let case = Copied::new("sensor_feedback_loop");
    start_the_built_one(&case);
    let ended = case.run().args(["--quiet", "2s"]).output();
    ended.succeeds().says("all is quiet: closing\n");
    let results = ended.results();
    let summary = &results["state_logger1:LogStates"][0];
    assert_eq!((&summary["set_points"], &summary["stamps"]), (&json!(4), &json!(4)));
    assert_eq!(summary["last_set_point_c"], 21.0);
    let temperature = summary["last_temperature_c"].as_f64().unwrap();
    assert!((temperature - 21.0).abs() < 0.02, "{temperature}");
    let states = usize::try_from(summary["states"].as_u64().unwrap()).unwrap();
    // The head, and a line for whatever came.
    assert_eq!(case.run_file("room_log.csv").lines().count(), 1 + 4 + 4 + states);
}

/// The copy lies outside the workspace, where cargo would not find the service in Rust.
fn start_the_built_one(case: &Copied) {
    let profile = Path::new(env!("CARGO_BIN_EXE_aieffect")).parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--package", "plant_model", "--target-dir"])
        .arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.current_dir(repo_root()).status().unwrap().success());
    let program = profile.join("plant_model");
    let compose = case.path.join("docker-compose.yml");
    let text = fs::read_to_string(&compose).unwrap();
    let text =
        text.replace(r#"["cargo", "build", "--release", "-p", "plant_model"]"#, r#"["true"]"#).replace(
            r#"["cargo", "run", "--release", "--quiet", "-p", "plant_model"]"#,
            &json!([program]).to_string(),
        );
    fs::write(compose, text).unwrap();
}

/// In the order of the message in wind.proto.
fn cleaning(counts: [u64; 8]) -> Value {
    let names = [
        "rows_read",
        "rows_kept",
        "without_value",
        "outside_period",
        "of_another_series",
        "repeated_timestamps",
        "too_late",
        "put_in_order",
    ];
    names.into_iter().zip(counts).map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

/// The scores are those of the script that reads the file at once.
fn assert_scores(report: &Value, csv: &Path) {
    let script = use_case("wind_stream_pipeline").join("check_scores.py");
    let output = Command::new("python3").arg(script).arg(csv).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ours = report["scores"].as_array().unwrap();
    assert_eq!(ours.len(), theirs.as_object().unwrap().len());
    for ours in ours {
        let theirs = &theirs[ours["method"].as_str().unwrap()];
        assert_eq!(ours["hours"], theirs["hours"]);
        for figure in ["mae_megawatts", "rmse_megawatts"] {
            let (ours, theirs) = (ours[figure].as_f64().unwrap(), theirs[figure].as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-9, "{figure}: {ours} and {theirs}");
        }
    }
}

/// Runs them; gives what they said.
fn own_tests(name: &str, environment: &[(&str, &Path)]) -> String {
    let output = Command::new("python3")
        .args(["-m", "unittest", "discover", "-s", ".", "-t", "."])
        .current_dir(use_case(name))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("Ran 0 tests"), "{said}");
    said
}
