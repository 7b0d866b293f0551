//! Nothing in the repository is about one machine: no path into somebody's home or workplace.

use std::fs;

use anyhow::Result;

use super::Complaints;
use crate::workspace::{root, tracked_files};

/// Folders at the root of a file system that no file has a reason to name.
const FOLDERS: [&str; 4] = ["work", "root", "home", "Users"];

/// Paths inside images, which are the same everywhere.
const IN_IMAGES: [&str; 1] = ["root/.cache"];

pub(super) fn check() -> Result<Complaints> {
    let mut complaints = Complaints::new();
    for path in tracked_files()? {
        // What is not text, such as a zip among the fixtures, is not looked into.
        let Ok(text) = String::from_utf8(fs::read(root().join(&path))?) else { continue };
        for (index, line) in text.lines().enumerate() {
            if names_machine_path(line) {
                complaints.push(format!("{}:{}: {}", path.display(), index + 1, line.trim()));
            }
        }
    }
    Ok(complaints)
}

fn names_machine_path(line: &str) -> bool {
    line.match_indices('/').any(|(at, _)| {
        let within = |before: char| before.is_alphanumeric() || "/._-<>{}$~*".contains(before);
        let rest = &line[at + 1..];
        let names = |folder: &&str| rest.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'));
        let in_image = IN_IMAGES.iter().any(|path| rest.starts_with(path));
        !line[..at].ends_with(within) && !in_image && FOLDERS.iter().any(names)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_from_the_root_is_found_and_one_inside_is_not() {
        let path = |folder: &str| format!("see `/{folder}/ann/x`");
        assert!(FOLDERS.iter().all(|folder| names_machine_path(&path(folder))));
        assert!(!names_machine_path("RUN rm -rf /root/.cache/pip"));
        assert!(!names_machine_path(".aieffect/runs/<run>/work/<service>, ../root/x"));
    }
}
