//! Messages that are too large for the database: files named by the digest of their content.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::SqliteStore;
use crate::engine::RunId;
use crate::ports::{Entry, StoreError};

/// What lies in the database itself.
const MOST_INSIDE: usize = 64 * 1024;

impl SqliteStore {
    /// Writes a large message to its file, and gives the file's name.
    pub(super) fn kept_apart(&self, run: &RunId, entry: &Entry) -> Result<Option<String>, StoreError> {
        let Some(message) = entry.message.as_ref().filter(|_| is_kept_apart(entry)) else {
            return Ok(None);
        };
        let name = digest(message);
        let folder = self.run_folder(run).join("messages");
        let written = write(&folder, &name, message);
        written.map_err(|error| StoreError::not_written(self.folder(), &error))?;
        Ok(Some(name))
    }

    pub(super) fn read_apart(&self, run: &RunId, name: &str) -> Result<Bytes, StoreError> {
        let path = self.run_folder(run).join("messages").join(name);
        let changed = || io::Error::other(format!("`{}` is not what was written", path.display()));
        let read = fs::read(&path).map(Bytes::from);
        let read = read.and_then(|bytes| if digest(&bytes) == name { Ok(bytes) } else { Err(changed()) });
        read.map_err(|error| StoreError::not_read(self.folder(), &error))
    }
}

/// Whether the message of an event has a file of its own.
pub(super) fn is_kept_apart(entry: &Entry) -> bool {
    entry.message.as_ref().is_some_and(|message| message.len() > MOST_INSIDE)
}

/// A file of that name is whole: it gets its name when it is.
fn write(folder: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let part = path.with_extension("part");
    let written = File::create(&part).and_then(|mut file| file.write_all(message));
    if let Err(error) = written {
        // The disk may be full of it.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::rename(part, path)
}

fn digest(message: &[u8]) -> String {
    Sha256::digest(message).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
