//! Files stay short enough to be read.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::workspace::{root, tracked_files};

const SOURCE: usize = 500;
const README: usize = 150;

pub(super) fn check() -> Result<Complaints> {
    let mut complaints = Complaints::new();
    for path in tracked_files()? {
        let Some(limit) = limit(&path) else { continue };
        let lines = fs::read_to_string(root().join(&path))?.lines().count();
        if lines > limit {
            complaints.push(format!("{}: {lines} lines, at most {limit} are allowed", path.display()));
        }
    }
    Ok(complaints)
}

fn limit(path: &Path) -> Option<usize> {
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    if is_source && (path.starts_with("crates") || path.starts_with("xtask")) {
        return Some(SOURCE);
    }
    (path == Path::new("README.md")).then_some(README)
}
