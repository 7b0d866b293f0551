//! The supervisor with real processes: whatever happens, nothing of the command is left.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Long enough for a slow machine; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A supervised shell script and what it prints.
struct Supervised {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Supervised {
    fn start(grace_ms: u32, script: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervise"));
        command.arg(format!("--grace-ms={grace_ms}")).args(["--", "sh", "-c", script]);
        Self::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { stdin: child.stdin.take(), child, lines }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    fn pids(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.line()).collect()
    }

    /// Waits until every process has let go of stdout, then for the supervisor.
    fn exit_code(mut self) -> Option<i32> {
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap().code()
    }
}

#[track_caller]
fn assert_gone(pids: &[String]) {
    assert!(!pids.is_empty());
    for pid in pids {
        assert!(pid.parse::<u32>().is_ok(), "{pid}");
        assert!(!Path::new("/proc").join(pid).exists(), "process {pid} is left");
    }
}

#[test]
fn the_commands_exit_status_is_the_supervisors() {
    assert_eq!(Supervised::start(1000, "exit 7").exit_code(), Some(7));
    assert_eq!(Supervised::start(1000, "exit 0").exit_code(), Some(0));
    assert_eq!(Supervised::start(1000, "kill -9 $$").exit_code(), Some(128 + 9));
}

#[test]
fn a_command_that_is_not_there_is_said() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervise"));
    let output =
        command.args(["--grace-ms=10", "--", "no-such-command"]).stdin(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("cannot start `no-such-command`: "), "{stderr}");
}

#[test]
fn a_closed_stdin_ends_the_whole_group() {
    let mut supervised = Supervised::start(30_000, "sleep 300 & echo $!; echo $$; wait");
    let pids = supervised.pids(2);
    drop(supervised.stdin.take());
    assert_eq!(supervised.exit_code(), Some(128 + 15));
    assert_gone(&pids);
}

#[test]
fn a_grandchild_in_a_session_of_its_own_is_ended_too() {
    let script = "setsid sh -c 'echo $$; exec sleep 300' & echo $$; wait";
    let mut supervised = Supervised::start(30_000, script);
    let pids = supervised.pids(2);
    drop(supervised.stdin.take());
    supervised.exit_code();
    assert_gone(&pids);
}

#[test]
fn what_a_command_leaves_behind_is_ended_when_it_ends() {
    let supervised = Supervised::start(30_000, "setsid sleep 300 & echo $!; sleep 300 & echo $!; exit 3");
    let pids = supervised.pids(2);
    assert_eq!(supervised.exit_code(), Some(3));
    assert_gone(&pids);
}

#[test]
fn what_ignores_the_request_is_killed_after_the_grace_period() {
    let stubborn = "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 300; done' & \
                    echo $$; while :; do sleep 300; done";
    let mut supervised = Supervised::start(100, stubborn);
    let pids = supervised.pids(2);
    drop(supervised.stdin.take());
    assert_eq!(supervised.exit_code(), Some(128 + 9));
    assert_gone(&pids);
}

#[test]
fn a_command_may_clean_up_within_the_grace_period() {
    let script = "trap 'echo cleaned; exit 0' TERM; echo $$; while :; do sleep 300 & wait $!; done";
    let mut supervised = Supervised::start(30_000, script);
    let pids = supervised.pids(1);
    drop(supervised.stdin.take());
    assert_eq!(supervised.line(), "cleaned");
    assert_eq!(supervised.exit_code(), Some(0));
    assert_gone(&pids);
}

#[test]
fn a_signal_to_the_supervisor_ends_the_command_first() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let supervised = Supervised::start(30_000, "sleep 300 & echo $!; echo $$; wait");
        let pids = supervised.pids(2);
        kill_process(supervised.pid(), signal).unwrap();
        assert_eq!(supervised.exit_code(), Some(128 + 15));
        assert_gone(&pids);
    }
}

#[test]
fn a_parent_that_is_killed_by_force_takes_the_command_with_it() {
    let dir = tempfile::tempdir().unwrap();
    // The shell stands for `aieffect`: it alone holds the write end of the supervisor's stdin.
    let parent = "mkfifo pipe; \"$SUPERVISE\" --grace-ms=30000 -- sh -c 'sleep 300 & echo $!; echo $$; wait' \
                  < pipe & exec 9> pipe; read _";
    let mut command = Command::new("sh");
    command.args(["-c", parent]).current_dir(dir.path()).env("SUPERVISE", env!("CARGO_BIN_EXE_supervise"));
    let supervised = Supervised::spawn(&mut command);
    let pids = supervised.pids(2);
    kill_process(supervised.pid(), Signal::KILL).unwrap();
    assert_eq!(supervised.exit_code(), None, "the parent was killed");
    assert_gone(&pids);
}

#[test]
fn what_is_written_to_stdin_does_not_end_the_command() {
    let mut supervised = Supervised::start(30_000, "echo $$; sleep 300 & wait");
    let pids = supervised.pids(1);
    let mut stdin = supervised.stdin.take().unwrap();
    stdin.write_all(b"still here").unwrap();
    assert!(Path::new("/proc").join(&pids[0]).exists());
    drop(stdin);
    supervised.exit_code();
    assert_gone(&pids);
}
