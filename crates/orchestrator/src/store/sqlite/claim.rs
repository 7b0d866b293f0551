//! One process works on a run: [`RunClaim`].

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;

use crate::engine::RunId;
use crate::ports::{Claim, StoreError};

/// A run that this process works on. The system takes the lock away with the process, however that ends.
#[derive(Debug)]
pub struct RunClaim {
    _lock: File,
}

impl Claim for RunClaim {}

impl RunClaim {
    pub(super) fn take(run: &RunId, path: &Path, folder: &Path) -> Result<Self, StoreError> {
        Self::locked(path, folder, |pid| StoreError::Busy { run: run.clone(), pid })
    }

    /// Takes all runs at once.
    pub(super) fn take_all(path: &Path, folder: &Path) -> Result<Self, StoreError> {
        Self::locked(path, folder, |pid| StoreError::Occupied { folder: folder.to_owned(), pid })
    }

    fn locked(
        path: &Path,
        folder: &Path,
        taken: impl FnOnce(String) -> StoreError,
    ) -> Result<Self, StoreError> {
        let not_written = |error: std::io::Error| StoreError::not_written(folder, &error);
        let mut lock = File::options().create(true).append(true).open(path).map_err(not_written)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(not_written(error)),
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(path).unwrap_or_default();
                return Err(taken(pid.trim().to_owned()));
            }
        }
        lock.set_len(0).map_err(not_written)?;
        writeln!(lock, "{}", std::process::id()).map_err(not_written)?;
        Ok(Self { _lock: lock })
    }

    /// Whether a process has taken it.
    pub(super) fn is_taken(path: &Path) -> bool {
        let Ok(lock) = File::open(path) else { return false };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}
