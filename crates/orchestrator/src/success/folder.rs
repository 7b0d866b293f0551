//! The run's data folder, as conditions see it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

use super::text;

/// Characters of the folder's path in a message.
const MAX_ROOT: usize = 120;

/// Where the run's files lie, and under which names services know that folder. The default has no folder, so
/// conditions on files fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFolder {
    /// The folder on this machine.
    pub root: PathBuf,
    /// Where services find it, such as `/app/data`.
    pub mount_targets: Vec<String>,
}

/// Why a file of the data folder could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error("this run has no data folder")]
    NoFolder,
    #[error("`{0}` is outside of the data folder")]
    Outside(String),
    #[error("the data folder `{folder}` has no file `{name}`")]
    Missing { folder: String, name: String },
    #[error("`{0}` is no file")]
    NoFile(String),
    #[error("`{name}` cannot be read: {source}")]
    Unreadable { name: String, source: io::Error },
}

impl DataFolder {
    /// Whether services look for a file of that name in the folder, and it is not there.
    pub fn lacks(&self, name: &str) -> bool {
        let is_missing = |path: PathBuf| !self.root.join(path).exists();
        !self.root.as_os_str().is_empty() && self.inside(Path::new(name)).is_some_and(is_missing)
    }

    /// How many rows of data a text file has: its lines that are not blank, without the first, which is the
    /// header. Lines are counted, so a quoted line break counts as one.
    pub(super) fn file_rows(&self, name: &str) -> Result<u64, FileError> {
        let unreadable = |source| FileError::Unreadable { name: shown(name), source };
        let mut reader = BufReader::new(File::open(self.find(name)?).map_err(unreadable)?);
        let mut lines = 0_u64;
        let mut blank = true;
        loop {
            let piece = reader.fill_buf().map_err(unreadable)?;
            if piece.is_empty() {
                break;
            }
            for byte in piece {
                if *byte == b'\n' {
                    lines += u64::from(!blank);
                    blank = true;
                } else if !byte.is_ascii_whitespace() {
                    blank = false;
                }
            }
            let read = piece.len();
            reader.consume(read);
        }
        lines += u64::from(!blank);
        Ok(lines.saturating_sub(1))
    }

    /// A file's size in bytes.
    pub(super) fn file_size(&self, name: &str) -> Result<u64, FileError> {
        let path = self.find(name)?;
        let metadata = path.metadata();
        Ok(metadata.map_err(|source| FileError::Unreadable { name: shown(name), source })?.len())
    }

    /// The regular file that services call `name`: a leading mount target or `data/` is stripped, and what
    /// lies outside of the folder, links followed, is refused.
    fn find(&self, name: &str) -> Result<PathBuf, FileError> {
        if self.root.as_os_str().is_empty() {
            return Err(FileError::NoFolder);
        }
        let inside = self.inside(Path::new(name)).ok_or_else(|| FileError::Outside(shown(name)))?;
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                FileError::Missing { folder: self.shown_root(), name: shown(name) }
            }
            _ => FileError::Unreadable { name: shown(name), source },
        };
        let root = self.root.canonicalize().map_err(unreadable)?;
        let path = root.join(inside).canonicalize().map_err(unreadable)?;
        if !path.starts_with(&root) {
            return Err(FileError::Outside(shown(name)));
        }
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(FileError::NoFile(shown(name)));
        }
        Ok(path)
    }

    /// Where it looked: its end, which tells folders apart.
    fn shown_root(&self) -> String {
        let root = self.root.display().to_string();
        let start = root.char_indices().rev().nth(MAX_ROOT).map_or(0, |(start, _)| start);
        let cut = if start == 0 { "" } else { "…" };
        format!("{cut}{}", text::brief(&root[start..], MAX_ROOT + 1))
    }

    /// The way from the folder to that file, going down only.
    fn inside(&self, name: &Path) -> Option<PathBuf> {
        let mounted = self.mount_targets.iter().filter(|target| target.starts_with('/'));
        let stripped = mounted.filter_map(|target| name.strip_prefix(target).ok());
        let longest = stripped.min_by_key(|rest| rest.as_os_str().len());
        let relative = match longest {
            Some(rest) => rest,
            None => {
                let name = name.strip_prefix(".").unwrap_or(name);
                name.strip_prefix("data").unwrap_or(name)
            }
        };
        let down = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        relative.components().all(down).then(|| relative.to_path_buf())
    }
}

fn shown(name: &str) -> String {
    text::brief(name, 120)
}
