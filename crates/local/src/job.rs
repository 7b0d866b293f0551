//! One command under a supervisor: [`Job::start`] gives a [`Running`] that ends when it is dropped.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStdin, Command};

use crate::environment::Environment;
use crate::output::Splitter;
use crate::supervisor::Order;

/// What may still stand in the pipe when the supervisor has ended.
const DRAIN: Duration = Duration::from_millis(500);

/// How to start a supervisor: a program and what comes before the supervisor's own arguments.
#[derive(Debug, Clone)]
pub struct Supervisor {
    /// The program, absolute: `aieffect` itself.
    pub program: PathBuf,
    /// Its hidden subcommand.
    pub args: Vec<OsString>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
}

/// A command and all that it starts with.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) command: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) environment: Environment,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(ExitStatus);

impl Status {
    /// For a command whose end could not be learned.
    pub(crate) fn unknown() -> Self {
        Self(ExitStatus::from_raw(1 << 8))
    }

    /// Whether it ended well.
    pub fn success(self) -> bool {
        self.0.success()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.code() {
            // What the supervisor makes of a signal, as shells do.
            Some(code @ 129..=192) => write!(f, "signal {}{}", code - 128, signal_name(code - 128)),
            Some(code) => write!(f, "exit status {code}"),
            None => write!(f, "{}", self.0),
        }
    }
}

fn signal_name(number: i32) -> &'static str {
    match number {
        6 => " (SIGABRT)",
        9 => " (SIGKILL; out of memory?)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// A started command. Dropping [`Lifeline`] ends it.
pub(crate) struct Running {
    child: Child,
    output: Receiver,
}

/// The write end of the supervisor's stdin: while it is open, the command may run.
#[derive(Debug)]
pub(crate) struct Lifeline(#[expect(dead_code, reason = "held to be dropped")] ChildStdin);

impl Job {
    /// The command as one would type it, quotes aside.
    pub(crate) fn shown(&self) -> String {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    /// Starts the command.
    pub(crate) fn start(&self, supervisor: &Supervisor) -> io::Result<(Running, Lifeline)> {
        let mut parts = self.command.iter().cloned();
        let program = parts.next().ok_or_else(|| io::Error::other("the command is empty"))?;
        let order = Order { grace: supervisor.grace, program, args: parts.collect() };
        // One pipe for both, so that lines keep their order.
        let (output, both) = io::pipe()?;
        let mut command = Command::new(&supervisor.program);
        command.args(&supervisor.args).args(order.to_args());
        command.env_clear().envs(self.environment.iter()).current_dir(&self.dir);
        command.stdin(Stdio::piped()).stdout(both.try_clone()?).stderr(both);
        // A group of its own: the terminal's Ctrl-C is for `aieffect`, which then ends its services in order.
        let mut child = command.process_group(0).spawn()?;
        let stdin = child.stdin.take().ok_or_else(|| io::Error::other("the supervisor has no stdin"))?;
        Ok((Running { child, output: Receiver::from_owned_fd(output.into())? }, Lifeline(stdin)))
    }

    /// Runs the command to its end and gives each line it prints to `each`. Dropping the future ends it.
    pub(crate) async fn finish(&self, supervisor: &Supervisor, each: impl FnMut(&str)) -> io::Result<Status> {
        let (running, _lifeline) = self.start(supervisor)?;
        running.attend(each).await
    }
}

impl Running {
    /// Gives each line to `each` until the command has ended.
    pub(crate) async fn attend(mut self, mut each: impl FnMut(&str)) -> io::Result<Status> {
        let mut splitter = Splitter::default();
        let mut buffer = vec![0; 8 * 1024];
        let status = loop {
            tokio::select! {
                biased;
                read = self.output.read(&mut buffer) => match read {
                    Ok(count) if count > 0 => splitter.feed(&buffer[..count], &mut each),
                    Ok(_) | Err(_) => break self.child.wait().await?,
                },
                status = self.child.wait() => break status?,
            }
        };
        let rest = async {
            while let Ok(count @ 1..) = self.output.read(&mut buffer).await {
                splitter.feed(&buffer[..count], &mut each);
            }
        };
        // Only a process that cannot be killed still holds the pipe; its output is not waited for.
        let _ = tokio::time::timeout(DRAIN, rest).await;
        splitter.finish(&mut each);
        Ok(Status(status))
    }
}
