//! What the server says of itself at `/openapi.json` and `/docs`, and whether it keeps to that.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use aieffect_testkit::{repo_root, skip};
use serde_json::json;
use support::described::Described;
use support::step::started;
use support::{Serving, chain};

const KEYS: &str = "portal run 0123456789abcdef\nwatch read fedcba9876543210\nboss admin aaaabbbbccccdddd\n";
const PAGE: &str = "docs/reference/openapi.json";
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

#[test]
fn the_document_in_the_repository_is_the_servers() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, KEYS).unwrap();
    let serving = Serving::start(folder.path(), &["--keys", keys.to_str().unwrap()]);
    let document = serving.get("/openapi.json");
    assert_eq!((document.status, document.headers["content-type"].as_str()), (200, "application/json"));
    let shown = format!("{:#}\n", document.json());
    let path = repo_root().join(PAGE);
    if std::env::var_os("AIEFFECT_BLESS").is_some() {
        fs::write(&path, &shown).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == shown, "{PAGE} is not what the server says; AIEFFECT_BLESS=1 writes it anew");
}

#[test]
fn other_methods_are_refused_with_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let described = Described::new(serving.get("/openapi.json").json());
    for (path, known) in described.paths() {
        for method in METHODS.iter().filter(|method| !known.contains(&method.to_lowercase().as_str())) {
            if *method == "HEAD" && known.contains(&"get") {
                continue;
            }
            // That `Allow` is right is looked at with every answer.
            assert_eq!(serving.ask(method, path, &[], b"").status, 405, "{method} {path}");
        }
    }
}

#[test]
fn the_page_for_people_may_load_nothing_but_its_style_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let page = serving.get("/docs");
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("/api/v1/runs/{run}/events"));
    let loaded: Vec<&str> = text.split("<link ").skip(1).map(|tag| tag.split('>').next().unwrap()).collect();
    assert_eq!(loaded, ["rel=\"stylesheet\" href=\"/docs/style.css\""]);
    assert!(!text.contains("<script") && !text.contains("<img"));
    assert_eq!(serving.get("/docs/style.css").headers["content-type"], "text/css; charset=utf-8");
}

#[test]
fn nothing_that_schemathesis_thinks_of_breaks_an_open_server() {
    skip!(Schemathesis);
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    tried_out(folder.path(), &serving, &[]);
}

#[test]
fn nothing_that_schemathesis_thinks_of_breaks_a_server_with_keys() {
    skip!(Schemathesis);
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, KEYS).unwrap();
    let serving = Serving::start(folder.path(), &["--keys", keys.to_str().unwrap()]);
    // One that deletes nothing, so that what is there stays there.
    let header = ["--header", "Authorization: Bearer 0123456789abcdef"];
    tried_out(folder.path(), &serving.with_key("0123456789abcdef"), &header);
}

/// Has it try the server out, which has two packages and ended runs of them. Afterwards the server still is well.
fn tried_out(folder: &Path, serving: &Serving, args: &[&str]) {
    let (service, used) = (started(), started());
    let free = serving.put(&chain(service.port(), 1).written());
    let digest = serving.put(&chain(used.port(), 2).written());
    let runs: Vec<String> = (0..2).map(|_| serving.begin(&digest)).collect();
    for run in &runs {
        serving.until(run, "succeeded");
    }
    let template = repo_root().join("crates/cli/tests/openapi/schemathesis.toml");
    let named = [("RUNS", runs), ("DIGESTS", vec![digest.clone(), free])];
    let config = named.iter().fold(fs::read_to_string(template).unwrap(), |config, (name, values)| {
        assert!(config.contains(name));
        config.replace(&format!("[\"{name}\"]"), &json!(values).to_string())
    });
    fs::write(folder.join("schemathesis.toml"), config).unwrap();
    let mut command = Command::new("python3");
    command.args(["-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"]);
    command.arg(format!("http://{}/openapi.json", serving.address())).args(args);
    command.env("no_proxy", "127.0.0.1").current_dir(folder);
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("Operations:") && !said.contains("No operations"), "{said}");
    // It may have taken all of it away.
    assert_eq!(serving.put(&chain(used.port(), 2).written()), digest);
    let run = serving.begin(&digest);
    assert_eq!(serving.until(&run, "succeeded")["name"], json!("Case"));
}
