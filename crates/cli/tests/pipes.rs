//! `--events`, `--report` and `--output` to what is no plain file: pipes whose readers stall or are not there, and the
//! streams that the program was started with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use aieffect_testkit::{Bound, Protos, Reply, Server};
use rustix::process::Signal;
use serde_json::json;
use support::{Package, chain, step_proto};
use tempfile::TempDir;

const LIVE: &str =
    "syntax = \"proto3\"; package a; service S { rpc Tick(None) returns (T); rpc Each(T) returns (T); }
    message None {} message T { string text = 1; }";

/// How many calls have more events than any buffer on the way has room for.
const MANY: usize = 3000;

fn fine() -> Server {
    let answer = |_| json!({"success": true, "text": "fine"});
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))])).on("/a.Step/Do", answer).start()
}

/// A live pipeline, which says when it has made many calls.
fn live() -> (Server, Package, Receiver<()>) {
    let (sender, many) = channel();
    let sender = Mutex::new(Some(sender));
    let server = Bound::new(Protos::new(&[("a.proto", LIVE)]))
        .on("/a.S/Tick", |call| json!({"text": call.earlier.to_string()}))
        .on("/a.S/Each", move |call| {
            if call.earlier + 1 == MANY {
                drop::<Option<Sender<()>>>(sender.lock().unwrap().take());
            }
            Reply::Bytes(call.bytes)
        })
        .start();
    let package = Package::new().node("s1", server.port(), LIVE, &["Tick", "Each"]);
    (server, package.link("s1:Tick", "s1:Each").written(), many)
}

struct Pipe(TempDir);

impl Pipe {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        assert!(Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
        Self(dir)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("pipe")
    }
}

fn wait_for(sender_gone: &Receiver<()>) {
    assert!(
        sender_gone
            .recv_timeout(Duration::from_secs(120))
            .is_err_and(|error| { matches!(error, std::sync::mpsc::RecvTimeoutError::Disconnected) })
    );
}

#[test]
fn a_reader_of_events_that_stalls_holds_no_run_up_and_misses_nothing() {
    let ((_server, package, many), pipe) = (live(), Pipe::new());
    let path = pipe.path();
    let reader = std::thread::spawn(move || {
        let mut opened = File::open(path).unwrap();
        wait_for(&many);
        let mut text = String::new();
        opened.read_to_string(&mut text).unwrap();
        text
    });
    let live = ["--mode", "live", "--iterations", &MANY.to_string(), "--quiet", "100ms"];
    package.orchestrate().args(live).arg("--events").arg(pipe.path()).output().succeeds();
    let text = reader.join().unwrap();
    let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
    assert_eq!(count("\"done\",\"step\":\"s1:Each\""), MANY);
    assert_eq!(count("\"fired\""), 2 * MANY);
    assert!(text.lines().last().unwrap().contains("\"finished\""));
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn an_interrupt_is_heard_though_nobody_reads_the_events() {
    let ((_server, package, many), pipe) = (live(), Pipe::new());
    let path = pipe.path();
    // A pipe can be opened for writing when it is open for reading.
    let reader = std::thread::spawn(move || File::open(path).unwrap());
    let mut running = package.orchestrate().args(["--mode", "live"]).arg("--events").arg(pipe.path()).start();
    let _reader = reader.join().unwrap();
    wait_for(&many);
    let asked = Instant::now();
    running.signal(Signal::INT).until(" stopping").signal(Signal::INT);
    let ended = running.end();
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}\n{}", asked.elapsed(), ended.stderr);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    ended.says("WARNING events are missing from `").says("its reader has not taken the last ");
}

#[test]
fn a_pipe_that_nobody_reads_is_not_waited_for_for_ever() {
    let (server, pipe) = (fine(), Pipe::new());
    let package = chain(server.port(), 1).written();
    let ended = package.orchestrate().arg("--events").arg(pipe.path()).output();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.says("cannot be written: it is a pipe, and nobody reads from it");
    assert_eq!(server.calls().len(), 0);
    let ended = package.orchestrate().arg("--report").arg(pipe.path()).output();
    ended.succeeds().says("pipe` is not written: it is a pipe, and nobody reads from it");
    assert_eq!(ended.steps(), ["n1:Do"]);
}

#[test]
fn a_pipe_that_is_read_takes_a_report_and_results() {
    let (server, pipe) = (fine(), Pipe::new());
    let package = chain(server.port(), 1).written();
    for option in ["--report", "--output"] {
        let path = pipe.path();
        let reader = std::thread::spawn(move || fs::read_to_string(path).unwrap());
        package.orchestrate().arg(option).arg(pipe.path()).output().succeeds();
        let text = reader.join().unwrap();
        assert!(text.ends_with("</html>\n") || text.ends_with("\n}\n"), "{option}: {text}");
    }
}

#[test]
fn the_streams_that_it_was_started_with_are_written_on() {
    let (server, place) = (fine(), tempfile::tempdir().unwrap());
    let package = chain(server.port(), 1).written();
    let run = |arguments: &[&str]| {
        let (out, err) = (place.path().join("out"), place.path().join("err"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_aieffect"));
        command.arg("orchestrate").arg(package.path()).args(arguments);
        command.stdout(begun(&out)).stderr(begun(&err));
        assert!(command.status().unwrap().success());
        (fs::read_to_string(out).unwrap(), fs::read_to_string(err).unwrap())
    };
    let (_, err) = run(&["--events", "/dev/stderr"]);
    assert!(err.starts_with("before\n"), "{err}");
    let is_event = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert_eq!(err.lines().filter(is_event).count(), 6, "{err}");
    assert!(err.lines().filter(|line| !is_event(line)).count() > 2, "log lines are there too: {err}");

    let (out, _) = run(&["--report", "/dev/stdout"]);
    assert!(out.starts_with("before\n{\n") && out.contains("n1:Do"), "{out}");
    assert!(out.contains("\n}\n<!DOCTYPE html>") && out.ends_with("</html>\n"), "{out}");

    let (_, err) = run(&["--output", "/dev/stderr"]);
    assert!(err.starts_with("before\n") && err.contains("\n{\n  \"n1:Do\": "), "{err}");
}

/// A file that something has been written to already, and is written on.
fn begun(path: &Path) -> File {
    use std::io::Write;
    let mut file = File::create(path).unwrap();
    file.write_all(b"before\n").unwrap();
    file
}
