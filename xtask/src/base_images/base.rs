//! What the two images consist of.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{certificates, settings::Settings};
use crate::workspace::output;

/// Debian's release of the official images' time; its Python is 3.11.
pub(super) const SUITE: &str = "bookworm";
pub(super) const MIRROR: &str = "http://deb.debian.org/debian";

/// Raised when an image would come out differently although nothing that the recipe names has changed.
const REVISION: u32 = 1;

/// Which image it stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Python,
    Rust,
}

/// One image to be made.
pub(super) struct Base {
    pub(super) kind: Kind,
    pub(super) tag: &'static str,
    /// Beyond Debian's smallest system.
    pub(super) packages: &'static [&'static str],
    /// Instructions of a Dockerfile that `docker import` applies.
    pub(super) changes: &'static [&'static str],
    pub(super) toolchain: Option<Toolchain>,
}

/// The Rust toolchain that is active here.
pub(super) struct Toolchain {
    pub(super) sysroot: PathBuf,
    /// Such as `x86_64-unknown-linux-gnu`.
    pub(super) host: String,
    version: String,
}

impl Base {
    pub(super) fn of(kind: Kind) -> Result<Self> {
        Ok(match kind {
            Kind::Python => Self {
                kind,
                tag: "aieffect/base-python:bookworm",
                packages: &["ca-certificates", "python3", "python3-venv", "python3-pip"],
                changes: &["CMD [\"python3\"]"],
                toolchain: None,
            },
            Kind::Rust => Self {
                kind,
                tag: "aieffect/base-rust:bookworm",
                packages: &["ca-certificates", "gcc", "libc6-dev"],
                changes: &["ENV CARGO_HOME=/usr/local/cargo", "CMD [\"bash\"]"],
                toolchain: Some(Toolchain::active()?),
            },
        })
    }

    /// Everything that decides how the image comes out, as one hash.
    pub(super) fn recipe(&self, settings: Option<&Settings>) -> Result<String> {
        let text = format!(
            "{REVISION} {SUITE} {MIRROR}\n{:?}\n{:?}\n{}\n{}\n{}",
            self.packages,
            self.changes,
            self.toolchain.as_ref().map_or("", |toolchain| &toolchain.version),
            settings.map_or("", |settings| &settings.text),
            certificates::of_this_machine()?,
        );
        hash(&text)
    }

    /// What a container of the image has to manage, for a shell.
    pub(super) fn try_out(&self) -> &'static str {
        match self.kind {
            Kind::Python => "python -m pip download --quiet --no-deps --no-cache-dir --dest /tmp grpcio",
            Kind::Rust => {
                "cargo new --quiet --vcs none /tmp/trial && cd /tmp/trial \
                 && cargo add --quiet cfg-if && cargo run --quiet"
            }
        }
    }
}

impl Toolchain {
    fn active() -> Result<Self> {
        let rustc = |arguments: &[&str]| output(Command::new("rustc").args(arguments));
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
        let version = rustc(&["-vV"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("`rustc -vV` does not name its host")?.to_owned();
        ensure!(
            sysroot.join("bin/cargo").is_file(),
            "there is no cargo beside rustc in {}: use a toolchain of rustup's",
            sysroot.display()
        );
        Ok(Self { sysroot, host, version })
    }
}

fn hash(text: &str) -> Result<String> {
    let mut git = Command::new("git")
        .args(["hash-object", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("git cannot be started")?;
    let mut input = git.stdin.take().context("git has no stdin")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let hashed = git.wait_with_output()?;
    ensure!(hashed.status.success(), "`git hash-object` failed ({})", hashed.status);
    Ok(String::from_utf8(hashed.stdout)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_setting_is_another_recipe() {
        let base = Base::of(Kind::Python).unwrap();
        let settings = Settings { from: String::new(), text: "[global]\nproxy = http://a\n".to_owned() };
        assert_eq!(base.recipe(None).unwrap(), base.recipe(None).unwrap());
        assert_ne!(base.recipe(None).unwrap(), base.recipe(Some(&settings)).unwrap());
    }

    #[test]
    fn no_official_tag_is_used() {
        for kind in [Kind::Python, Kind::Rust] {
            assert!(Base::of(kind).unwrap().tag.starts_with("aieffect/"));
        }
    }
}
