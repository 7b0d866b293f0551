//! Writing a package's folder, whole or not at all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use aieffect_blueprint::PackageFiles;

use crate::Error;
use crate::open::{is_package, is_use_case};

/// Texts by their names below a folder, with `/` between.
type Files = BTreeMap<String, String>;

/// What to do about a package that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it and fail.
    Refuse,
    /// Replace what an export writes and leave every other file alone.
    Replace,
}

/// Writes the files to `dir`, which is made with its parents.
///
/// With [`Overwrite::Replace`] the documents and the folder of the protos are replaced as a whole, so that
/// none of an older export survives; a folder that is neither a package nor empty is refused. When this
/// fails, what was there is there still.
pub fn write_package(files: &PackageFiles, dir: &Path, overwrite: Overwrite) -> Result<(), Error> {
    names_stay_inside(&files.0)?;
    match state(dir)? {
        State::Absent => write_new(&files.0, dir),
        State::Empty => write_into(&files.0, dir),
        State::Package if overwrite == Overwrite::Replace => write_into(&files.0, dir),
        State::Package => Err(Error::AlreadyThere { path: dir.to_owned() }),
        State::Other => Err(Error::NotReplaced { path: dir.to_owned() }),
    }
}

/// Writes the files of a new use case to `dir`, which is made with its parents; a folder that holds anything is
/// refused. When this fails, there is no folder, or it is as empty as before.
pub fn write_use_case(files: &BTreeMap<String, String>, dir: &Path) -> Result<(), Error> {
    names_stay_inside(files)?;
    match state(dir)? {
        State::Absent => write_new(files, dir),
        State::Empty => write_into(files, dir),
        State::Package | State::Other => Err(Error::NotEmpty { path: dir.to_owned() }),
    }
}

fn names_stay_inside(files: &Files) -> Result<(), Error> {
    match files.keys().find(|name| !stays_inside(name)) {
        Some(name) => Err(Error::UnsafeName { name: name.clone() }),
        None => Ok(()),
    }
}

/// Whether a name stays below the folder it is joined to, on every system.
pub(crate) fn stays_inside(name: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !name.contains(['\\', ':', '\0']) && name.split('/').all(plain)
}

enum State {
    Absent,
    Empty,
    Package,
    Other,
}

fn state(dir: &Path) -> Result<State, Error> {
    if dir.symlink_metadata().is_err() {
        return Ok(State::Absent);
    }
    if !dir.is_dir() {
        return Ok(State::Other);
    }
    let mut entries = fs::read_dir(dir).map_err(Error::io("read", dir))?;
    Ok(if entries.next().is_none() {
        State::Empty
    } else if is_package(dir) && !is_use_case(dir) {
        State::Package
    } else {
        State::Other
    })
}

/// A new folder takes its name only when it is whole.
fn write_new(files: &Files, dir: &Path) -> Result<(), Error> {
    let parent = parent_of(dir);
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    let staging = tempfile::Builder::new()
        .prefix(".aieffect-export-")
        .tempdir_in(parent)
        .map_err(Error::io("write to", parent))?;
    write_files(files, staging.path())?;
    let staged = staging.keep();
    fs::rename(&staged, dir).map_err(|error| {
        // The error that is returned matters more than what is left beside.
        let _ = fs::remove_dir_all(&staged);
        Error::io("create", dir)(error)
    })
}

/// The folder that a path lies in; the current one for a bare name.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Writes everything beside its place inside the folder first, then swaps by renaming. Inside, since the
/// folder itself may be a mount that nothing can be renamed into.
fn write_into(files: &Files, dir: &Path) -> Result<(), Error> {
    let staging = tempfile::Builder::new()
        .prefix(".aieffect-export-")
        .tempdir_in(dir)
        .map_err(Error::io("write to", dir))?;
    let (new, old) = (staging.path().join("new"), staging.path().join("old"));
    for folder in [&new, &old] {
        fs::create_dir(folder).map_err(Error::io("create", folder))?;
    }
    write_files(files, &new)?;
    let mut swap = Swap { dir, new, old, moves: Vec::new() };
    let swapped = swap.all();
    if swapped.is_err() {
        swap.undo();
    }
    swapped
}

/// The renames of a replacement, remembered so that they can be taken back.
struct Swap<'a> {
    dir: &'a Path,
    new: PathBuf,
    old: PathBuf,
    moves: Vec<(PathBuf, PathBuf)>,
}

impl Swap<'_> {
    fn all(&mut self) -> Result<(), Error> {
        let replaced = PackageFiles::DOCUMENTS.into_iter().chain([PackageFiles::PROTO_FOLDER]);
        for name in replaced {
            if self.dir.join(name).symlink_metadata().is_ok() {
                self.rename(self.dir.join(name), self.old.join(name))?;
            }
        }
        for name in self.staged()? {
            self.rename(self.new.join(&name), self.dir.join(&name))?;
        }
        Ok(())
    }

    fn staged(&self) -> Result<Vec<OsString>, Error> {
        let entries = fs::read_dir(&self.new).map_err(Error::io("read", &self.new))?;
        let mut names: Vec<OsString> =
            entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&mut self, from: PathBuf, to: PathBuf) -> Result<(), Error> {
        fs::rename(&from, &to).map_err(Error::io("replace", &to))?;
        self.moves.push((from, to));
        Ok(())
    }

    fn undo(&mut self) {
        while let Some((from, to)) = self.moves.pop() {
            // Already failing; what cannot be taken back either stays in the staging folder's place.
            let _ = fs::rename(to, from);
        }
    }
}

fn write_files(files: &Files, dir: &Path) -> Result<(), Error> {
    for (name, text) in files {
        let path = dir.join(name);
        let parent = parent_of(&path);
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let mut file = fs::File::create_new(&path).map_err(Error::io("write", &path))?;
        file.write_all(text.as_bytes()).map_err(Error::io("write", &path))?;
        file.sync_all().map_err(Error::io("write", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_that_is_taken_stays_inside(name in "[a./\\\\:\0-]{0,12}|\\PC{0,12}") {
            let path = Path::new(&name);
            let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
            if stays_inside(&name) {
                prop_assert!(plain && path.is_relative() && path.components().count() > 0);
            }
        }
    }
}
