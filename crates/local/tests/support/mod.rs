//! A use case on disk, made from a compose file's text, and its services started.

mod case;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{ServiceName, UseCase};
use aieffect_local::{CacheFolder, DataSource, Line, RunFolder, Sink, StartOptions, Supervisor};
use tempfile::TempDir;

pub(crate) use case::use_case;

pub(crate) fn folders(use_case: &UseCase) -> Vec<ServiceName> {
    use_case.services.iter().map(|service| service.folder.clone()).collect()
}

/// Collected lines, as `from: text`.
pub(crate) type Lines = Arc<Mutex<Vec<String>>>;

/// Options that put everything below `root`.
pub(crate) fn options(root: &TempDir, run: &str) -> (StartOptions, Lines) {
    let lines = Lines::default();
    let collected = Arc::clone(&lines);
    let sink: Sink = Arc::new(move |line: Line<'_>| {
        collected.lock().unwrap().push(format!("{}: {}", line.from, line.text));
    });
    let data = root.path().join("data");
    let run = RunFolder::create(root.path(), run, DataSource::CopyOf(&data)).unwrap();
    let supervisor = Supervisor {
        program: env!("CARGO_BIN_EXE_supervise").into(),
        args: Vec::new(),
        grace: Duration::from_secs(30),
    };
    let cache = CacheFolder::new(root.path().join("cache"));
    (StartOptions { run, cache, sink, supervisor }, lines)
}
