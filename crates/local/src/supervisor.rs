//! The small process between `aieffect` and each command that it starts: [`supervise`] is all it runs.
//!
//! `aieffect` re-executes itself as the supervisor and holds the write end of its stdin. When that closes —
//! `aieffect` has stopped the command, or was killed, be it by SIGKILL — everything the command has started is
//! ended: SIGTERM, then SIGKILL after the grace period. A parent-death signal would not do: it follows the
//! thread that spawned, and misses grandchildren. Deliberately absent: anything asynchronous but the signal
//! handlers, and any knowledge of services.

mod order;
mod tree;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use order::Order;

/// How long a process that was sent SIGKILL may take to go; only one that hangs in the kernel takes longer.
const KILL_PATIENCE: Duration = Duration::from_secs(5);
/// How often SIGKILL is sent again, since a process may fork while it is looked for.
const KILL_AGAIN: Duration = Duration::from_millis(20);

/// Runs one command until it ends or stdin closes, and leaves nothing of it behind.
///
/// Gives the exit status to end with: the command's own, 128 and the signal's number when one killed it, 127
/// when it could not be started, 2 when `args` are not what `aieffect` gives its supervisor.
pub fn supervise(args: impl IntoIterator<Item = OsString>) -> u8 {
    let Some(order) = Order::parse(args) else {
        return fail(2, "the supervisor is started by aieffect, not by hand");
    };
    match run(&order) {
        Ok(status) => status,
        Err(error) => fail(127, &format!("cannot start `{}`: {error}", order.program.to_string_lossy())),
    }
}

fn fail(status: u8, message: &str) -> u8 {
    // Nobody is left to tell when stderr is gone too.
    let _ = writeln!(io::stderr(), "{message}");
    status
}

enum Event {
    /// Stdin closed, or a signal asks for the end.
    Stop,
    /// A child, or an orphan below it, has ended.
    Ended(Pid, WaitStatus),
    /// No descendant is left.
    AllGone,
}

fn run(order: &Order) -> io::Result<u8> {
    // So that `pkill aieffect`, which also kills by force, does not find the supervisors; where the name
    // cannot be set, they are only found again.
    let _ = std::fs::write("/proc/self/comm", "supervise");
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let (sender, events) = mpsc::channel();
    stop_on_signals(sender.clone())?;
    let child =
        Command::new(&order.program).args(&order.args).stdin(Stdio::null()).process_group(0).spawn()?;
    let group = Pid::from_child(&child);
    let stdin_sender = sender.clone();
    std::thread::spawn(move || stop_when_stdin_closes(&stdin_sender));
    std::thread::spawn(move || reap(&sender));

    let status = until_over(group, &events);
    let status = end_all(group, order.grace, &events).or(status);
    Ok(status.map_or(1, exit_status))
}

/// Waits for the command's end, which gives its status, or for the wish to stop.
fn until_over(group: Pid, events: &Receiver<Event>) -> Option<WaitStatus> {
    for event in events {
        match event {
            Event::Ended(pid, status) if pid == group => return Some(status),
            Event::Ended(..) => {}
            Event::Stop | Event::AllGone => return None,
        }
    }
    None
}

/// Ends every descendant, also those that left the group or the session: as a subreaper this process inherits
/// all orphans, so none can leave the tree below it.
fn end_all(group: Pid, grace: Duration, events: &Receiver<Event>) -> Option<WaitStatus> {
    let begin = Instant::now();
    let mut command_status = None;
    let mut asked = BTreeSet::new();
    ask_group(group);
    while begin.elapsed() < grace + KILL_PATIENCE {
        let left = grace.saturating_sub(begin.elapsed());
        if left.is_zero() {
            kill_all();
        } else {
            ask_outside(group, &mut asked);
        }
        match events.recv_timeout(left.max(KILL_AGAIN)) {
            Ok(Event::Ended(pid, status)) if pid == group => command_status = Some(status),
            Ok(Event::AllGone) | Err(RecvTimeoutError::Disconnected) => return command_status,
            Ok(Event::Ended(..) | Event::Stop) | Err(RecvTimeoutError::Timeout) => {}
        }
    }
    command_status
}

/// One SIGTERM to the command's group; what its members start while they clean up is left alone.
fn ask_group(group: Pid) {
    let members = tree::descendants().iter().any(|process| process.group == number(group));
    if members {
        // The last member may have ended since; then there is nothing to ask.
        let _ = rustix::process::kill_process_group(group, Signal::TERM);
    }
}

fn ask_outside(group: Pid, asked: &mut BTreeSet<i32>) {
    for process in tree::descendants() {
        if process.group != number(group) && asked.insert(number(process.pid)) {
            // As above: it may have ended since.
            let _ = rustix::process::kill_process(process.pid, Signal::TERM);
        }
    }
}

fn kill_all() {
    for process in tree::descendants() {
        // As above: it may have ended since.
        let _ = rustix::process::kill_process(process.pid, Signal::KILL);
    }
}

fn number(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

fn exit_status(status: WaitStatus) -> u8 {
    let number = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 1,
    };
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn stop_when_stdin_closes(events: &Sender<Event>) {
    let mut buffer = [0; 64];
    let mut stdin = io::stdin().lock();
    while matches!(stdin.read(&mut buffer), Ok(count) if count > 0) {}
    // The receiver is gone only when everything is over.
    let _ = events.send(Event::Stop);
}

/// Collects every child's end; "no child" means that nothing is left below this process.
fn reap(events: &Sender<Event>) {
    loop {
        let event = match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => Event::Ended(pid, status),
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(_) => Event::AllGone,
        };
        let over = matches!(event, Event::AllGone);
        if events.send(event).is_err() || over {
            return;
        }
    }
}

/// A signal to the supervisor itself must not leave the command alone. Handlers stay installed for good, and
/// the command starts with the default ones.
fn stop_on_signals(events: Sender<Event>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let [mut terminate, mut interrupt, mut hangup, mut quit] = {
        let _context = runtime.enter();
        let kinds =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit()];
        let [terminate, interrupt, hangup, quit] = kinds.map(signal);
        [terminate?, interrupt?, hangup?, quit?]
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
                _ = quit.recv() => {}
            }
        });
        // The receiver is gone only when everything is over.
        let _ = events.send(Event::Stop);
    });
    Ok(())
}
