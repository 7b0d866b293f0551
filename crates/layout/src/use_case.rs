//! A use case's folder as a [`UseCase`].

mod belongs;
mod services;

use std::path::Path;
use std::sync::Arc;

use aieffect_blueprint::{ComposeFile, Diagnostic, Document, Findings, SourceText, Topology, UseCase};

use crate::open::{folder_name, missing};
use crate::text::{DOCUMENT_LIMIT, read_limited};
use crate::walk::{self, OutwardFolder};

/// The names of a compose file, the first that is there counts; in the order in which Docker looks.
const COMPOSE_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Reads a use case. `None` when a document that is needed is missing or broken.
pub(crate) fn read(path: &Path, findings: &mut Findings) -> Option<UseCase> {
    let topology = topology(path, findings);
    let compose = compose(path, findings);
    let protos = walk::protos(path, "", OutwardFolder::Warned, findings);
    let mut services = services::read(path, &protos, findings)?;
    let dockerfiles = services::dockerfiles(path, &services);
    if let Some((document, compose)) = &compose {
        belongs::assign(path, compose, &mut services);
        belongs::check(path, compose, document, &services, &dockerfiles, findings);
    }
    Some(UseCase {
        name: folder_name(path),
        services,
        topology: topology?,
        compose: compose.map(|(_, compose)| compose).unwrap_or_default(),
        dockerfiles,
        protos,
    })
}

fn topology(path: &Path, findings: &mut Findings) -> Option<Topology> {
    let name = "connections.json";
    let file = path.join(name);
    if file.symlink_metadata().is_err() {
        findings.push(missing("the use case", name, "it says which operation's response goes where"));
        return None;
    }
    Topology::read(&document(path, name, Document::json, findings)?, findings)
}

fn compose(path: &Path, findings: &mut Findings) -> Option<(Arc<Document>, ComposeFile)> {
    let name = COMPOSE_FILES.into_iter().find(|name| path.join(name).symlink_metadata().is_ok())?;
    let document = document(path, name, Document::yaml, findings)?;
    let compose = ComposeFile::read(&document, findings);
    Some((document, compose))
}

/// One of [`Document`]'s parsers.
type Parse = fn(&Arc<SourceText>) -> Result<Arc<Document>, Diagnostic>;

fn document(path: &Path, name: &str, parse: Parse, findings: &mut Findings) -> Option<Arc<Document>> {
    let file = path.join(name);
    let text = if walk::escapes(path, &file) {
        Err(walk::leaves_folder(name))
    } else {
        read_limited(&file, name, DOCUMENT_LIMIT)
    };
    text.and_then(|text| parse(&text)).map_err(|finding| findings.push(finding)).ok()
}
