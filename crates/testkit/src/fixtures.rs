//! Where fixtures lie.

use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn repo_root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    crates.unwrap_or_else(|| Path::new("/")).to_owned()
}

/// The folder of data that lies beside the repository, if it is there. Ask [`require`](crate::require) for
/// `SharedData` first, so that a test that is left out is counted.
pub fn shared_dir() -> Option<PathBuf> {
    let shared = repo_root().parent()?.join("shared");
    shared.is_dir().then_some(shared)
}

/// A use case of the repository.
///
/// # Panics
/// When there is none of that name.
pub fn use_case(name: &str) -> PathBuf {
    let folder = repo_root().join("use-cases").join(name);
    assert!(folder.is_dir(), "no use case `{name}`");
    folder
}
