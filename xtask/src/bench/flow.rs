//! A gibibyte through `aieffect orchestrate`, past a sink that takes 50 MB/s: how much memory it has at most.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::built;
use super::service::Service;
use crate::workspace::target;

const PROTO: &str = r#"syntax = "proto3";

package flow;

service Flow {
  rpc Give(Nothing) returns (stream Piece);
  rpc Take(stream Piece) returns (Count);
}

message Nothing {}

message Piece {
  bytes data = 1;
}

message Count {
  int32 count = 1;
}
"#;
const LOOK: Duration = Duration::from_millis(20);

/// Rows for the table.
pub(super) fn measure() -> Result<String> {
    let service = Service::start("flow_service")?;
    let package = target().join("bench/flow");
    write(&package, service.port)?;
    let mut rows = String::new();
    for results in ["none", "all"] {
        let (peak, took) = peak_memory(&package, results)?;
        rows += &format!(
            "| peak memory, 1 GiB in pieces of 1 MiB past a sink of 50 MB/s, `--results {results}` | {:.1} MiB ({:.0} s) |\n",
            peak as f64 / 1024.0,
            took.as_secs_f64()
        );
    }
    Ok(rows)
}

fn write(folder: &Path, port: u16) -> Result<()> {
    fs::create_dir_all(folder.join("microservice"))?;
    let node = |name: &str, operation: &str, connected: Value| {
        json!({
            "proto_uri": format!("microservice/{name}.proto"), "image": "flow:latest", "container_name": name,
            "operation_signature_list": [{
                "operation_signature": {"operation_name": operation}, "connected_to": connected,
            }],
        })
    };
    let link = json!([{"container_name": "sink1", "operation_signature": {"operation_name": "Take"}}]);
    let blueprint =
        json!({"name": "Flow", "nodes": [node("source1", "Give", link), node("sink1", "Take", json!([]))]});
    let address = |name| json!({"container_name": name, "ip_address": "127.0.0.1", "port": port});
    let dockerinfo = json!({"docker_info_list": [address("source1"), address("sink1")]});
    fs::write(folder.join("blueprint.json"), blueprint.to_string())?;
    fs::write(folder.join("dockerinfo.json"), dockerinfo.to_string())?;
    for name in ["source1", "sink1"] {
        fs::write(folder.join(format!("microservice/{name}.proto")), PROTO)?;
    }
    Ok(())
}

/// The most memory that the process ever had, in KiB, and how long it took.
fn peak_memory(package: &Path, results: &str) -> Result<(u64, Duration)> {
    let started = Instant::now();
    let mut process = Command::new(built("aieffect"))
        .arg("orchestrate")
        .arg(package)
        .args(["--log-level", "WARNING", "--results", results])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak = None;
    let status = loop {
        if let Some(status) = process.try_wait()? {
            break status;
        }
        // Gone in the moment between two looks: the last figure counts.
        let told = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = line.and_then(|figure| figure.trim().parse().ok()).or(peak);
        thread::sleep(LOOK);
    };
    ensure!(status.success(), "the run failed");
    Ok((peak.context("the process ended before it was looked at")?, started.elapsed()))
}
