//! The example that stands round a document.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{Document, Findings, Package, Pipeline, ProtoTree, SourceText, UseCase, resolve};
use aieffect_contract::{ProtoSet, interfaces};
use aieffect_export::{ExportOptions, ProtoLayout, Stamp};
use aieffect_layout::{Opened, open};
use tempfile::TempDir;

const EXAMPLE: &str = "grid_diamond";

/// A use case that is on disk, and what it is exported to.
pub(super) struct World {
    folder: PathBuf,
    _kept: TempDir,
    pub(super) package: Package,
}

thread_local! {
    static WORLD: World = World::new();
}

impl World {
    pub(super) fn with(look: impl FnOnce(&Self)) {
        WORLD.with(look);
    }

    fn new() -> Self {
        let kept = TempDir::new().expect("there is room for a folder");
        // Names of services and images begin with that of the folder.
        let folder = kept.path().join(EXAMPLE);
        fs::create_dir(&folder).expect("the folder is ours");
        copy(&aieffect_testkit::use_case(EXAMPLE), &folder);
        let Ok((Some(Opened::UseCase(use_case, _)), _)) = open(&folder) else { panic!("{EXAMPLE} is gone") };
        let (interfaces, _) = interfaces(&use_case);
        let (pipeline, _) = resolve::use_case(&use_case, &interfaces);
        let pipeline = pipeline.expect("the example has no error");
        let (protos, _) = ProtoSet::compile(&pipeline, &use_case.protos);
        Self { package: exported(&use_case, &pipeline, &protos), folder, _kept: kept }
    }

    /// The use case with another text in place of one of its documents.
    pub(super) fn use_case_with(&self, name: &str, text: &str) -> (Option<UseCase>, Findings) {
        let path = self.folder.join(name);
        let before = fs::read(&path).expect("the example has the document");
        fs::write(&path, text).expect("the folder is ours");
        let opened = open(&self.folder);
        fs::write(&path, before).expect("the folder is ours");
        match opened {
            Ok((Some(Opened::UseCase(use_case, _)), findings)) => (Some(*use_case), findings),
            Ok((_, findings)) => (None, findings),
            Err(error) => panic!("{error}"),
        }
    }
}

/// What is exported, read as a package.
pub(super) fn exported(use_case: &UseCase, pipeline: &Pipeline, protos: &ProtoSet) -> Package {
    let options = ExportOptions {
        stamp: Stamp::Reproducible { created: Duration::ZERO },
        source_path: ".".to_owned(),
        protos: ProtoLayout::Imports,
        addresses: std::collections::BTreeMap::new(),
    };
    let (files, _) = aieffect_export::package(use_case, pipeline, protos, &options);
    let source = |name: &str| files.0.get(name).map(|text| SourceText::new(name, text.as_str()));
    let document = |name: &str| source(name).map(|source| parse(&source));
    let mut tree = ProtoTree::new();
    for (name, text) in files.0.iter().filter(|(name, _)| name.ends_with(".proto")) {
        tree.insert(name.as_str(), SourceText::new(name.as_str(), text.as_str()));
    }
    Package {
        name: "p".to_owned(),
        blueprint: document("blueprint.json").expect("every package has one"),
        dockerinfo: document("dockerinfo.json").expect("every package has one"),
        execution: document("execution.json"),
        protos: tree,
    }
}

fn parse(source: &Arc<SourceText>) -> Arc<Document> {
    Document::json(source).unwrap_or_else(|finding| panic!("exported: {finding}"))
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the example is there").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            fs::create_dir_all(&to).expect("the folder is ours");
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("the folder is ours");
        }
    }
}
