//! The folders of a package that the containers of its stack share.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aieffect_blueprint::{Code, Diagnostic, Findings};

use crate::Error;

/// For containers of any user: which one an image runs as, nobody here knows.
const FOR_ALL: u32 = 0o777;
/// What another user needs to put files into a folder.
const OTHERS_WRITE: u32 = 0o003;

/// What there is to know of a folder that containers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// Every user may write to it.
    ByAll,
    /// It was there already, and not every user may.
    NotByAll,
}

/// Makes a folder that containers of any user can write to. One that is there already is left as it is.
pub fn shared_folder(path: &Path) -> Result<Shared, Error> {
    match fs::create_dir(path) {
        Ok(()) => {
            // Said once more, since what a new folder gets is up to the umask.
            let set = fs::set_permissions(path, Permissions::from_mode(FOR_ALL));
            set.map_err(Error::io("share", path))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(Error::io("create", path)(error)),
    }
    let mode = fs::metadata(path).map_err(Error::io("look at", path))?.permissions().mode();
    Ok(if mode & OTHERS_WRITE == OTHERS_WRITE { Shared::ByAll } else { Shared::NotByAll })
}

/// Whether every user may read a folder with all files in it, as far as `depth` folders down; a container that runs
/// as another user than the files' owner has to.
pub fn is_for_all(path: &Path, depth: usize) -> bool {
    const OTHERS_READ: u32 = 0o004;
    const OTHERS_ENTER: u32 = 0o005;
    let entries = walkdir::WalkDir::new(path).max_depth(depth).into_iter();
    // What cannot be looked at is said by whoever reads it.
    let modes = entries.flatten().filter_map(|entry| Some((entry.file_type(), entry.metadata().ok()?)));
    modes.into_iter().all(|(kind, metadata)| {
        let needed = if kind.is_dir() { OTHERS_ENTER } else { OTHERS_READ };
        kind.is_symlink() || metadata.permissions().mode() & needed == needed
    })
}

/// A finding for each of these names below `dir` that is a link: containers write there, and would get at what it leads to,
/// be it elsewhere or the compose file beside it.
pub fn links(dir: &Path, names: &[&str]) -> Findings {
    let links = names.iter().filter(|name| dir.join(name).is_symlink());
    links.map(|name| is_a_link(name)).collect()
}

fn is_a_link(name: &str) -> Diagnostic {
    Diagnostic::error(
        Code::UnsafeArchiveEntry,
        format!("`{name}` is a link, and containers would write through it"),
    )
    .help("put a folder there, or remove the link")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_new_folder_is_for_all_and_an_old_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (new, old) = (dir.path().join("new"), dir.path().join("old"));
        assert_eq!(shared_folder(&new).unwrap(), Shared::ByAll);
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o7777, 0o777);
        fs::create_dir(&old).unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(shared_folder(&old).unwrap(), Shared::NotByAll);
        assert_eq!(fs::metadata(&old).unwrap().permissions().mode() & 0o7777, 0o755);
        assert_eq!(shared_folder(&new).unwrap(), Shared::ByAll);
    }

    #[test]
    fn a_file_in_its_place_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("data"), "").unwrap();
        assert!(shared_folder(&dir.path().join("data")).is_err());
    }

    #[test]
    fn links_are_findings_wherever_they_lead() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("package");
        fs::create_dir_all(dir.join("inside")).unwrap();
        symlink(outer.path(), dir.join("out")).unwrap();
        symlink(outer.path().join("nowhere"), dir.join("dangling")).unwrap();
        symlink(dir.join("inside"), dir.join("in")).unwrap();
        let found = links(&dir, &["out", "dangling", "in", "inside", "absent"]);
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "error[AE0208]: `out` is a link, and containers would write through it",
                "error[AE0208]: `dangling` is a link, and containers would write through it",
                "error[AE0208]: `in` is a link, and containers would write through it",
            ]
        );
    }
}
