//! A service that answers `/stage.Stage/Process` at once, for `cargo xtask bench serve`, and knows when it was called: the
//! request's bytes, with `success: true` (field 1) before them. Requests with `held` in them wait. It says on stderr which port it has.
//!
//! To a line `calls` on stdin it answers with a line `<run> <step> <arrived> <answered>` for each call since it was last asked, in
//! microseconds since 1970, and an empty line; after a line `open` nothing waits any more. It ends with its stdin.
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "the port and the calls have to be told")]

use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aieffect_testkit::{Bound, Gate, Protos, Received, Reply};
use bytes::{BufMut, BytesMut};

const SUCCESS: [u8; 2] = [0x08, 0x01];
const HELD: &[u8] = b"held";

/// A line for each call; one that waits is told as if it had been answered at once.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

fn main() {
    let (gate, calls) = (Gate::new(), Calls::default());
    let handler = {
        let (gate, calls) = (gate.clone(), calls.clone());
        move |call: Received| answer(&call, &gate, &calls)
    };
    let server = Bound::new(Protos::default()).on("/stage.Stage/Process", handler).start();
    eprintln!("listening on {}", server.port());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match line.as_str() {
            "open" => gate.open(),
            _ => calls.tell(),
        }
    }
}

fn answer(call: &Received, gate: &Gate, calls: &Calls) -> Reply {
    let arrived = now();
    let mut response = BytesMut::with_capacity(SUCCESS.len() + call.bytes.len());
    response.put_slice(&SUCCESS);
    response.put_slice(&call.bytes);
    let reply = Reply::Bytes(response.freeze());
    let told = |key: &str| call.metadata.get(key).map_or("-", String::as_str);
    let line = format!("{} {} {arrived}", told("aieffect-run-id"), told("aieffect-step"));
    if call.bytes.windows(HELD.len()).any(|part| part == HELD) {
        calls.note(format!("{line} {arrived}"));
        let gate = gate.clone();
        return reply.after(async move { gate.opened().await });
    }
    calls.note(format!("{line} {}", now()));
    reply
}

impl Calls {
    fn note(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn tell(&self) {
        let lines = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        println!("{}", lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
}

fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros()
}
