//! Every process that a run has started, whatever becomes of its parents: [`Family`].

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tempfile::TempDir;

/// Long enough for a slow machine; a test that needs it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// In the environment of every member.
const MARK: &str = "E2E_MARK";

/// All processes below one command. They hold the write end of a pipe, and a mark in their environment.
pub(crate) struct Family {
    dir: TempDir,
    gone: Option<Receiver<()>>,
}

impl Family {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new("mkfifo").arg(dir.path().join("alive")).status().unwrap();
        assert!(made.success());
        Self { dir, gone: None }
    }

    /// A command that becomes `program` and makes it and all that it starts members.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"exec 9> "$0"; ${E2E_KIB:+ulimit -v "$E2E_KIB"}; exec "$@""#])
            .arg(self.pipe())
            .arg(program);
        command.env(MARK, self.mark());
        command
    }

    /// Begins to watch; the command has been started.
    pub(crate) fn watch(&mut self) {
        let (sender, gone) = channel();
        let pipe = self.pipe();
        std::thread::spawn(move || {
            let mut alive = File::open(pipe).unwrap();
            // Nobody writes: this returns when the last member has closed its end.
            alive.read_to_end(&mut Vec::new()).unwrap();
            // Nobody may be waiting.
            let _ = sender.send(());
        });
        self.gone = Some(gone);
    }

    /// The command lines of those that are there.
    pub(crate) fn members(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.mark());
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let marked = processes.filter(|process| {
            let environ = fs::read(process.join("environ")).unwrap_or_default();
            environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        });
        marked.map(|process| command_line(&process)).collect()
    }

    /// Waits until all are gone.
    #[track_caller]
    pub(crate) fn until_gone(&self) {
        match self.gone.as_ref().unwrap().recv_timeout(PATIENCE) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => panic!("still running: {:#?}", self.members()),
            Err(RecvTimeoutError::Disconnected) => panic!("the pipe could not be watched"),
        }
        assert_eq!(self.members(), [""; 0]);
    }

    fn pipe(&self) -> PathBuf {
        self.dir.path().join("alive")
    }

    fn mark(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }
}

fn command_line(process: &Path) -> String {
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&words).replace('\0', " ");
    format!("{} {line}", process.display())
}
