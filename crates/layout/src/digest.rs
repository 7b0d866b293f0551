//! A digest of the documents that runs are planned from.

use std::fmt::Write;

use aieffect_blueprint::{Document, ProtoTree};
use sha2::{Digest, Sha256};

use crate::Opened;

/// SHA-256, in hexadecimal digits, of the documents and protos of a package or use case: of what they say, wherever they lie.
pub fn digest(opened: &Opened) -> String {
    let mut hash = Sha256::new();
    match opened {
        Opened::Package(package, _) => {
            let execution = package.execution.as_deref();
            let documents = [Some(&*package.blueprint), Some(&*package.dockerinfo), execution];
            documents.into_iter().for_each(|document| document_of(&mut hash, document));
            protos(&mut hash, &package.protos);
        }
        Opened::UseCase(use_case, _) => {
            document_of(&mut hash, Some(use_case.topology.place.document()));
            for service in &use_case.services {
                part(&mut hash, service.folder.as_str());
            }
            protos(&mut hash, &use_case.protos);
        }
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn document_of(hash: &mut Sha256, document: Option<&Document>) {
    part(hash, document.map_or("", |document| document.source().text()));
}

fn protos(hash: &mut Sha256, protos: &ProtoTree) {
    for (path, source) in protos.iter() {
        part(hash, path);
        part(hash, source.text());
    }
}

/// With its length before it, so that no two sets of parts look alike.
fn part(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}
