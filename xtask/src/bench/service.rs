//! A service that answers at once, as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use super::PROFILE;
use crate::workspace::target;

/// One of testkit's services; it ends with this value.
pub(crate) struct Service {
    process: Child,
    pub(crate) port: u16,
}

impl Service {
    /// Starts the one that was built for measuring, and waits until it listens, on a port that it finds itself.
    pub(super) fn start(name: &str) -> Result<Self> {
        Self::of_profile(PROFILE, name)
    }

    /// The same for one that was built in this folder of `target`.
    pub(crate) fn of_profile(profile: &str, name: &str) -> Result<Self> {
        let mut process = Command::new(target().join(profile).join("examples").join(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("testkit's service cannot be started")?;
        let errors = process.stderr.take().context("the service has no stderr")?;
        let mut lines = BufReader::new(errors).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_prefix("listening on ")?.parse().ok());
        let port = port.context("the service does not say its port")?;
        // Nobody reads on; a full pipe would stop the service.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { process, port })
    }

    /// How it is spoken to, for one that listens to that too.
    pub(super) fn pipes(&mut self) -> Result<(ChildStdin, ChildStdout)> {
        let pipes = self.process.stdin.take().zip(self.process.stdout.take());
        pipes.context("the service's pipes are somebody else's")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
