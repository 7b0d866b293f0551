//! `cargo xtask deny`: what may be in the program, as `deny.toml` has it.
//!
//! Deliberately absent: advisories, which need a database from the network.

use anyhow::{Result, bail};

use crate::workspace::{cargo, pass};

pub(crate) fn run() -> Result<()> {
    if cargo(&["deny", "--version"]).output().is_ok_and(|ended| !ended.status.success()) {
        bail!("cargo-deny is not installed: `cargo install cargo-deny --locked`");
    }
    pass(&mut cargo(&["deny", "--locked", "check", "bans", "licenses", "sources"]))
}
