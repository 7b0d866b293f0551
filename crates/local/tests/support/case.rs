//! A use case from a compose file's text; each compose service is a folder of the same name.

use std::path::Path;

use aieffect_blueprint::{
    ComposeFile, Dockerfiles, Document, Findings, ProtoTree, Service, SourceText, Topology, UseCase,
};

pub(crate) fn use_case(root: &Path, compose: &str) -> UseCase {
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
    UseCase {
        name: "case".to_owned(),
        services,
        topology,
        compose,
        dockerfiles: Dockerfiles::default(),
        protos: ProtoTree::default(),
    }
}
