//! How much anybody may take of `aieffect serve`, tried with raw sockets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aieffect_testkit::Gate;
use support::step::gated;
use support::{Serving, chain};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const ALIVE: &[u8] = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn serving(args: &[&str]) -> (TempDir, Serving) {
    let store = tempfile::tempdir().unwrap();
    let serving = Serving::start(store.path(), args);
    (store, serving)
}

fn connected(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes until the server closes the connection.
fn rest(mut stream: &TcpStream) -> String {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        // It had not read all that was sent.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&said)),
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// What comes of these bytes, when nothing follows them.
fn comes_of(address: &str, bytes: &[u8]) -> String {
    let mut stream = connected(address);
    stream.write_all(bytes).unwrap();
    rest(&stream)
}

#[test]
fn whoever_does_not_come_to_the_point_is_let_go() {
    let (_store, serving) = serving(&["--request-timeout=300ms"]);
    for begun in [&b""[..], b"G", b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx", b"PRI * HTTP/2.0\r\n\r\n"] {
        let said = comes_of(serving.address(), begun);
        assert!(!said.contains(" 200 "), "{said}");
    }
    for begun in [&b""[..], b"PRI * HT"] {
        // The server's settings are all that comes before the end.
        assert!(comes_of(serving.grpc(), begun).len() < 100);
    }
    // After an answer the connection waits for the next request, and not for ever.
    let said = comes_of(serving.address(), ALIVE);
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("ok\n"), "{said}");
    assert_eq!(serving.get("/livez").status, 200);
}

#[test]
fn a_body_that_drips_is_answered_408() {
    let (_store, serving) = serving(&["--request-timeout=300ms"]);
    for (path, expected) in [
        ("/api/v1/runs", "\"code\":\"too_slow\""),
        ("/api/v1/pipelines", "\"code\":\"too_slow\""),
        ("/api/v1/runs/run-1/resume", "\"code\":\"too_slow\""),
        ("/workflows", "{\"detail\":\"The body did not come in time\"}"),
    ] {
        let head = "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        let said = comes_of(serving.address(), format!("POST {path} HTTP/1.1\r\n{head}").as_bytes());
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains(expected), "{path}: {said}");
    }
}

#[test]
fn heads_that_are_too_long_or_have_too_many_lines_are_refused() {
    let (_store, serving) = serving(&[]);
    let head = |lines: String| format!("GET /livez HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n");
    let long = head(format!("x: {}\r\n", "a".repeat(64 * 1024)));
    let many = head((0..101).map(|number| format!("x{number}: a\r\n")).collect());
    for head in [long, many] {
        let said = comes_of(serving.address(), head.as_bytes());
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let some = head((0..90).map(|number| format!("x{number}: a\r\n")).collect());
    let mut stream = connected(serving.address());
    stream.write_all(some.as_bytes()).unwrap();
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
}

#[test]
fn bodies_in_chunks_are_measured_too() {
    const MIB: usize = 1024 * 1024;
    let (_store, serving) = serving(&[]);
    for (path, kind, most) in [
        ("/api/v1/runs", "application/json", 4 * MIB),
        ("/api/v1/pipelines", "application/zip", 64 * MIB),
        ("/workflows", "application/json", 64 * MIB),
    ] {
        let mut stream = connected(serving.address());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = vec![b' '; MIB];
        for _ in 0..most / MIB {
            write!(stream, "{MIB:x}\r\n").unwrap();
            stream.write_all(&chunk).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        // One byte more than may be, and no end: what is answered is about what has come.
        stream.write_all(b"1\r\n \r\n").unwrap();
        let mut begin = [0; 13];
        stream.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"HTTP/1.1 413 ", "{path}");
    }
}

#[test]
fn beyond_the_most_connections_others_wait_until_one_is_free() {
    let (_store, serving) = serving(&["--max-connections=2"]);
    let asked = || {
        let mut stream = connected(serving.address());
        stream.write_all(ALIVE).unwrap();
        stream
    };
    let answered = |mut stream: &TcpStream| {
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).map(|()| assert_eq!(&begin, b"HTTP/1.1 200"))
    };
    let (first, second) = (asked(), asked());
    answered(&first).unwrap();
    answered(&second).unwrap();
    let third = asked();
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert_eq!(answered(&third).unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(first);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    answered(&third).unwrap();
}

#[test]
fn packages_beyond_those_received_at_once_wait_before_they_are_read() {
    let (_store, serving) = serving(&[]);
    // What is expected is asked for once somebody reads it.
    let head = "POST /api/v1/pipelines HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/zip\r\n\
                expect: 100-continue\r\ncontent-length: 1000000\r\n\r\n";
    let begun = || {
        let mut stream = connected(serving.address());
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let asked = |mut stream: &TcpStream| {
        let mut said = [0; 12];
        stream.read_exact(&mut said).map(|()| assert_eq!(&said, b"HTTP/1.1 100"))
    };
    let mut received: Vec<TcpStream> = (0..8).map(|_| begun()).collect();
    received.iter().for_each(|stream| asked(stream).unwrap());
    let waits = begun();
    waits.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let nothing = asked(&waits).unwrap_err().kind();
    assert!(matches!(nothing, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
    assert_eq!(serving.get("/api/v1/pipelines").status, 200, "all else goes on");
    received.pop();
    waits.set_read_timeout(Some(PATIENCE)).unwrap();
    asked(&waits).unwrap();
}

#[test]
fn a_stream_of_events_outlives_all_times_for_requests() {
    let gate = Gate::new();
    let service = gated("n1", &gate);
    let (_store, serving) = serving(&["--request-timeout=300ms"]);
    let run = serving.begin(&serving.put(&chain(service.port(), 1).written()));
    let mut events = serving.follow(&run, None);
    assert!(events.any(|event| event["event"] == "fired"));
    // Whoever says nothing for as long as may be has been let go by then, twice over.
    for _ in 0..2 {
        comes_of(serving.address(), b"");
    }
    gate.open();
    assert_eq!(events.last().unwrap()["event"], "finished");
}
