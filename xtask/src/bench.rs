//! `cargo xtask bench`: the figures of docs/benchmarks.md, with how they came about, on stdout.
//!
//! Whole processes are measured from outside, as a user would meet them. Run it on a machine that does nothing else.

mod flow;
mod json;
mod orchestrate;
mod package;
mod serve;
pub(crate) mod service;
mod thousand;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::workspace::{cargo, output, pass, target};

/// What is handed out is what is measured.
const PROFILE: &str = "dist";

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// All of it, when nothing is named
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// `aieffect serve` alone
    Serve(serve::Size),
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if let Some(Part::Serve(size)) = &arguments.part {
        begin(&serve::measure(size)?);
        return Ok(());
    }
    let build = |package: &[&str]| {
        pass(cargo(&["build", "--profile", PROFILE, "--locked", "--package"]).args(package))
    };
    build(&["aieffect-cli"])?;
    build(&["aieffect-testkit", "--example", "instant_service", "--example", "flow_service"])?;
    let examples = ["engine_cost", "soak", "scale", "json_cost"].map(|name| ["--example", name]);
    build(&[&["aieffect-orchestrator"], examples.as_flattened()].concat())?;
    let figures =
        orchestrate::measure()? + &thousand::measure()? + &flow::measure()? + &scale()? + &json::measure()?;
    let compile = output(&mut cargo(&[
        "run",
        "--quiet",
        "--profile",
        PROFILE,
        "--locked",
        "--package",
        "aieffect-contract",
        "--example",
        "compile_time",
    ]))?;
    begin(&(figures + &compile + &serve::measure(&serve::Size::usual())?));
    println!();
    println!(
        "| a message, in a run | messages/s | of static | of raw | CPU, of static | CPU, of raw | µs of CPU: static | raw | engine |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    print!("{}", output(&mut Command::new(built("examples/engine_cost")))?);
    println!();
    println!("| what | memory |");
    println!("|---|---|");
    print!("{}", output(Command::new(built("examples/soak")).arg("runs"))?);
    Ok(())
}

/// The machine, and the first table.
fn begin(rows: &str) {
    println!("Machine: {}", machine());
    println!();
    println!("| what | figure |");
    println!("|---|---|");
    print!("{rows}");
}

/// What large plans cost.
fn scale() -> Result<String> {
    let mut rows = String::new();
    for steps in ["10", "1000", "10000"] {
        rows += &output(Command::new(built("examples/scale")).args(["plan", steps]))?;
    }
    Ok(rows + &output(Command::new(built("examples/scale")).args(["run", "10000"]))?)
}

/// A program as it is handed out.
fn built(name: &str) -> PathBuf {
    target().join(PROFILE).join(name)
}

/// Processor, cores, kernel and compiler.
fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let said =
        |program: &str, argument: &str| output(Command::new(program).arg(argument)).unwrap_or_default();
    format!(
        "{model}, {cores} cores, Linux {}, {}",
        said("uname", "-r").trim(),
        said("rustc", "--version").trim()
    )
}

/// The middle one.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median([9, 1, 5].map(Duration::from_millis).to_vec()), Duration::from_millis(5));
    }
}
