//! The folder of one run: `.aieffect/runs/<run>/` with `data`, `work/<service>` and `logs/<service>.log`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The run's folder, made.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    data: PathBuf,
}

/// Why a run has no folder.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// Neither place can be written.
    #[error(
        "the run's folder can be made neither in `{}` nor in the working directory; run aieffect from a folder \
         that you may write to", .dir.display()
    )]
    NotWritable {
        /// The use case or package.
        dir: PathBuf,
        /// Why not in the working directory.
        source: io::Error,
    },
    /// `--data` names no folder.
    #[error("the data folder `{}` cannot be used; make it first", .dir.display())]
    NoData {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The use case's data cannot be copied.
    #[error("`{}` cannot be copied into the run's folder `{}`", .from.display(), .to.display())]
    Copy {
        /// The use case's `data`.
        from: PathBuf,
        /// The run's.
        to: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Where a run's data folder comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSource<'a> {
    /// A copy of this folder, empty when there is none.
    CopyOf(&'a Path),
    /// This folder itself.
    Itself(&'a Path),
}

impl RunFolder {
    /// Makes the folder in `root` (a use case or package), else in the working directory. A run that goes on gets
    /// another one, `<run>.2` and so forth.
    pub fn create(root: &Path, run: &str, data: DataSource<'_>) -> Result<Self, RunFolderError> {
        let not_writable = |source| RunFolderError::NotWritable { dir: root.to_owned(), source };
        let path = match make(root, run) {
            Ok(path) => path,
            Err(_) => std::env::current_dir().and_then(|here| make(&here, run)).map_err(not_writable)?,
        };
        let own = path.join("data");
        let data = match data {
            DataSource::Itself(dir) => existing(dir)?,
            DataSource::CopyOf(dir) => {
                let copied = if dir.is_dir() { copy_tree(dir, &own) } else { fs::create_dir(&own) };
                copied.map_err(|source| RunFolderError::Copy {
                    from: dir.to_owned(),
                    to: own.clone(),
                    source,
                })?;
                own
            }
        };
        Ok(Self { path, data })
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's data, absolute.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where a service's working copy lies.
    pub fn work(&self, service: &str) -> PathBuf {
        self.path.join("work").join(service)
    }

    /// What a service prints.
    pub fn log(&self, service: &str) -> PathBuf {
        self.path.join("logs").join(format!("{service}.log"))
    }
}

fn make(root: &Path, run: &str) -> io::Result<PathBuf> {
    let own = root.join(".aieffect");
    let path = unused(&own.join("runs"), run);
    fs::create_dir_all(path.join("logs"))?;
    let ignore = own.join(".gitignore");
    if !ignore.exists() {
        fs::write(&ignore, "*\n")?;
    }
    path.canonicalize()
}

/// A name that no folder has yet.
fn unused(runs: &Path, run: &str) -> PathBuf {
    let numbered = (2_u32..).map(|number| runs.join(format!("{run}.{number}")));
    let mut names = std::iter::once(runs.join(run)).chain(numbered);
    names.find(|path| !path.exists()).unwrap_or_else(|| runs.join(run))
}

fn existing(dir: &Path) -> Result<PathBuf, RunFolderError> {
    let found = dir.canonicalize().and_then(|dir| fs::read_dir(&dir).map(|_| dir));
    found.map_err(|source| RunFolderError::NoData { dir: dir.to_owned(), source })
}

/// Copies a folder with everything in it. Links to files become files; links to folders stay links, so that
/// none can lead round in circles.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(from).sort_by_file_name() {
        let entry = entry?;
        let Ok(below) = entry.path().strip_prefix(from) else { continue };
        let target = to.join(below);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else if entry.file_type().is_file() || entry.path().is_file() {
            fs::copy(entry.path(), &target)?;
        } else if entry.file_type().is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_starts_from_a_copy_of_the_data_and_is_ignored_by_git() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        fs::create_dir_all(data.join("deep")).unwrap();
        fs::write(data.join("deep/a.csv"), "1").unwrap();
        let run = RunFolder::create(root.path(), "r1", DataSource::CopyOf(&data)).unwrap();
        fs::write(run.data().join("deep/a.csv"), "2").unwrap();
        assert_eq!(fs::read_to_string(data.join("deep/a.csv")).unwrap(), "1");
        assert_eq!(fs::read_to_string(root.path().join(".aieffect/.gitignore")).unwrap(), "*\n");
        assert_eq!(run.path(), root.path().canonicalize().unwrap().join(".aieffect/runs/r1"));
    }

    #[test]
    fn a_use_case_without_data_gets_an_empty_folder() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::create(root.path(), "r", DataSource::CopyOf(&root.path().join("data"))).unwrap();
        assert_eq!(fs::read_dir(run.data()).unwrap().count(), 0);
    }

    #[test]
    fn a_data_folder_of_the_users_is_used_itself_and_must_be_there() {
        let root = tempfile::tempdir().unwrap();
        let own = tempfile::tempdir().unwrap();
        let run = RunFolder::create(root.path(), "r", DataSource::Itself(own.path())).unwrap();
        assert_eq!(run.data(), own.path().canonicalize().unwrap());
        let missing = own.path().join("none");
        let error = RunFolder::create(root.path(), "r2", DataSource::Itself(&missing)).unwrap_err();
        assert!(matches!(error, RunFolderError::NoData { .. }), "{error}");
    }
}
