//! The use cases `wind_stream_pipeline` and `sensor_feedback_loop`: what their services compute.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

use std::path::Path;
use std::process::Command;

use aieffect_testkit::{shared_dir, skip, use_case};

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
