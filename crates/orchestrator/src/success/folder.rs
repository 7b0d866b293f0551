//! The run's data folder, as conditions see it.

use std::path::PathBuf;

/// Where the run's files lie, and under which names services know that folder.
#[derive(Debug, Clone, Default)]
pub struct DataFolder {
    /// The folder on this machine.
    pub root: PathBuf,
    /// Where services find it, such as `/app/data`.
    pub mount_targets: Vec<String>,
}
