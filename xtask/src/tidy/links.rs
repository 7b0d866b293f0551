//! Every relative link of a Markdown page leads to a file or folder.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::workspace::{root, tracked_files};

pub(super) fn check() -> Result<Complaints> {
    let mut complaints = Complaints::new();
    for path in tracked_files()? {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(root().join(&path))?;
        let folder = root().join(path.parent().unwrap_or(Path::new("")));
        for (line, target) in links(&text) {
            if !folder.join(target).exists() {
                complaints.push(format!("{}:{line}: `{target}` is not there", path.display()));
            }
        }
    }
    Ok(complaints)
}

/// The relative targets of inline links, without fragments, outside code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let Some((target, _)) = line[at + 2..].split_once(')') else { continue };
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !path.is_empty() {
                links.push((index + 1, path));
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_outside_code_are_found() {
        let text = "[a](b.md#c) and [d](https://e)\n```\n[x](y)\n```\n[top](#top) [f](g/)\n";
        assert_eq!(links(text), [(1, "b.md"), (5, "g/")]);
    }
}
