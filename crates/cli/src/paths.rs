//! Ways from one place to another.

use std::path::{Component, Path};

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
