//! The Python client of `proto/python`, installed as anybody would, against the real server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use aieffect_testkit::{Authority, Bound, Gate, Protos, Reply, repo_root, skip};
use serde_json::json;
use support::{chain, copy, step_proto};

#[test]
fn the_python_client_does_what_its_tests_say() {
    skip!(Python);
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    install(folder.path(), &site);
    let service = || Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]));
    let fine = || Reply::from(json!({"success": true, "text": "fine"}));
    let server = service().on("/a.Step/Do", move |_| fine()).start();
    let gate = Gate::new();
    let gated = {
        let gate = gate.clone();
        let reply = move |_| {
            let gate = gate.clone();
            fine().after(async move { gate.opened().await })
        };
        service().on("/a.Step/Do", reply).start()
    };
    let (package, held) = (chain(server.port(), 2).written(), chain(gated.port(), 1).written());
    let authority = Authority::new();
    let own = authority.issue(&["127.0.0.1"]);
    let texts = [("ca.pem", authority.pem()), ("own.pem", own.certificate), ("own.key", own.key)];
    for (name, text) in texts {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut tests = Command::new("python3")
        .arg(repo_root().join("proto/python/tests/test_client.py"))
        .env("PYTHONPATH", &site)
        .env("BINARY", env!("CARGO_BIN_EXE_aieffect"))
        .env("PACKAGE", package.path())
        .env("GATED", held.path())
        .env("CERTIFICATES", folder.path())
        .env("no_proxy", "127.0.0.1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for line in BufReader::new(tests.stdout.take().unwrap()).lines() {
        if line.unwrap() == "open" {
            gate.open();
        }
    }
    assert!(tests.wait().unwrap().success());
}

/// From a copy, since building leaves something behind.
fn install(folder: &Path, site: &Path) {
    let copied = folder.join("proto");
    copy(&repo_root().join("proto"), &copied);
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let mut install = Command::new("python3");
    install.args(pip).args(["--no-build-isolation", "--no-deps", "--target"]).arg(site);
    let ended = install.arg(copied.join("python")).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}
