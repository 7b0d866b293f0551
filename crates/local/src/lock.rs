//! Folders of the cache that are made once, also by several processes side by side: [`claim`].

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a folder that another process makes is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The file in a folder that is complete.
const MARKER: &str = "complete";

/// A folder of the cache.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is there, and nobody changes it any more.
    Complete,
    /// It is empty and this process's to make.
    Ours(Making),
}

/// Holds a folder's lock until it is made, or given up.
#[derive(Debug)]
pub(crate) struct Making {
    dir: PathBuf,
    _lock: File,
}

impl Making {
    /// Says that the folder is made.
    pub(crate) fn complete(self) -> io::Result<()> {
        fs::write(self.dir.join(MARKER), "")
    }
}

/// Waits while another process makes the folder `dir`; `waiting` is called once when there is one. What a
/// process has left half made is removed.
pub(crate) async fn claim(dir: &Path, waiting: impl FnOnce()) -> io::Result<Claim> {
    if dir.join(MARKER).exists() {
        return Ok(Claim::Complete);
    }
    fs::create_dir_all(dir.parent().unwrap_or(dir))?;
    let lock = File::options().create(true).append(true).open(dir.with_extension("lock"))?;
    let mut waiting = Some(waiting);
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                if let Some(waiting) = waiting.take() {
                    waiting();
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
    if dir.join(MARKER).exists() {
        return Ok(Claim::Complete);
    }
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir(dir)?;
    Ok(Claim::Ours(Making { dir: dir.to_owned(), _lock: lock }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_is_made_once_and_again_when_it_was_given_up() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("venvs/abc");
        let Claim::Ours(given_up) = claim(&dir, || ()).await.unwrap() else { panic!("nobody made it") };
        fs::write(dir.join("half"), "").unwrap();
        drop(given_up);

        let Claim::Ours(making) = claim(&dir, || ()).await.unwrap() else { panic!("it was given up") };
        assert!(!dir.join("half").exists());
        let mut waited = false;
        let (second, ()) = tokio::join!(claim(&dir, || waited = true), async {
            tokio::task::yield_now().await;
            making.complete().unwrap();
        });
        assert!(matches!(second.unwrap(), Claim::Complete));
        assert!(waited);
    }
}
