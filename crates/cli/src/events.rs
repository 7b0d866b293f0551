//! `--events FILE`: everything that happens in a run, one JSON object a line: [`EventsFile`].
//!
//! A thread of its own writes, so that a slow disk does not slow the run line by line. What waits for it is bounded:
//! then the run waits too, for a while, and after that goes on without the file.

mod form;
mod queue;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use aieffect_orchestrator::engine::{Chronicle, Observer, Origin, Recorded};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::Plan;

pub(crate) use self::form::as_json;
use self::queue::{Closed, Happened, Queue, Unheard};
use crate::arguments::RunFlags;
use crate::exit::{Exit, Failure};
use crate::log::Log;
use crate::paths;

const NOBODY: &str = "nobody takes what is written to it";

/// The file, and the thread that writes it. It is whole once this is dropped.
pub(crate) struct EventsFile {
    path: PathBuf,
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
    log: Log,
}

impl EventsFile {
    /// Opens it if it is asked for. Before anything else begins, so that the events of one run are never taken for
    /// those of another, and nobody waits for a run whose events cannot be written.
    pub(crate) fn open(flags: &RunFlags) -> Result<Option<Self>, Failure> {
        let Some(path) = &flags.watch.events else { return Ok(None) };
        if path.as_os_str() == "-" {
            let text = "`--events -`: events do not go to stdout, which the results are for";
            return Err(Failure::text(Exit::WrongUsage, text).help("name a file"));
        }
        for (other, what) in [(&flags.output, "results"), (&flags.report, "report")] {
            if other.as_ref().is_some_and(|other| paths::are_same(other, path)) {
                let text = format!("`{}` cannot take both the {what} and the events", path.display());
                return Err(Failure::text(Exit::WrongUsage, text).help("give --events a file of its own"));
            }
        }
        let log = Log::new(flags.log_level, flags.log_format);
        let file = opened(path, &log).map_err(|error| {
            let text = format!("`--events`: `{}` cannot be written: {error}", path.display());
            Failure::text(Exit::WrongUsage, text)
        })?;
        Self::begin(path, file, log).map(Some).map_err(|error| Failure::new(Exit::Internal, error))
    }

    fn begin(path: &Path, file: impl Write + Send + 'static, log: Log) -> io::Result<Self> {
        let queue = Arc::new(Queue::new());
        let (path, taken, said) = (path.to_owned(), Arc::clone(&queue), log.clone());
        let name = path.clone();
        let writer = thread::Builder::new().name("events".to_owned()).spawn(move || {
            if let Err(error) = write(&taken, file) {
                said.warning(&lost(&name, &error.to_string()));
            }
            taken.written();
        })?;
        Ok(Self { path, queue, writer: Some(writer), log })
    }

    /// Sees the events of a run, and has them written. What a firing came to in an earlier process does not happen
    /// again.
    pub(crate) fn observer(&self, plan: &Arc<Plan>, memo: Option<&Arc<Memo>>) -> Observer {
        let mut chronicle = Chronicle::new(Arc::clone(plan), memo.cloned());
        let (queue, log, path) = (Arc::clone(&self.queue), self.log.clone(), self.path.clone());
        Box::new(move |recorded: &Recorded| {
            if recorded.origin == Origin::Stored {
                return;
            }
            let Some(event) = chronicle.tell(&recorded.event) else { return };
            if let Err(Unheard) = queue.put(Happened { at: recorded.at, event }) {
                log.warning(&lost(&path, NOBODY));
            }
        })
    }
}

impl Drop for EventsFile {
    fn drop(&mut self) {
        match self.queue.close() {
            Closed::Written => {
                // A writer that panicked has said so itself.
                let _ = self.writer.take().map(JoinHandle::join);
            }
            // The thread hangs in a write, and ends with the process.
            Closed::Unheard => self.log.warning(&lost(&self.path, NOBODY)),
            Closed::GivenUp => {}
        }
    }
}

fn lost(path: &Path, why: &str) -> String {
    format!("events are missing from `{}`: {why}; the run goes on", path.display())
}

/// The file of earlier events has another name then. To a device, a pipe or a link it is written on.
fn opened(path: &Path, log: &Log) -> io::Result<File> {
    // An empty one is what a command left that was refused: what lies beside it is worth more.
    let is_empty = path.metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
    if !is_empty && let Some(aside) = paths::set_aside(path)? {
        log.info(&format!("events of an earlier run are now in `{}`", aside.display()));
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// Writes what comes until there is no more.
fn write(queue: &Queue, file: impl Write) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(64 * 1024, file);
    let mut events = Vec::new();
    while queue.take(&mut events) {
        for event in events.drain(..) {
            serde_json::to_writer(&mut writer, &as_json(event.at, &event.event))?;
            writer.write_all(b"\n")?;
        }
        writer.flush()?;
    }
    Ok(())
}
