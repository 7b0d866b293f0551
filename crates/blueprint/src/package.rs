//! A package: what the platform takes and hands out, read but not yet resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Document, ProtoTree};

/// The documents of a package and its protos.
#[derive(Debug, Clone)]
pub struct Package {
    /// The folder's or archive's name.
    pub name: String,
    /// `blueprint.json`.
    pub blueprint: Arc<Document>,
    /// `dockerinfo.json`.
    pub dockerinfo: Arc<Document>,
    /// `execution.json`, or the file given in its place.
    pub execution: Option<Arc<Document>>,
    /// Every `.proto` below `microservice/`, by path below the package.
    pub protos: ProtoTree,
}

/// The files of a package that is to be written: path below the package, with `/`, to text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageFiles(pub BTreeMap<String, String>);

impl PackageFiles {
    /// The names that mark a folder as a package, and that an export replaces.
    pub const DOCUMENTS: [&'static str; 4] =
        ["blueprint.json", "dockerinfo.json", "generation_metadata.json", "execution.json"];
    /// The folder of the protos.
    pub const PROTO_FOLDER: &'static str = "microservice";
}
