//! What is handed to those who run the server: alerts, a dashboard, and the page of metrics speak of what `/metrics` has.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use aieffect_testkit::{repo_root, skip};
use serde_json::{Value, json};
use support::scraped::promtool;
use support::{Scraped, Serving};

fn file(name: &str) -> PathBuf {
    repo_root().join("docs/operations").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

/// The words in a text that are names of metrics, without the endings that histograms give them.
fn named<'a>(text: &'a str, histograms: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_of_name(letter));
    let names = words.filter(|word| word.starts_with("aieffect_") || word.starts_with("process_"));
    let of_histogram = |name: &'a str| {
        let endings = ["_bucket", "_sum", "_count"].into_iter();
        let mut bases = endings.filter_map(|ending| name.strip_suffix(ending));
        bases.find(|base| histograms.contains(base)).unwrap_or(name)
    };
    names.map(of_histogram).collect()
}

/// The queries of the dashboard, with something in the place of its variables.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let filled = targets.map(|target| {
        let query = target["expr"].as_str().unwrap();
        query.replace("$__rate_interval", "5m").replace("$instance", ".+")
    });
    filled.collect()
}

#[test]
fn all_that_is_spoken_of_is_there() {
    let store = tempfile::tempdir().unwrap();
    let serving = Serving::start(store.path(), &[]);
    let scraped = Scraped::of(&serving);
    let described = scraped.described();
    let there: BTreeSet<&str> = described.iter().map(|(name, _)| *name).collect();
    let histograms: BTreeSet<&str> =
        described.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| *name).collect();
    assert!(histograms.len() > 4 && there.len() > 20, "{there:?}");
    for name in ["alerts.yml", "alerts_test.yml", "dashboard.json", "README.md"] {
        let text = text(name);
        let missing: Vec<_> = named(&text, &histograms).difference(&there).copied().collect();
        assert!(missing.is_empty(), "{name} speaks of {missing:?}, and `/metrics` does not");
    }
    let page = fs::read_to_string(repo_root().join("docs/reference/metrics.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: BTreeSet<(&str, &str)> = rows
        .filter(|(name, _)| name.contains('_'))
        .map(|(name, rest)| (name, rest.split(" | ").next().unwrap()))
        .collect();
    assert_eq!(
        rows,
        described.into_iter().collect(),
        "docs/reference/metrics.md has them all, with their kinds"
    );
}

#[test]
fn alerts_fire_when_they_are_to() {
    skip!(Promtool);
    let run = |arguments: &[&str], name: &str| {
        let path = file(name);
        let ended = promtool(&[arguments, &[path.to_str().unwrap()]].concat(), "");
        ended.unwrap_or_else(|said| panic!("{name}: {said}"));
    };
    run(&["check", "rules"], "alerts.yml");
    run(&["test", "rules"], "alerts_test.yml");
    let (alerts, page, tests) = (text("alerts.yml"), text("README.md"), text("alerts_test.yml"));
    let names: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "{name} is not in README.md");
        let tested = format!("- alertname: {name}\n");
        let fires = tests.split(&tested).skip(1).any(|test| {
            let own = test.split("- alertname:").next().unwrap_or_default();
            own.contains("exp_annotations")
        });
        assert!(fires, "no test has {name} fire");
    }
}

#[test]
fn the_dashboard_asks_for_what_prometheus_understands() {
    skip!(Promtool);
    let queries = queries();
    assert!(queries.len() > 15);
    let rules: Vec<Value> = queries
        .iter()
        .enumerate()
        .map(|(number, query)| json!({"record": format!("query:{number}"), "expr": query}))
        .collect();
    // JSON is YAML.
    let rules = json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rules.yml");
    fs::write(&path, &rules).unwrap();
    assert_eq!(promtool(&["check", "rules", path.to_str().unwrap()], ""), Ok(()));
    fs::write(&path, rules.replacen("sum(", "sum((", 1)).unwrap();
    assert!(promtool(&["check", "rules", path.to_str().unwrap()], "").is_err(), "it looks");
}
