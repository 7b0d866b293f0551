//! Use cases that exist in memory alone, and the way from one to its package and back.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{
    ComposeFile, Dockerfiles, Document, Findings, Package, PackageFiles, Pipeline, ProtoTree, Service,
    SourceText, Topology, UseCase, resolve,
};
use aieffect_contract::{ProtoSet, interfaces};
use aieffect_export::{ExportOptions, ProtoLayout, Stamp, package};

pub(crate) fn options(protos: ProtoLayout) -> ExportOptions {
    let stamp = Stamp::Reproducible { created: Duration::ZERO };
    ExportOptions { stamp, source_path: "../use-cases/case".into(), protos, addresses: BTreeMap::new() }
}

fn json(name: &str, text: &str) -> Arc<Document> {
    Document::json(&SourceText::new(name, text)).unwrap()
}

/// A use case named `case` with protos by their paths, and the inside of its `pipeline` object.
pub(crate) fn use_case(protos: &[(&str, &str)], pipeline: &str) -> UseCase {
    let mut findings = Findings::new();
    let connections = json("connections.json", &format!("{{ \"pipeline\": {{ {pipeline} }} }}"));
    let topology = Topology::read(&connections, &mut findings).unwrap();
    assert!(!findings.has_errors(), "{findings:?}");
    let mut folders: Vec<&str> =
        protos.iter().filter_map(|(path, _)| path.strip_prefix("services/")?.split('/').next()).collect();
    folders.sort_unstable();
    folders.dedup();
    let service = |folder: &&str| Service {
        folder: folder.parse().unwrap(),
        protos: protos
            .iter()
            .filter(|(path, _)| path.starts_with(&format!("services/{folder}/proto/")))
            .map(|(path, _)| (*path).to_owned())
            .collect(),
        compose: None,
    };
    let services = folders.iter().map(service).collect();
    let mut tree = ProtoTree::new();
    for (path, text) in protos {
        tree.insert(*path, SourceText::new(*path, *text));
    }
    UseCase {
        name: "case".into(),
        services,
        topology,
        compose: ComposeFile::default(),
        dockerfiles: Dockerfiles::default(),
        protos: tree,
    }
}

pub(crate) fn resolved(use_case: &UseCase) -> (Pipeline, ProtoSet) {
    let (interfaces, findings) = interfaces(use_case);
    assert!(!findings.has_errors(), "{findings:#?}");
    let (pipeline, findings) = resolve::use_case(use_case, &interfaces);
    let pipeline = pipeline.unwrap_or_else(|| panic!("{findings:#?}"));
    let (protos, findings) = ProtoSet::compile(&pipeline, &use_case.protos);
    assert!(!findings.has_errors(), "{findings:#?}");
    (pipeline, protos)
}

pub(crate) fn export(use_case: &UseCase, options: &ExportOptions) -> (PackageFiles, Findings) {
    let (pipeline, protos) = resolved(use_case);
    package(use_case, &pipeline, &protos, options)
}

/// What the files mean to whoever opens them.
pub(crate) fn read_back(files: &PackageFiles) -> (Pipeline, ProtoSet) {
    let mut protos = ProtoTree::new();
    for (path, text) in files.0.iter().filter(|(path, _)| path.ends_with(".proto")) {
        protos.insert(path.clone(), SourceText::new(path.clone(), text.clone()));
    }
    let package = Package {
        name: "case".into(),
        blueprint: json("blueprint.json", &files.0["blueprint.json"]),
        dockerinfo: json("dockerinfo.json", &files.0["dockerinfo.json"]),
        execution: files.0.get("execution.json").map(|text| json("execution.json", text)),
        protos,
    };
    let (pipeline, findings) = resolve::package(&package);
    assert!(!findings.has_errors(), "{findings:#?}");
    let pipeline = pipeline.unwrap();
    let (protos, findings) = ProtoSet::compile(&pipeline, &package.protos);
    assert_eq!(findings, Findings::new());
    (pipeline, protos)
}

/// Everything about a pipeline that a package must keep.
pub(crate) fn meaning(pipeline: &Pipeline) -> String {
    let mut text = String::new();
    for (index, node) in pipeline.nodes().iter().enumerate() {
        text += &format!(
            "{} at {} from {} as {}\n",
            node.name,
            node.address,
            node.image,
            pipeline.kind(index).as_str()
        );
        for operation in &node.operations {
            let settings = &operation.settings;
            let written = serde_json::Value::from(settings.written.clone());
            text += &format!("  {} {:?} {written}\n", operation.name, operation.declared);
            text +=
                &format!("    {:?} x{} {:?}\n", settings.deadline, settings.attempts, settings.idempotence);
        }
    }
    for link in pipeline.links() {
        text += &format!("{} -> {}", pipeline.step_name(link.from), pipeline.step_name(link.to));
        for field in &link.fields {
            text += &format!(" {}={:?}", field.target, field.source);
        }
        text.push('\n');
    }
    text + &format!("{:?}\n", pipeline.execution())
}
