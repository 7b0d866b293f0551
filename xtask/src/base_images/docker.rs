//! The Docker command line, for images.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::base::{Base, Toolchain};
use super::tree::Tree;
use crate::workspace::output;

/// Its value is the recipe that the image was made by.
const LABEL: &str = "io.aieffect.base-image";

/// Of Debian's system, what no build needs.
const LEFT_OUT: [&str; 6] = [
    "./var/cache/apt/archives/*.deb",
    "./var/cache/apt/*.bin",
    "./var/lib/apt/lists/*",
    "./usr/share/doc/*",
    "./usr/share/man/*",
    "./usr/share/locale/*",
];

/// Fails with what to do where no daemon answers.
pub(super) fn reach() -> Result<()> {
    let asked = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
    let asked = asked.context("the command `docker` is not there: install Docker")?;
    if !asked.status.success() {
        let said = String::from_utf8_lossy(&asked.stderr);
        bail!(
            "no Docker daemon answers: start it, or say with DOCKER_HOST where it is; `docker version` says: {}",
            said.trim()
        );
    }
    Ok(())
}

/// The recipe of the image with this tag; `None` where there is no such image, or it has none.
pub(super) fn label(tag: &str) -> Result<Option<String>> {
    let id = id(tag)?;
    let Some(id) = id else { return Ok(None) };
    let format = format!("{{{{index .Config.Labels {LABEL:?}}}}}");
    let label = output(Command::new("docker").args(["image", "inspect", "--format", &format, &id]))?;
    Ok(Some(label.trim().to_owned()).filter(|label| !label.is_empty()))
}

fn id(tag: &str) -> Result<Option<String>> {
    let listed = output(Command::new("docker").args(["image", "ls", "--quiet", "--no-trunc", tag]))?;
    Ok(listed.lines().next().map(str::to_owned))
}

/// An image that has no tag yet; removed unless it is accepted.
pub(super) struct Trial {
    id: String,
    accepted: bool,
}

impl Trial {
    pub(super) fn import(base: &Base, tree: &Tree, recipe: &str) -> Result<Self> {
        let mut tar = pack(base, tree)?;
        let mut tar = tar.stdout(Stdio::piped()).spawn().context("tar cannot be started")?;
        let archive = tar.stdout.take().context("tar has no stdout")?;
        let mut import = Command::new("docker");
        import.arg("import").arg("--change").arg(format!("LABEL {LABEL}={recipe}"));
        for change in base.changes {
            import.args(["--change", change]);
        }
        let imported = output(import.arg("-").stdin(archive));
        let packed = tar.wait()?;
        let trial = Self { id: imported?.trim().to_owned(), accepted: false };
        ensure!(packed.success(), "tar cannot pack {} ({packed})", tree.root().display());
        Ok(trial)
    }

    /// Runs a script in a container; what it said when it failed.
    pub(super) fn run(&self, script: &str) -> Result<Result<(), String>> {
        let ran = Command::new("docker").args(["run", "--rm", &self.id, "sh", "-c", script]).output()?;
        let said = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        Ok(if ran.status.success() { Ok(()) } else { Err(said) })
    }

    /// Gives it its tag, and removes the image that had it.
    pub(super) fn accept(mut self, tag: &str) -> Result<()> {
        let before = id(tag)?;
        output(Command::new("docker").args(["tag", &self.id, tag]))?;
        self.accepted = true;
        if let Some(before) = before.filter(|before| *before != self.id) {
            let removed = output(Command::new("docker").args(["image", "rm", &before]));
            if let Err(error) = removed {
                eprintln!("{tag}: the image that it replaces is still used: {error:#}");
            }
        }
        Ok(())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !self.accepted {
            // Without a tag it is in nobody's way, and `docker image prune` finds it.
            let _ = Command::new("docker").args(["image", "rm", &self.id]).output();
        }
    }
}

/// The tree, and below its `/usr/local` the toolchain.
fn pack(base: &Base, tree: &Tree) -> Result<Command> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner"]);
    tar.args(LEFT_OUT.map(|path| format!("--exclude={path}")));
    if base.toolchain.is_some() {
        // Debian's own begin with `./`.
        tar.args(["--transform", "flags=rSH;s,^\\(bin\\|lib\\)/,usr/local/\\1/,", "--owner=0", "--group=0"]);
    }
    tar.arg("--directory").arg(tree.root()).arg(".");
    if let Some(Toolchain { sysroot, host, .. }) = &base.toolchain {
        tar.arg("--directory").arg(sysroot).args(["bin/rustc", "bin/cargo"]);
        tar.args(libraries(sysroot)?).arg(format!("lib/rustlib/{host}"));
    }
    Ok(tar)
}

/// What `rustc` is linked against, relative to the toolchain: all plain files of its `lib`.
fn libraries(sysroot: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(sysroot.join("lib"))?.collect::<Result<Vec<_>, _>>()?;
    let files = entries.iter().filter(|entry| entry.path().is_file());
    Ok(files.map(|entry| Path::new("lib").join(entry.file_name())).collect())
}
