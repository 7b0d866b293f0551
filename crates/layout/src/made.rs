//! Single files that are made from a use case or package and may be made again: a script, a compose file.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::write::parent_of;
use crate::{Error, Overwrite};

/// How far into a file its mark is looked for: it stands on the first or second line.
const HEAD: u64 = 512;

/// A file to be written.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// What it holds.
    pub bytes: &'a [u8],
    /// How a line near its beginning begins. A file with such a line is one that was made before. `None` for a file
    /// in a folder that is ours altogether.
    pub mark: Option<&'a str>,
    /// Who may do what with it.
    pub mode: Mode,
}

/// Permissions of a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Those, less what the user's umask denies.
    Usual(u32),
    /// Those, whatever the umask: for who is not the user, such as a container.
    Exact(u32),
}

/// Writes the file as a whole or not at all; its folder is made with its parents.
///
/// A file with the mark is written anew; any other is left alone, and an error, unless `overwrite` says otherwise.
pub fn write_made(made: &Made<'_>, path: &Path, overwrite: Overwrite) -> Result<(), Error> {
    if let Some(mark) = made.mark {
        check_ours(path, mark, overwrite)?;
    }
    let parent = parent_of(path);
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    let (Mode::Usual(mode) | Mode::Exact(mode)) = made.mode;
    let mut staged = tempfile::Builder::new()
        .permissions(Permissions::from_mode(mode))
        .prefix(".aieffect-")
        .tempfile_in(parent)
        .map_err(Error::io("write to", parent))?;
    if let Mode::Exact(mode) = made.mode {
        let set = staged.as_file().set_permissions(Permissions::from_mode(mode));
        set.map_err(Error::io("share", path))?;
    }
    staged.write_all(made.bytes).map_err(Error::io("write", path))?;
    staged.as_file().sync_all().map_err(Error::io("write", path))?;
    staged.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

/// An error when [`write_made`] would leave the file alone: for those who write other things before it.
pub fn check_ours(path: &Path, mark: &str, overwrite: Overwrite) -> Result<(), Error> {
    let taken = path.symlink_metadata().is_ok();
    if taken && overwrite == Overwrite::Refuse && !has_mark(path, mark) {
        return Err(Error::NotOurs { path: path.to_owned() });
    }
    Ok(())
}

fn has_mark(path: &Path, mark: &str) -> bool {
    // Asked before opening: opening a named pipe would wait for a writer.
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).lines().take(2).any(|line| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Made<'static> =
        Made { bytes: b"#!/bin/sh\n# Made\n", mark: Some("# Made"), mode: Mode::Usual(0o777) };

    #[test]
    fn what_was_made_before_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/script.sh");
        write_made(&MADE, &path, Overwrite::Refuse).unwrap();
        write_made(&Made { bytes: b"# Made twice", ..MADE }, &path, Overwrite::Refuse).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"# Made twice");
        assert_ne!(fs::metadata(&path).unwrap().permissions().mode() & 0o100, 0);
    }

    #[test]
    fn what_others_wrote_is_replaced_only_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("script.sh");
        for text in ["", "mine", "one\ntwo\n# Made"] {
            fs::write(&path, text).unwrap();
            let refused = write_made(&MADE, &path, Overwrite::Refuse);
            assert!(matches!(refused, Err(Error::NotOurs { .. })), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        write_made(&MADE, &path, Overwrite::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), MADE.bytes);
    }

    #[test]
    fn a_folder_of_that_name_is_an_error_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("script.sh");
        fs::create_dir(&path).unwrap();
        assert!(write_made(&MADE, &path, Overwrite::Replace).is_err());
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_replaced_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (dir.path().join("script.sh"), dir.path().join("elsewhere"));
        fs::write(&elsewhere, "# Made by hand").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        write_made(&MADE, &path, Overwrite::Refuse).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "# Made by hand");
        assert_eq!(fs::read(&path).unwrap(), MADE.bytes);
    }
}
