//! The use case `wind_stream_pipeline`: what its services compute.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

use std::path::Path;
use std::process::Command;

use aieffect_testkit::{shared_dir, skip, use_case};

#[test]
fn what_the_services_compute_passes_its_own_tests() {
    skip!(Python);
    own_tests(&[]);
}

#[test]
fn a_real_year_scores_as_a_script_without_streams_does() {
    skip!(Python, SharedData);
    let csv = shared_dir().unwrap().join("data/eirgrid-wind-actual-2024.csv");
    own_tests(&[("WIND_CSV", &csv)]);
}

fn own_tests(environment: &[(&str, &Path)]) {
    let output = Command::new("python3")
        .args(["-m", "unittest", "discover", "-s", ".", "-t", "."])
        .current_dir(use_case("wind_stream_pipeline"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.contains("skipped"), environment.is_empty(), "{said}");
}
