//! The Python use case, run by `aieffect` from its Dockerfiles as they stand, and the same services called by a
//! plain grpcio script: the results are equal.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aieffect_local::PortLease;
use aieffect_testkit::{repo_root, shared_dir, skip};
use serde_json::{Value, json};
use support::{Copied, copy};

const SERVICES: [&str; 3] = ["input_provider", "data_analyzer", "report_generator"];

#[test]
fn real_measurements_come_to_the_same_by_hand() {
    skip!(Python, SharedData);
    let csv = shared_dir().unwrap().join("data/eirgrid-wind-actual-2024.csv");
    let case = Copied::new("protobuf_based_energy_pipeline");
    let ours = by_aieffect(&case, &csv);

    let report = &ours["report_generator1:GenerateReport"];
    assert_eq!(report["rows"], 36_192);
    assert_eq!(report["rows_without_value"], 4);
    assert_eq!(report["repeated_timestamps"], 968);

    let theirs = by_hand(&case, &csv);
    let mut differences = Vec::new();
    compare("", &ours, &theirs, &mut differences);
    assert!(differences.is_empty(), "{} differences, such as {:#?}", differences.len(), &differences[..1]);
}

fn by_aieffect(case: &Copied, csv: &Path) -> Value {
    let initial = json!({"csv_path": csv});
    let ended = case.run().args(["--initial-data", &initial.to_string()]).output();
    ended.succeeds();
    ended.results()
}

fn by_hand(case: &Copied, csv: &Path) -> Value {
    let services = SERVICES.map(|service| Service::start(case, service));
    let output = Command::new("python3")
        .arg(repo_root().join("crates/cli/tests/python/plain_grpcio_chain.py"))
        .args(services.iter().map(|service| format!("127.0.0.1:{}", service.port.port())))
        .arg(csv)
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every place where the two are not the same.
fn compare(place: &str, ours: &Value, theirs: &Value, differences: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let mut keys: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let missing = Value::Null;
                let of =
                    |object: &'_ serde_json::Map<String, Value>| object.get(key).unwrap_or(&missing).clone();
                compare(&format!("{place}/{key}"), &of(ours), &of(theirs), differences);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                compare(&format!("{place}/{index}"), ours, theirs, differences);
            }
        }
        _ if ours == theirs => {}
        _ => differences.push(format!("{place}: {ours:.100} by aieffect, {theirs:.100} by hand")),
    }
}

/// A service started by hand, as its Dockerfile says.
struct Service {
    child: Child,
    port: PortLease,
}

impl Service {
    fn start(case: &Copied, name: &str) -> Self {
        let app = case.dir.path().join(format!("by-hand-{name}"));
        copy(&case.path.join("services").join(name), &app);
        let shared = case.path.join("shared/proto");
        let stubs = Command::new("python3")
            .args(["-m", "grpc_tools.protoc", "--python_out=.", "--grpc_python_out=.", "-I", "proto", "-I"])
            .arg(shared)
            .args(["common.proto".to_owned(), format!("{name}.proto")])
            .current_dir(&app)
            .output()
            .unwrap();
        assert!(stubs.status.success(), "{}", String::from_utf8_lossy(&stubs.stderr));

        let locks = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aieffect/ports");
        let port = PortLease::take(&locks).unwrap();
        let mut child = Command::new("python3")
            .args(["-u", "server.py"])
            .current_dir(app)
            .env("GRPC_PORT", port.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("listening")), "{name} ended before it listened");
        // What it says from here on is read and dropped, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
