//! `cargo xtask dist`: the static binary that is handed out, as `dist/aieffect`.

#[path = "../../crates/cli/src/static_binary.rs"]
mod static_binary;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use self::static_binary::is_static;
use crate::workspace::{cargo, output, pass, root, target};

/// Stripped by the compiler: cargo forgets the `strip` of a profile for a package that has a setting of its own.
const FLAGS: &str = "-C target-feature=+crt-static -C strip=symbols";
const PACKAGE: [&str; 5] = ["build", "--locked", "--package", "aieffect-cli", "--profile=dist"];

pub(crate) fn run() -> Result<()> {
    let host = host()?;
    ensure!(
        host.contains("-linux-"),
        "a static binary is made on Linux, and this is {host}; build the image of crates/cli/Dockerfile instead"
    );
    // Without an explicit target the flag would also apply to procedural macros, which then do not build.
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(&format!(" {FLAGS}"));
    pass(cargo(&PACKAGE).args(["--target", &host]).env("RUSTFLAGS", flags.trim()))?;
    let built = target().join(&host).join("dist/aieffect");
    let bytes = fs::read(&built).with_context(|| format!("{} cannot be read", built.display()))?;
    ensure!(is_static(&bytes), "{} names a loader: it is not static", built.display());
    let folder = root().join("dist");
    let (handed_out, part) = (folder.join("aieffect"), folder.join(".aieffect.part"));
    fs::create_dir_all(&folder)?;
    fs::copy(&built, &part).with_context(|| format!("{} cannot be written", part.display()))?;
    fs::rename(&part, &handed_out)?;
    println!("{}: static, {:.1} MB", handed_out.display(), bytes.len() as f64 / 1e6);
    Ok(())
}

fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` does not name its host")?.to_owned())
}
