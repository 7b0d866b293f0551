//! The crate graph is the one of `docs/architecture.md`, and crates stay away from what they must not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Complaints;
use crate::workspace::{cargo, output, root};

const PAGE: &str = "docs/architecture.md";
const TABLE: &str = "| crate | one line | uses |";

/// Libraries that only some crates may use, whatever kind of dependency it is but for tests.
const RESERVED: [(&str, &[&str]); 12] = [
    ("axum", &["server", "workspace-hack"]),
    ("clap", &["cli", "xtask"]),
    ("anyhow", &["cli", "xtask"]),
    ("terminal_size", &["cli"]),
    ("tokio", &["orchestrator", "local", "server", "testkit", "cli"]),
    ("tonic", &["api", "orchestrator", "server", "testkit"]),
    ("tokio-rustls", &["orchestrator", "server", "testkit"]),
    ("prometheus-client", &["server"]),
    ("protox", &["api", "contract", "testkit"]),
    ("rusqlite", &["orchestrator"]),
    ("walkdir", &["layout", "local", "xtask"]),
    ("zip", &["layout"]),
];

/// Which crates a crate uses, by name without the prefix; and all its libraries.
type Graph = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check() -> Result<Complaints> {
    let metadata: Value =
        serde_json::from_str(&output(&mut cargo(&["metadata", "--format-version=1", "--no-deps"]))?)?;
    let libraries = libraries(&metadata);
    let page = fs::read_to_string(root().join(PAGE)).with_context(|| format!("{PAGE} cannot be read"))?;
    let mut complaints = differences(&table(&page), &between_crates(&libraries));
    complaints.extend(trespasses(&libraries));
    Ok(complaints)
}

/// Of every package: its normal and build dependencies, workspace crates without their prefix.
fn libraries(metadata: &Value) -> Graph {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let of_product = packages.filter(|package| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        !manifest.contains("/use-cases/")
    });
    let dependencies = |package: &Value| {
        let listed = package["dependencies"].as_array().into_iter().flatten();
        listed
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| short(&dependency["name"]))
            .collect()
    };
    of_product.map(|package| (short(&package["name"]), dependencies(package))).collect()
}

fn short(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("aieffect-").unwrap_or(name).to_owned()
}

fn between_crates(libraries: &Graph) -> Graph {
    let own =
        |used: &BTreeSet<String>| used.iter().filter(|name| libraries.contains_key(*name)).cloned().collect();
    libraries.iter().map(|(name, used)| (name.clone(), own(used))).collect()
}

/// The rows `| crate | one line | crate, crate |` below the table's head.
fn table(page: &str) -> Graph {
    let rows =
        page.lines().skip_while(|line| *line != TABLE).skip(2).take_while(|line| line.starts_with('|'));
    let parse = |row: &str| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let name = cells.next()?.trim_matches('`').to_owned();
        let used = cells.nth(1)?.split(',').map(|used| used.trim().trim_matches('`'));
        Some((name, used.filter(|used| *used != "–").map(str::to_owned).collect()))
    };
    rows.filter_map(parse).collect()
}

fn differences(described: &Graph, actual: &Graph) -> Complaints {
    let mut complaints = Complaints::new();
    let names: BTreeSet<_> = described.keys().chain(actual.keys()).collect();
    for name in names {
        match (described.get(name), actual.get(name)) {
            (None, _) => complaints.push(format!("crate `{name}` is not in the table of {PAGE}")),
            (_, None) => complaints.push(format!("{PAGE} has a crate `{name}` that is not there")),
            (Some(described), Some(actual)) => {
                for used in actual.difference(described) {
                    complaints.push(format!("`{name}` uses `{used}`, which {PAGE} does not say"));
                }
                for used in described.difference(actual) {
                    complaints.push(format!("{PAGE} says that `{name}` uses `{used}`; it does not"));
                }
            }
        }
    }
    complaints
}

fn trespasses(libraries: &Graph) -> Complaints {
    let mut complaints = Complaints::new();
    for (library, allowed) in RESERVED {
        for (name, used) in libraries {
            if used.contains(library) && !allowed.contains(&name.as_str()) {
                complaints.push(format!("`{name}` must not use {library}; only {} may", allowed.join(", ")));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(entries: &[(&str, &[&str])]) -> Graph {
        let set = |used: &[&str]| used.iter().map(|name| (*name).to_owned()).collect();
        entries.iter().map(|(name, used)| ((*name).to_owned(), set(used))).collect()
    }

    #[test]
    fn the_table_is_read() {
        let page =
            format!("# A\n\n{TABLE}\n|---|---|---|\n| `a` | does | – |\n| `b` | does | `a`, `c` |\n\ntext\n");
        assert_eq!(table(&page), graph(&[("a", &[]), ("b", &["a", "c"])]));
    }

    #[test]
    fn every_difference_is_told() {
        let described = graph(&[("a", &["b"]), ("gone", &[])]);
        let actual = graph(&[("a", &["c"]), ("new", &[])]);
        assert_eq!(differences(&described, &actual).len(), 4);
        assert_eq!(differences(&actual, &actual), Complaints::new());
    }

    #[test]
    fn a_reserved_library_elsewhere_is_told() {
        assert_eq!(trespasses(&graph(&[("blueprint", &["clap"]), ("cli", &["clap"])])).len(), 1);
    }
}
