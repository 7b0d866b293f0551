//! `aieffect serve` under systemd: what it tells it, and the unit file in `docs/operations`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aieffect_testkit::{repo_root, skip};
use rustix::process::Signal;
use support::Aieffect;

const UNIT: &str = "docs/operations/aieffect.service";

/// Plays the manager at that socket while a server comes and goes.
#[track_caller]
fn check(manager: &UnixDatagram, name: &str) {
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let hears = || {
        let mut heard = [0; 100];
        let length = manager.recv(&mut heard).unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    };
    let store = tempfile::tempdir().unwrap();
    let serve = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), store.path());
    let serve = serve.args(["--grpc-addr=127.0.0.1:0", &format!("--store={}", store.path().display())]);
    let mut serving = serve.env("NOTIFY_SOCKET", name).env("WATCHDOG_USEC", "100000").start();
    assert_eq!(hears(), "READY=1");
    // What it has said before that is where it answers.
    let line = serving.line_with("listening at http://");
    let mut stream = TcpStream::connect(line.split("://").nth(1).unwrap().trim()).unwrap();
    stream.write_all(b"GET /readyz HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
    for _ in 0..3 {
        assert_eq!(hears(), "WATCHDOG=1");
    }
    serving.signal(Signal::TERM);
    let after = std::iter::from_fn(|| Some(hears())).find(|heard| heard != "WATCHDOG=1");
    assert_eq!(after.as_deref(), Some("STOPPING=1"));
    assert_eq!(serving.end().code, Some(0));
}

#[test]
fn it_says_when_it_is_ready_that_it_is_alive_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    check(&UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap());
}

#[test]
fn a_socket_without_a_file_is_reached_too() {
    let name = format!("aieffect-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    check(&UnixDatagram::bind_addr(&address).unwrap(), &format!("@{name}"));
}

#[test]
fn a_manager_that_cannot_be_told_is_warned_of_and_no_more() {
    let store = tempfile::tempdir().unwrap();
    let serve = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), store.path());
    let serve = serve.args(["--grpc-addr=127.0.0.1:0", &format!("--store={}", store.path().display())]);
    let mut serving = serve.env("NOTIFY_SOCKET", "/".repeat(200)).start();
    serving.until("listening at http://").until("NOTIFY_SOCKET cannot be told").signal(Signal::TERM);
    assert_eq!(serving.end().code, Some(0));
}

#[test]
fn systemd_understands_the_unit_and_finds_it_locked_up() {
    skip!(Systemd);
    let folder = tempfile::tempdir().unwrap();
    let unit = fs::read_to_string(repo_root().join(UNIT)).unwrap();
    let installed = "/usr/local/bin/aieffect";
    assert!(unit.contains(&format!("ExecStart={installed} serve ")));
    let here = unit.replace(installed, env!("CARGO_BIN_EXE_aieffect")).replace("=aieffect\n", "=root\n");
    let path = folder.path().join("aieffect.service");
    fs::write(&path, here).unwrap();
    let analyze = |args: &[&str]| {
        let ended = Command::new("systemd-analyze").args(args).arg(&path).output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (is_understood, said) = analyze(&["verify", "--man=no"]);
    assert!(is_understood && !said.contains("aieffect.service:"), "{said}");
    // From 0, nothing exposed, to 10, in tenths.
    let (is_safe, said) = analyze(&["security", "--offline=yes", "--no-pager", "--threshold=20"]);
    assert!(is_safe, "{said}");
}
