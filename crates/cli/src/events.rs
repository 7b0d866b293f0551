//! `--events FILE`: everything that happens in a run, one JSON object a line: [`EventsFile`].
//!
//! A thread of its own writes, so that neither a slow disk nor a reader that stalls holds the run up. What waits for it
//! is bounded in memory; the rest waits in a temporary file.

mod form;
mod queue;
mod spool;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use aieffect_orchestrator::engine::{Chronicle, Observer, Origin, Recorded};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::Plan;
use tokio::sync::oneshot::{self, Receiver};
use tokio::time::{Instant, timeout};

pub(crate) use self::form::as_json;
use self::queue::{Batch, Happened, Queue};
use crate::arguments::RunFlags;
use crate::drive::Interrupts;
use crate::exit::{Exit, Failure};
use crate::log::Log;
use crate::paths;
use crate::sink;

/// What is written at once, so that it shows that a slow reader still reads.
const PIECE: usize = 8 * 1024;
/// How much is made into lines before it is written.
const CHUNK: usize = 64 * 1024;

/// The file, and the thread that writes it.
pub(crate) struct EventsFile {
    path: PathBuf,
    queue: Arc<Queue>,
    delivered: Arc<Delivered>,
    /// Tells when the thread has ended.
    over: Receiver<()>,
    log: Log,
}

/// How long a run that has ended waits for a reader that lags behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// As long as it takes something within this time,
    stalled: Duration,
    /// but no longer.
    most: Duration,
}

impl Patience {
    /// For a run that has come to its end.
    pub(crate) const USUAL: Self = Self { stalled: Duration::from_secs(10), most: Duration::from_secs(60) };
    /// For one that the user has asked twice to end.
    pub(crate) const SHORT: Self = Self { stalled: Duration::from_secs(1), most: Duration::from_secs(1) };
}

/// What has been written.
#[derive(Default)]
struct Delivered {
    lines: AtomicU64,
    bytes: AtomicU64,
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
        let (queue, delivered) = (Arc::new(Queue::new()), Arc::<Delivered>::default());
        let (path, taken, given, said) =
            (path.to_owned(), Arc::clone(&queue), Arc::clone(&delivered), log.clone());
        let (ended, over) = oneshot::channel();
        let name = path.clone();
        thread::Builder::new().name("events".to_owned()).spawn(move || {
            if let Err(error) = write(&taken, file, &given) {
                said.warning(&lost(&name, &error.to_string()));
            }
            taken.written();
            // Nobody waits for it where the run did not begin.
            let _ = ended.send(());
        })?;
        Ok(Self { path, queue, delivered, over, log })
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
            if let Err(error) = queue.put(Happened { at: recorded.at, event }) {
                let folder = std::env::temp_dir();
                let why =
                    format!("they wait for its reader, and `{}` takes no more: {error}", folder.display());
                log.warning(&lost(&path, &why));
            }
        })
    }

    /// The run has ended. Waits until all is written, for as long as `patience` says, or until an interrupt; says so when
    /// something is missing then.
    pub(crate) async fn finish(mut self, interrupts: &mut Interrupts, patience: Patience) {
        let put = self.queue.close();
        if let Ok(true) = interrupts.or(self.written(patience)).await {
            return;
        }
        let missing = put.saturating_sub(self.delivered.lines.load(Ordering::Relaxed));
        if missing > 0 {
            // The thread hangs in a write, and ends with the process.
            self.log.warning(&lost(&self.path, &format!("its reader has not taken the last {missing}")));
        }
    }

    /// Whether the thread has come to its end in time.
    async fn written(&mut self, patience: Patience) -> bool {
        let end = Instant::now() + patience.most;
        loop {
            let before = self.delivered.bytes.load(Ordering::Relaxed);
            let left = end.saturating_duration_since(Instant::now());
            // A thread that is gone without a word has panicked, and said so itself.
            if timeout(left.min(patience.stalled), &mut self.over).await.is_ok() {
                return true;
            }
            if self.delivered.bytes.load(Ordering::Relaxed) == before || Instant::now() >= end {
                return false;
            }
        }
    }
}

impl Drop for EventsFile {
    fn drop(&mut self) {
        // Of a run that did not begin there is nothing to wait for.
        self.queue.close();
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
    sink::append(path)
}

/// Writes what comes until there is no more.
fn write(queue: &Queue, mut file: impl Write, delivered: &Delivered) -> io::Result<()> {
    let (mut batch, mut lines) = (Batch::default(), Vec::new());
    while queue.take(&mut batch)? {
        for event in batch.events.drain(..) {
            form::write_line(event.at, &event.event, &mut lines);
            if lines.len() >= CHUNK {
                deliver(&mut file, &mut lines, delivered)?;
            }
        }
        lines.extend_from_slice(&batch.lines);
        deliver(&mut file, &mut lines, delivered)?;
    }
    Ok(())
}

/// Writes the lines that are whole, and keeps what follows them. What others write to the same place comes between two
/// lines, unless one is very long.
fn deliver(file: &mut impl Write, lines: &mut Vec<u8>, delivered: &Delivered) -> io::Result<()> {
    let whole = end_of_lines(lines);
    let mut left = &lines[..whole];
    while !left.is_empty() {
        let piece = &left[..left.len().min(PIECE)];
        let piece = match end_of_lines(piece) {
            0 => piece,
            end => &piece[..end],
        };
        file.write_all(piece)?;
        let ended = piece.iter().filter(|byte| **byte == b'\n').count();
        delivered.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        delivered.lines.fetch_add(ended as u64, Ordering::Relaxed);
        left = &left[piece.len()..];
    }
    lines.drain(..whole);
    file.flush()
}

fn end_of_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}
