//! Where what outlives a run is kept: [`CacheFolder`].

use std::path::{Path, PathBuf};

/// `~/.cache/aieffect`, or what stands for it.
#[derive(Debug, Clone)]
pub struct CacheFolder {
    path: PathBuf,
}

impl CacheFolder {
    /// This folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The user's: `aieffect` below `XDG_CACHE_HOME`, else below `HOME/.cache`, else below the folder for
    /// temporary files.
    pub fn of_user() -> Self {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        Self::new(base.unwrap_or_else(std::env::temp_dir).join("aieffect"))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the locks of ports lie.
    pub(crate) fn ports(&self) -> PathBuf {
        self.path.join("ports")
    }
}
