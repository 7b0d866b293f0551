//! `cargo xtask golden`: rewrites what is generated. The difference is to be read before it is committed.

use std::fs;

use anyhow::Result;

use crate::help;
use crate::workspace::{cargo, pass, root};

/// Tests that compare with a file write that file instead when this is set.
const BLESS: &str = "AIEFFECT_BLESS";

pub(crate) fn run() -> Result<()> {
    fs::write(root().join(help::PAGE), help::page()?)?;
    pass(cargo(&["test", "--package", "aieffect-cli"]).env(BLESS, "1").env("INSTA_UPDATE", "always"))?;
    println!("written; read `git diff` before you commit it");
    Ok(())
}
