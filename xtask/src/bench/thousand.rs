//! A use case of 1,000 services in a chain: its export and its compose file, whole processes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{built, median, millis};
use crate::workspace::target;

const SERVICES: usize = 1000;
const RUNS: usize = 5;

/// Rows for the table.
pub(super) fn measure() -> Result<String> {
    let folder = target().join("bench").join("thousand");
    let (case, package) = (folder.join("use_case"), folder.join("package"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    write(&case)?;
    let exports = (0..RUNS).map(|_| timed(command("export", &case).arg(&package).arg("--overwrite")));
    let exports = exports.collect::<Result<_>>()?;
    let composes = (0..RUNS).map(|_| timed(command("compose", &package).arg("--no-orchestrator")));
    let composes = composes.collect::<Result<_>>()?;
    Ok(format!(
        "| `export` of {SERVICES} services, median of {RUNS} | {:.0} ms |\n\
         | `compose` of their package, median of {RUNS} | {:.0} ms |\n",
        millis(median(exports)),
        millis(median(composes)),
    ))
}

fn command(name: &str, path: &Path) -> Command {
    let mut command = Command::new(built("aieffect"));
    command.arg(name).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn timed(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let status = command.status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(started.elapsed())
}

/// Every service has a proto of its own, and passes on what it gets.
fn write(case: &Path) -> Result<()> {
    let mut compose = String::from("services:\n");
    for number in 1..=SERVICES {
        let folder = case.join(format!("services/stage_{number}"));
        fs::create_dir_all(folder.join("proto"))?;
        fs::write(folder.join(format!("proto/stage_{number}.proto")), proto(number))?;
        fs::write(folder.join("Dockerfile"), "FROM scratch\nCMD [\"/stage\"]\n")?;
        compose.push_str(&format!("  stage-{number}:\n    build: services/stage_{number}\n"));
    }
    let links: Vec<Value> = (1..SERVICES).map(link).collect();
    let parameters = json!({"output_file_path": "data/a.csv", "anomaly_threshold": 0.5});
    let connections = json!({"pipeline": {
        "name": "A thousand stages", "start_service": "stage-1", "connections": links,
        "operations": [{"service": "stage-1", "method": "Process", "parameters": parameters}],
    }});
    fs::write(case.join("docker-compose.yml"), compose)?;
    fs::write(case.join("connections.json"), connections.to_string())?;
    Ok(())
}

fn link(number: usize) -> Value {
    json!({
        "from_service": format!("stage-{number}"), "from_method": "Process",
        "to_service": format!("stage-{}", number + 1), "to_method": "Process",
    })
}

fn proto(number: usize) -> String {
    format!(
        "syntax = \"proto3\";\n\npackage stage_{number};\n\nservice Stage {{\n  rpc Process(Work) returns (Done);\n}}\n\n\
         message Work {{\n  string output_file_path = 1;\n  double anomaly_threshold = 2;\n}}\n\n\
         message Done {{\n  bool success = 1;\n  string output_file_path = 2;\n  double anomaly_threshold = 3;\n}}\n"
    )
}
