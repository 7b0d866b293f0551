//! A use case on disk, made from a compose file's text, and its services started.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{
    ComposeFile, Document, Findings, ProtoTree, Service, ServiceName, SourceText, Topology, UseCase,
};
use aieffect_local::{CacheFolder, DataSource, Line, RunFolder, Sink, StartOptions, Supervisor};
use tempfile::TempDir;

/// Reads the use case that `compose` describes; each compose service is a folder of the same name.
pub fn use_case(root: &Path, compose: &str) -> UseCase {
    let document = Document::yaml(&SourceText::new("docker-compose.yml", compose)).unwrap();
    let mut findings = Findings::new();
    let compose = ComposeFile::read(&document, &mut findings);
    let connections = SourceText::new("connections.json", r#"{"pipeline": {"connections": []}}"#);
    let topology = Topology::read(&Document::json(&connections).unwrap(), &mut findings).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let services = compose.services.iter().enumerate().map(|(index, service)| {
        std::fs::create_dir_all(root.join("services").join(service.name.as_str())).unwrap();
        Service { folder: service.name.clone(), protos: Vec::new(), compose: Some(index) }
    });
    let services: Vec<_> = services.collect();
    UseCase { name: "case".to_owned(), services, topology, compose, protos: ProtoTree::default() }
}

pub fn folders(use_case: &UseCase) -> Vec<ServiceName> {
    use_case.services.iter().map(|service| service.folder.clone()).collect()
}

/// Collected lines, as `from: text`.
pub type Lines = Arc<Mutex<Vec<String>>>;

/// Options that put everything below `root`.
pub fn options(root: &TempDir, run: &str) -> (StartOptions, Lines) {
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
