//! `cargo xtask guide`: runs what the README and the guide tell their readers to type, and compares what they say
//! comes of it.
//!
//! The commands are the blocks marked `console`, in a clean clone of HEAD: what is not committed is not tested. The
//! clone and what is built from it stay under `target/guide`, so that the next time little is built. A block marked
//! `console python` is left out where Python cannot make virtual environments, and `console docker` where images
//! cannot be built.

mod clone;
mod need;
mod pattern;
mod session;
mod transcript;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::clone::CleanClone;
use self::need::Need;
use crate::test::Skip;

/// The page that installs the program, which the others then use.
const INSTALLS: &str = "tutorial.md";

/// What came of all pages.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: usize,
    pub(crate) failed: Vec<String>,
    pub(crate) skipped: Vec<Skip>,
}

pub(crate) fn run() -> Result<()> {
    let outcome = outcome()?;
    for skip in &outcome.skipped {
        println!("skipped: {} ({}: {})", skip.test, skip.requirement, skip.reason);
    }
    println!("{} commands as described, {} not", outcome.passed, outcome.failed.len());
    if !outcome.failed.is_empty() {
        bail!("the pages and the program disagree");
    }
    Ok(())
}

/// Runs every page. A command counts as a test.
pub(crate) fn outcome() -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let Some(clone) = CleanClone::make()? else {
        let reason = "this is not a git clone".to_owned();
        outcome.skipped.push(Skip { requirement: "git".to_owned(), test: "the guide".to_owned(), reason });
        return Ok(outcome);
    };
    for page in pages(&clone.path())? {
        run_page(&clone, &page, &mut outcome)?;
    }
    Ok(outcome)
}

fn pages(clone: &Path) -> Result<Vec<PathBuf>> {
    let guide = clone.join("docs/guide");
    let mut pages: Vec<_> = if guide.is_dir() {
        fs::read_dir(guide)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?
    } else {
        Vec::new()
    };
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort_by_key(|page| (!page.ends_with(INSTALLS), page.clone()));
    let readme = clone.join("README.md");
    if readme.is_file() {
        pages.insert(0, readme);
    }
    Ok(pages)
}

fn run_page(clone: &CleanClone, page: &Path, outcome: &mut Outcome) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
    let root = clone.path();
    let name = page.strip_prefix(&root).unwrap_or(page).display().to_string();
    let exchanges = transcript::parse(&text).with_context(|| format!("in {name}"))?;
    let mut runnable = Vec::new();
    for exchange in exchanges {
        match exchange.need().and_then(|need| Some((need, need.missing()?))) {
            None => runnable.push(exchange),
            Some((need, reason)) => skip(&format!("{name}:{}", exchange.line), need, reason, outcome),
        }
    }
    let exchanges = runnable;
    if exchanges.is_empty() {
        return Ok(());
    }
    println!("guide {name}: {} commands", exchanges.len());
    for (exchange, answer) in exchanges.iter().zip(session::run(clone, &exchanges)?) {
        let place = format!("{name}:{}: `{}`", exchange.line, exchange.command);
        match exchange.compare(&answer) {
            Ok(()) => outcome.passed += 1,
            Err(difference) => {
                println!("guide {place}\n{difference}");
                outcome.failed.push(place);
            }
        }
    }
    Ok(())
}

fn skip(place: &str, need: Need, reason: String, outcome: &mut Outcome) {
    let required = std::env::var("AIEFFECT_REQUIRE").unwrap_or_default();
    if required.split(',').any(|entry| entry.trim() == need.as_str()) {
        outcome
            .failed
            .push(format!("{place}: needs {}, which AIEFFECT_REQUIRE names: {reason}", need.as_str()));
        return;
    }
    outcome.skipped.push(Skip { requirement: need.as_str().to_owned(), test: place.to_owned(), reason });
}
