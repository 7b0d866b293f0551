//! Every code has a page with the parts that a reader looks for, and no page is without a code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use super::Complaints;
use crate::workspace::root;

const CODES: &str = "crates/blueprint/src/code.rs";
const PAGES: &str = "docs/diagnostics";
const SECTIONS: [&str; 5] = ["## What", "## Why", "## Example", "## What aieffect says", "## How to mend it"];

pub(super) fn check() -> Result<Complaints> {
    let source = fs::read_to_string(root().join(CODES)).with_context(|| format!("{CODES} cannot be read"))?;
    let codes = codes(&source);
    let pages = page_names()?;
    let mut complaints = Complaints::new();
    for code in codes.keys() {
        if !pages.contains(code) {
            complaints.push(format!("{PAGES}/{code}.md is missing"));
        }
    }
    for page in &pages {
        let Some(title) = codes.get(page) else {
            complaints.push(format!("{PAGES}/{page}.md is about no code of {CODES}"));
            continue;
        };
        let text = fs::read_to_string(root().join(PAGES).join(format!("{page}.md")))?;
        complaints.extend(faults(page, title, &text));
    }
    Ok(complaints)
}

fn page_names() -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(root().join(PAGES)).with_context(|| format!("{PAGES} cannot be read"))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(code) = name.strip_suffix(".md").filter(|code| code.starts_with("AE")) {
            names.insert(code.to_owned());
        }
    }
    Ok(names)
}

/// The codes with their titles, from lines `/// Title` and `Name = "AE0001",`.
fn codes(source: &str) -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    let mut title = String::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            text.clone_into(&mut title);
        } else if let Some((_, code)) = line.strip_suffix("\",").and_then(|line| line.split_once(" = \"AE")) {
            codes.insert(format!("AE{code}"), title.clone());
        }
    }
    codes
}

fn faults(code: &str, title: &str, text: &str) -> Complaints {
    let mut complaints = Complaints::new();
    let heading = format!("# {code}: {title}");
    if text.lines().next() != Some(heading.as_str()) {
        complaints.push(format!("{PAGES}/{code}.md does not begin with `{heading}`"));
    }
    for section in SECTIONS {
        if !text.lines().any(|line| line == section) {
            complaints.push(format!("{PAGES}/{code}.md has no section `{section}`"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_with_their_titles() {
        let found = codes("    /// A cycle\n    Cycle = \"AE0410\",\n");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("AE0410".to_owned(), "A cycle".to_owned())]);
    }

    #[test]
    fn a_page_without_its_parts_is_told() {
        assert_eq!(faults("AE0410", "A cycle", "# AE0410: A cycle\n").len(), SECTIONS.len());
        assert_eq!(faults("AE0410", "A cycle", "# Cycle\n").len(), SECTIONS.len() + 1);
    }
}
