//! Running the binary: [`Aieffect`].

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

use super::ended::Ended;
use super::family::{Family, PATIENCE};

/// A command line of the binary.
pub(crate) struct Aieffect {
    command: Command,
    stdout: Option<File>,
    family: Family,
    folders: Vec<(PathBuf, &'static str)>,
}

/// The binary, running.
pub(crate) struct Running {
    child: Child,
    family: Family,
    stdout: JoinHandle<Vec<u8>>,
    lines: Receiver<String>,
    seen: String,
    folders: Vec<(PathBuf, &'static str)>,
}

impl Aieffect {
    /// `aieffect <command> <path>`; `folder` is called `<case>` in masked text.
    pub(crate) fn new(command: &str, path: &Path, folder: &Path) -> Self {
        let family = Family::new();
        let mut line = family.command(Path::new(env!("CARGO_BIN_EXE_aieffect")));
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"AIEFFECT_") {
                line.env_remove(name);
            }
        }
        // Ports are kept apart through the cache: one for all tests.
        line.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        line.arg(command).arg(path).stdin(Stdio::null());
        let real = folder.canonicalize().unwrap();
        let folders = vec![(real, "<case>"), (folder.to_owned(), "<case>")];
        Self { command: line, stdout: None, family, folders }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The address space that it may use, in bytes.
    pub(crate) fn memory_limit(self, bytes: usize) -> Self {
        self.env("E2E_KIB", (bytes / 1024).to_string())
    }

    /// Sends stdout to this file instead of keeping it.
    pub(crate) fn stdout(mut self, path: &str) -> Self {
        self.stdout = Some(File::options().write(true).open(path).unwrap());
        self
    }

    pub(crate) fn current_dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it to its end.
    pub(crate) fn output(self) -> Ended {
        self.start().end()
    }

    pub(crate) fn start(mut self) -> Running {
        let stdout = self.stdout.map_or_else(Stdio::piped, Stdio::from);
        let mut child = self.command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        self.family.watch();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take().unwrap());
        let stdout = std::thread::spawn(move || {
            let mut all = Vec::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_end(&mut all).unwrap();
            }
            all
        });
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            while matches!(stderr.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8(std::mem::take(&mut line)).unwrap();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Running { child, family: self.family, stdout, lines, seen: String::new(), folders: self.folders }
    }
}

/// A test that does not wait for its end leaves nothing behind either.
impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, mostly.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Running {
    /// Waits for a line on stderr that holds `text`.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> &mut Self {
        self.line_with(text);
        self
    }

    /// The same, and gives the line.
    #[track_caller]
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("no line with `{text}` ({error}):\n{}", self.seen),
            }
        }
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(self.pid(), signal).unwrap();
        self
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The command lines of all that runs.
    pub(crate) fn members(&self) -> Vec<String> {
        self.family.members()
    }

    /// Reads stderr no more, and closes it.
    pub(crate) fn close_stderr(&mut self) {
        self.lines = channel().1;
    }

    /// Waits for its end, then until all that it has started is gone.
    #[track_caller]
    pub(crate) fn end_of_all(&mut self) -> Ended {
        let ended = self.end();
        self.family.until_gone();
        Ended { left: Vec::new(), ..ended }
    }

    /// Waits for its end, and says what is still there.
    pub(crate) fn end(&mut self) -> Ended {
        let status = self.child.wait().unwrap();
        let left = self.family.members();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push_str(&line);
        }
        let stdout = std::mem::replace(&mut self.stdout, std::thread::spawn(Vec::new));
        let code = status.code().or_else(|| status.signal().map(|signal| -signal));
        Ended {
            code,
            stdout: String::from_utf8(stdout.join().unwrap()).unwrap(),
            stderr: std::mem::take(&mut self.seen),
            left,
            folders: std::mem::take(&mut self.folders),
        }
    }
}
