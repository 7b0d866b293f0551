//! `cargo xtask test`: all tests of the workspace, then the guide's commands, then one account of it all.
//!
//! libtest neither sums over test binaries nor shows what a passing test printed, so a test that leaves itself out
//! would go unseen. Such tests write a line to the file that `AIEFFECT_SKIPS` names; here they are named.

mod skip;
mod tally;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

pub(crate) use self::skip::Skip;
use self::tally::Tally;
use crate::guide;
use crate::workspace::{cargo, pass, target};

const SKIPS: &str = "AIEFFECT_SKIPS";

pub(crate) fn run() -> Result<()> {
    // Programs that tests start are built first: a test must not wait for cargo, nor find an old binary.
    pass(&mut cargo(&["build", "--workspace", "--bins", "--locked"]))?;
    let (mut tally, mut skips) = workspace_tests()?;
    let guide = guide::outcome()?;
    tally.passed += guide.passed;
    tally.failed.extend(guide.failed);
    skips.extend(guide.skipped);
    report(&tally, &skips)
}

fn workspace_tests() -> Result<(Tally, Vec<Skip>)> {
    let skips = target().join("skipped-tests.tsv");
    fs::write(&skips, "").with_context(|| format!("{} cannot be written", skips.display()))?;
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast", "--locked"])
        .env(SKIPS, &skips)
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo cannot be started")?;
    let mut tally = Tally::default();
    if let Some(stdout) = tests.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            if tally.take(&line) {
                println!("{line}");
            }
        }
    }
    let status = tests.wait()?;
    if !status.success() && tally.failed.is_empty() {
        tally.failed.push(format!("cargo test ended with {status}"));
    }
    let skips = skip::read(&fs::read_to_string(&skips)?)?;
    // A test that leaves itself out passes, as far as libtest knows.
    tally.passed = tally.passed.saturating_sub(skips.len());
    Ok((tally, skips))
}

fn report(tally: &Tally, skips: &[Skip]) -> Result<()> {
    println!();
    for failed in &tally.failed {
        println!("failed: {failed}");
    }
    print!("{}", skip::summary(skips, &tally.ignored));
    let skipped = skips.len() + tally.ignored.len();
    println!("{} passed, {} failed, {skipped} skipped", tally.passed, tally.failed.len());
    if !tally.failed.is_empty() {
        bail!("{} failed", tally.failed.len());
    }
    Ok(())
}
