//! The project's own chores: `cargo xtask --help` lists them.
//!
//! Everything that CI checks can be run here, one by one or together (`ci`). What the product does is not here.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever started it")]

mod base_images;
mod bench;
mod ci;
mod deny;
mod dist;
mod fuzz;
mod golden;
mod guide;
mod help;
mod screenshots;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run all tests, and the commands of the guide; count and name what is left out
    Test,
    /// Run the commands of the README and of docs/guide in a clean clone and compare what they print
    Guide,
    /// Check what no compiler checks: the crate graph, pure modules, pages, links, schemas, lengths
    Tidy,
    /// Check licences, sources and doubles of all libraries, as deny.toml has it
    Deny,
    /// All that has to pass: format, lints, tests, docs, tidy, deny
    Ci,
    /// Measure, and print the table for docs/benchmarks.md
    Bench(bench::Arguments),
    /// Fuzz a target, or all: find bytes that break what must hold for any (docs/fuzzing.md)
    Fuzz(fuzz::Arguments),
    /// Make images that stand in for python:3.11-slim and rust:1-slim; print the variables that name them
    BaseImages,
    /// Build the static binary that is handed out: dist/aieffect
    Dist,
    /// Run pipelines of 4 and 200 steps, and take pictures of their reports with Chromium, light and dark, wide and narrow
    Screenshots {
        /// Where the pictures go [default: target/screenshots]
        folder: Option<PathBuf>,
    },
    /// Rewrite what is generated: docs/reference/cli.md and the outputs on the pages of findings
    Golden,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test => test::run(),
        Chore::Guide => guide::run(),
        Chore::Tidy => tidy::run(),
        Chore::Deny => deny::run(),
        Chore::Ci => ci::run(),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::BaseImages => base_images::run(),
        Chore::Dist => dist::run(),
        Chore::Screenshots { folder } => screenshots::run(folder),
        Chore::Golden => golden::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
