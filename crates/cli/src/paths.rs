//! Ways from one place to another, and files that make room.

use std::io;
use std::path::{Component, Path, PathBuf};

/// What stands behind the name of a file that an earlier run has written.
const EARLIER: &str = ".previous";

/// Gives what an earlier run has written another name: whoever reads the file after this run must not take that for its
/// own. `None` when there is no such file; neither a device nor a link is one.
pub(crate) fn set_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let mut aside = path.to_owned().into_os_string();
    aside.push(EARLIER);
    let aside = PathBuf::from(aside);
    std::fs::rename(path, &aside)?;
    Ok(Some(aside))
}

/// Whether both lead to one file, there or not there yet.
pub(crate) fn are_same(left: &Path, right: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    left == right || place(left).is_some_and(|left| place(right) == Some(left))
}

/// The way from the folder `from` to `to`, with `/` between names; empty when they are one. Folders that are not there
/// yet are taken by their letters alone.
pub(crate) fn way(from: &Path, to: &Path) -> String {
    let (Some(from), Some(to)) = (full(from), full(to)) else { return to.display().to_string() };
    let common = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().cloned();
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A path as seen from here, where that is shorter.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    short.unwrap_or(path).display().to_string()
}

fn full(path: &Path) -> Option<Vec<String>> {
    std::path::absolute(path).ok().map(|path| normal(&path))
}

fn normal(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_from_one_place_to_the_other() {
        let check =
            |from: &str, to: &str, expected: &str| assert_eq!(way(Path::new(from), Path::new(to)), expected);
        check("use-cases-platform/a", "use-cases/a", "../../use-cases/a");
        check("/x/a/../out", "/x/a", "../a");
        check("/x/a/out", "/x/./a/", "..");
        check("/x/a", "/x/a/b c", "b c");
        check("/x/a", "/x/a/", "");
    }
}
