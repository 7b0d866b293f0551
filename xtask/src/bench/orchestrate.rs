//! `aieffect orchestrate` over four steps, whole processes: time and memory.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::service::Service;
use super::{built, median, millis, package};
use crate::workspace::{output, target};

const STEPS: usize = 4;
const WARM_UP: usize = 5;
const RUNS: usize = 50;
/// What a pipe holds on Linux.
const PIPE: usize = 64 * 1024;
/// Far longer than a run; by then all has been done but the printing.
const SETTLED: Duration = Duration::from_secs(1);

/// Rows for the table.
pub(super) fn measure() -> Result<String> {
    let folder = target().join("bench");
    let services: Vec<Service> =
        (0..STEPS).map(|_| Service::start("instant_service")).collect::<Result<_>>()?;
    let ports: Vec<u16> = services.iter().map(|service| service.port).collect();
    let package = folder.join("four_stages");
    package::write(&package, &ports)?;
    let whole = times(&package)?;
    let calls: Vec<Duration> = (0..RUNS).map(|_| in_calls(&package)).collect::<Result<_>>()?;
    let version = (0..RUNS).map(|_| timed(aieffect().arg("--version"))).collect::<Result<_>>()?;
    let peak = peak_memory(&package)?;
    let (fastest, slowest) = (whole.iter().min().copied(), whole.iter().max().copied());
    Ok(format!(
        "| whole process, {STEPS} steps, median of {RUNS} runs | {:.1} ms ({:.1} to {:.1}) |\n\
         | of which waiting for services, as `aieffect` sees it, median | {:.1} ms |\n\
         | `aieffect --version`, median | {:.1} ms |\n\
         | peak memory | {:.1} MiB |\n",
        millis(median(whole)),
        millis(fastest.unwrap_or_default()),
        millis(slowest.unwrap_or_default()),
        millis(median(calls)),
        millis(median(version)),
        peak as f64 / 1024.0,
    ))
}

fn aieffect() -> Command {
    let mut command = Command::new(built("aieffect"));
    command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn orchestrate(package: &Path) -> Command {
    let mut command = aieffect();
    command.arg("orchestrate").arg(package).args(["--log-level", "WARNING"]);
    command
}

fn times(package: &Path) -> Result<Vec<Duration>> {
    for _ in 0..WARM_UP {
        timed(&mut orchestrate(package))?;
    }
    (0..RUNS).map(|_| timed(&mut orchestrate(package))).collect()
}

/// From the start of the process until it has ended and all is read.
fn timed(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let printed = output(command)?;
    let took = started.elapsed();
    ensure!(!printed.is_empty(), "nothing was printed");
    Ok(took)
}

/// The sum of the steps' own times, as the log tells them.
fn in_calls(package: &Path) -> Result<Duration> {
    let output = aieffect().arg("orchestrate").arg(package).args(["--log-format", "json"]).output()?;
    let log = String::from_utf8(output.stderr)?;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let steps: Vec<f64> = lines.filter_map(|line| line["milliseconds"].as_f64()).collect();
    ensure!(steps.len() == STEPS, "the log tells of {} steps: {log}", steps.len());
    Ok(Duration::from_secs_f64(steps.iter().sum::<f64>() / 1000.0))
}

/// The most memory that the process ever had, in KiB, read while its results wait for a full pipe to be emptied.
fn peak_memory(package: &Path) -> Result<u64> {
    let (mut reader, mut writer) = std::io::pipe()?;
    writer.write_all(&vec![b' '; PIPE])?;
    // The command keeps its copy of the pipe's end, and goes before the reading.
    let mut process = orchestrate(package).stdout(writer).spawn()?;
    thread::sleep(SETTLED);
    let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed)?;
    ensure!(process.wait()?.success(), "the run failed");
    ensure!(printed.len() > PIPE, "nothing was printed");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    Ok(peak.context("the process had ended: it printed without waiting")?.trim().parse()?)
}
