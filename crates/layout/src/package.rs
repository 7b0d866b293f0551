//! A package's folder as a [`Package`]; the documents of a zip take the same way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aieffect_blueprint::{Diagnostic, Document, Findings, Package, PackageFiles, ProtoTree, SourceText};

use crate::open::{folder_name, missing};
use crate::text::{DOCUMENT_LIMIT, read_limited};
use crate::walk::{self, OutwardFolder};

/// The documents that are read.
pub(crate) const READ: [&str; 3] = ["blueprint.json", "dockerinfo.json", "execution.json"];

/// The texts of a package, wherever they came from.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) documents: BTreeMap<&'static str, Arc<SourceText>>,
    /// Documents that are there but could not be read, which has been said.
    pub(crate) broken: Vec<&'static str>,
    pub(crate) protos: ProtoTree,
}

/// Reads a package's folder. `None` when a document that is needed is missing or broken.
pub(crate) fn read(path: &Path, findings: &mut Findings) -> Option<Package> {
    let mut texts = Texts::default();
    for name in READ {
        let file = path.join(name);
        if file.symlink_metadata().is_err() {
            continue;
        }
        let text = if walk::escapes(path, &file) {
            Err(walk::leaves_folder(name))
        } else {
            read_limited(&file, name, DOCUMENT_LIMIT)
        };
        texts.add(name, text, findings);
    }
    texts.protos = walk::protos(path, PackageFiles::PROTO_FOLDER, OutwardFolder::Refused, findings);
    texts.into_package(folder_name(path), findings)
}

impl Texts {
    pub(crate) fn add(
        &mut self,
        name: &'static str,
        text: Result<Arc<SourceText>, Diagnostic>,
        findings: &mut Findings,
    ) {
        match text {
            Ok(text) => {
                self.documents.insert(name, text);
            }
            Err(finding) => {
                findings.push(finding);
                self.broken.push(name);
            }
        }
    }

    pub(crate) fn into_package(self, name: String, findings: &mut Findings) -> Option<Package> {
        let blueprint = self.document("blueprint.json", findings);
        let dockerinfo = self.document("dockerinfo.json", findings);
        let execution = match self.documents.contains_key("execution.json") {
            true => Some(self.document("execution.json", findings)?),
            false => None,
        };
        Some(Package { name, blueprint: blueprint?, dockerinfo: dockerinfo?, execution, protos: self.protos })
    }

    fn document(&self, name: &'static str, findings: &mut Findings) -> Option<Arc<Document>> {
        if self.broken.contains(&name) {
            return None;
        }
        let Some(source) = self.documents.get(name) else {
            let help = "`aieffect export <use case> <output dir>` writes a whole package";
            findings.push(missing("the package", name, help));
            return None;
        };
        Document::json(source).map_err(|finding| findings.push(finding)).ok()
    }
}
