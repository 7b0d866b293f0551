//! Packages that exist in memory alone, and stacks of them.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::net::{IpAddr, Ipv4Addr};

use aieffect_blueprint::{Document, Findings, Package, Pipeline, Port, ProtoTree, SourceText, resolve};
use aieffect_compose::{
    Build, ComposeFile, Error, ImageName, Orchestrator, StackAccess, StackOptions, stack,
};
use serde_json::{Value, json};

/// A node: its name, image, host and port. One whose name begins with `http_` has no proto.
pub(crate) type Node<'a> = (&'a str, &'a str, &'a str, u16);

pub(crate) fn pipeline(nodes: &[Node<'_>]) -> Pipeline {
    let document =
        |name: &str, value: &Value| Document::json(&SourceText::new(name, format!("{value:#}"))).unwrap();
    let entries: Vec<Value> = nodes
        .iter()
        .map(|(name, image, ..)| {
            json!({"container_name": name, "image": image, "operation_signature_list": [
                {"operation_signature": {"operation_name": "Do"}, "connected_to": []}]})
        })
        .collect();
    let addresses: Vec<Value> = nodes
        .iter()
        .map(|(name, _, host, port)| json!({"container_name": name, "ip_address": host, "port": port}))
        .collect();
    let mut protos = ProtoTree::new();
    for (name, ..) in nodes.iter().filter(|(name, ..)| !name.starts_with("http_")) {
        let path = format!("microservice/{name}.proto");
        protos.insert(path.clone(), SourceText::new(path, ""));
    }
    let package = Package {
        name: "case".into(),
        blueprint: document("blueprint.json", &json!({"nodes": entries})),
        dockerinfo: document("dockerinfo.json", &json!({"docker_info_list": addresses})),
        execution: None,
        protos,
    };
    let (pipeline, findings) = resolve::package(&package);
    pipeline.unwrap_or_else(|| panic!("{findings:#?}"))
}

/// As `aieffect compose` has them without options, with a static binary.
pub(crate) fn options() -> StackOptions {
    StackOptions {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        base_port: Port::DEFAULT,
        orchestrator: Orchestrator::Built(Build {
            context: "./.orchestrator".into(),
            dockerfile: None,
            bases: Vec::new(),
            name: Some(ImageName::new("aieffect-orchestrator:0123456789ab").unwrap()),
        }),
        probe: Some("./.orchestrator/aieffect".into()),
        package: ".".into(),
        access: StackAccess::default(),
    }
}

pub(crate) fn made(
    nodes: &[Node<'_>],
    options: &StackOptions,
) -> Result<(Option<ComposeFile>, Findings), Error> {
    stack(&pipeline(nodes), options)
}

pub(crate) fn file(nodes: &[Node<'_>], options: &StackOptions) -> ComposeFile {
    let (file, findings) = made(nodes, options).unwrap();
    file.unwrap_or_else(|| panic!("{findings:#?}"))
}

/// The findings, one a line.
pub(crate) fn findings(nodes: &[Node<'_>], options: &StackOptions) -> String {
    let (_, findings) = made(nodes, options).unwrap();
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// What a reader of YAML 1.2 makes of the text.
pub(crate) fn read(yaml: &str) -> Value {
    Document::yaml(&SourceText::new("docker-compose.yml", yaml)).unwrap().value().clone()
}

/// Checks with the real tool that the text is a compose file, and gives back what that makes of it; `None` where
/// there is no such tool.
pub(crate) fn configured(yaml: &str) -> Option<Value> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".orchestrator")).unwrap();
    let path = dir.path().join("docker-compose.yml");
    std::fs::write(&path, yaml).unwrap();
    let config = aieffect_testkit::compose_config(&path)?;
    Some(read(&config.unwrap_or_else(|error| panic!("{error}\n{yaml}"))))
}
