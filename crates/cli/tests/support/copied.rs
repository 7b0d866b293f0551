//! A use case of the repository, where a run leaves nothing behind in it.

use std::fs;
use std::path::{Path, PathBuf};

use aieffect_testkit::use_case;
use tempfile::TempDir;

use super::Aieffect;

/// The copy, in a folder of its own that goes with it.
pub(crate) struct Copied {
    pub(crate) dir: TempDir,
    pub(crate) path: PathBuf,
}

impl Copied {
    pub(crate) fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        copy(&use_case(name), &path);
        Self { dir, path }
    }

    pub(crate) fn run(&self) -> Aieffect {
        Aieffect::new("run", &self.path, &self.path)
    }

    /// What the only run left in its data folder under this name.
    pub(crate) fn run_file(&self, name: &str) -> String {
        let runs: Vec<_> =
            fs::read_dir(self.path.join(".aieffect/runs")).unwrap().map(Result::unwrap).collect();
        assert_eq!(runs.len(), 1);
        fs::read_to_string(runs[0].path().join("data").join(name)).unwrap()
    }
}

/// Copies a folder, without what runs leave in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_name().to_str() {
            Some(".aieffect" | "__pycache__") => {}
            _ if entry.file_type().unwrap().is_dir() => copy(&entry.path(), &target),
            _ => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
