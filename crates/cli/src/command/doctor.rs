//! `aieffect doctor`: what this machine can do, and how to add what is missing.
//!
//! No command needs all of it, so what is missing is an answer and no failure.

mod docker;
mod left;
mod machine;
mod python;
mod sight;
mod tool;
mod verdict;

use std::time::Duration;

use self::verdict::{Probe, Verdict};
use crate::arguments::{Format, duration};
use crate::drive::{self, Interrupts};
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Say what this machine can do, and how to add what is missing
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect doctor --format json")]
pub(crate) struct Doctor {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// How long any program that is asked may take to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    patience: Duration,
}

pub(crate) fn run(options: &Doctor) -> Result<Exit, Failure> {
    let probes = drive::block_on(async {
        let mut interrupts = Interrupts::listen()?;
        let stopped = |_| Failure::text(Exit::Interrupted, "stopped before all was looked at");
        interrupts.or(Box::pin(all(options.patience))).await.map_err(stopped)
    })?;
    let text = match options.format {
        Format::Human => verdict::as_text(&probes, terminal::stdout_colour()),
        Format::Json => format!("{:#}\n", verdict::as_json(&probes)),
    };
    terminal::print(&text).map_err(|error| Failure::new(Exit::Internal, error))?;
    Ok(Exit::Done)
}

/// Every probe, side by side.
async fn all(patience: Duration) -> Vec<Probe> {
    let docker = async {
        let daemon = docker::daemon(patience).await;
        let sight = match daemon {
            Verdict::Fine { .. } => sight::sight(patience).await,
            _ => Verdict::NotTried { reason: "no Docker daemon answers".to_owned() },
        };
        (daemon, sight)
    };
    let ((python, grpcio), cargo, (daemon, sight), compose) = tokio::join!(
        python::python_and_grpcio(patience),
        machine::cargo(patience),
        docker,
        docker::compose(patience)
    );
    vec![
        Probe::new("python", "services in Python, run without Docker", python),
        Probe::new("grpcio", "services that `x-aieffect.run` starts with this Python", grpcio),
        Probe::new("cargo", "services in Rust, run without Docker", cargo),
        Probe::new("docker", "images and stacks", daemon),
        Probe::new("compose", "images and stacks", compose),
        Probe::new("folder", "stacks whose services and orchestrator see this folder", sight),
        Probe::new("static", "stacks with this very program as their orchestrator", machine::own_binary()),
        Probe::new("ports", "stacks that publish ports from 50051 on", machine::ports()),
    ]
}
