//! `cargo xtask ci`: every check, one after another, so that one run shows all that is wrong.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::workspace::{cargo, pass};
use crate::{deny, test, tidy};

/// A name, and what is done under it.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 6] = [
    ("fmt", format),
    ("clippy", lint),
    ("test", test::run),
    ("doc", document),
    ("tidy", tidy::run),
    ("deny", deny::run),
];

pub(crate) fn run() -> Result<()> {
    let mut summary = String::new();
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = step();
        let state = if outcome.is_ok() { "ok" } else { "FAILED" };
        summary.push_str(&format!("{name:<8} {state:<8} {:>7.1} s\n", started.elapsed().as_secs_f64()));
        if let Err(error) = outcome {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    print!("\n{summary}");
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn format() -> Result<()> {
    pass(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint() -> Result<()> {
    pass(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn document() -> Result<()> {
    pass(cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}
