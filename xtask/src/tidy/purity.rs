//! Planning and deciding are functions from values to values: their modules name no clock, no disk, no runtime.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::workspace::{root, tracked_files};

const FOLDER: &str = "crates/orchestrator/src";
const PURE: [&str; 6] = ["plan", "plan.rs", "run", "run.rs", "payload.rs", "messages.rs"];
const FORBIDDEN: [&str; 9] = [
    "tokio",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "tonic",
];

pub(super) fn check() -> Result<Complaints> {
    let mut complaints = Complaints::new();
    for path in tracked_files()?.iter().filter(|path| is_pure(path)) {
        let text = fs::read_to_string(root().join(path))?;
        let named = impurities(&text);
        complaints.extend(
            named.map(|(line, name)| format!("{}:{line}: pure, yet it names {name}", path.display())),
        );
    }
    Ok(complaints)
}

/// Tests may measure.
fn is_pure(path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(FOLDER) else { return false };
    let is_test = inside.iter().any(|part| part == "tests" || part == "tests.rs");
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    is_source && !is_test && PURE.iter().any(|pure| inside.starts_with(pure))
}

fn impurities(text: &str) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.flat_map(|(index, line)| {
        FORBIDDEN.into_iter().filter(|name| names(line, name)).map(move |name| (index + 1, name))
    })
}

/// Whether the line has the name as a word of its own: `Instant`, not `Instantiate`.
fn names(line: &str, name: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_in_code_is_found_and_one_in_a_comment_is_not() {
        let text = "/// no `Instant` here\nuse std::time::{Duration, Instant};\nfn instantiate() {}\n";
        assert_eq!(impurities(text).collect::<Vec<_>>(), [(2, "Instant")]);
    }

    #[test]
    fn only_the_pure_modules_are_looked_at() {
        assert!(is_pure(Path::new("crates/orchestrator/src/run/decide.rs")));
        assert!(is_pure(Path::new("crates/orchestrator/src/payload.rs")));
        assert!(!is_pure(Path::new("crates/orchestrator/src/plan/tests/scale.rs")));
        assert!(!is_pure(Path::new("crates/orchestrator/src/engine/actor.rs")));
    }
}
