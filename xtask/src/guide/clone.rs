//! A clean clone of the repository's HEAD.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{output, pass, root, target};

/// A clone without anything that its own commands have not made.
pub(crate) struct CleanClone {
    folder: PathBuf,
}

impl CleanClone {
    /// Makes the clone, or brings that of last time up to date and cleans it. `None` where git has no HEAD to clone.
    pub(crate) fn make() -> Result<Option<Self>> {
        let has_head =
            output(Command::new("git").args(["rev-parse", "--verify", "HEAD"]).current_dir(root()));
        if has_head.is_err() {
            return Ok(None);
        }
        let clone = Self { folder: target().join("guide") };
        if !clone.path().join(".git").is_dir() {
            fs::create_dir_all(&clone.folder).with_context(|| format!("{}", clone.folder.display()))?;
            pass(Command::new("git").args(["clone", "--quiet"]).arg(root()).arg(clone.path()))?;
        }
        clone.git(&["fetch", "--quiet", &root().display().to_string(), "HEAD"])?;
        clone.git(&["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"])?;
        clone.git(&["clean", "-ffdxq"])?;
        Ok(Some(clone))
    }

    /// The root of the clone.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("clone")
    }

    /// What is built from the clone. Not the repository's own: cargo would take the one's objects for the other's.
    pub(crate) fn build(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Where `cargo install` of a page installs to.
    pub(crate) fn installed(&self) -> PathBuf {
        self.folder.join("installed")
    }

    /// Where a page's output is kept while it runs.
    pub(crate) fn printed(&self) -> PathBuf {
        self.folder.join("printed")
    }

    /// Where a page's commands find what stands in for `docker compose`.
    pub(crate) fn docker_config(&self) -> PathBuf {
        self.folder.join("docker")
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        pass(Command::new("git").arg("-C").arg(self.path()).args(arguments))
    }
}
