//! `dist` optimises everything: no package keeps what `release` says of it for the sake of a quick build.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;

use super::Complaints;
use crate::workspace::root;

pub(super) fn check() -> Result<Complaints> {
    Ok(inherited(&fs::read_to_string(root().join("Cargo.toml"))?))
}

/// The packages that `release` has a setting for, and `dist`, which inherits it, has none of its own.
fn inherited(manifest: &str) -> Complaints {
    let (release, dist) = (packages(manifest, "release"), packages(manifest, "dist"));
    let complaint = |package: &&str| {
        format!(
            "Cargo.toml: [profile.dist.package] does not name {package}, so `dist` builds it as `release` does"
        )
    };
    release.difference(&dist).map(complaint).collect()
}

/// The keys of `[profile.<name>.package]`.
fn packages<'a>(manifest: &'a str, profile: &str) -> BTreeSet<&'a str> {
    let head = format!("[profile.{profile}.package]");
    let rows = manifest.lines().skip_while(|line| *line != head).skip(1);
    let rows = rows.take_while(|line| !line.starts_with('['));
    rows.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_only_release_names_is_told() {
        let manifest = "[profile.release.package]\na = { opt-level = 0 }\nb = { opt-level = 1 }\n\n\
                        [profile.dist]\ninherits = \"release\"\n\n\
                        [profile.dist.package]\na = { opt-level = \"s\" }\n";
        let complaints = inherited(manifest);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].contains("name b,"), "{complaints:?}");
    }
}
