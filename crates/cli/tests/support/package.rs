//! Packages made for one test: [`Package`].

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::aieffect::Aieffect;
use super::protos::step_proto;

/// A package in a folder of its own, for services that the test runs itself.
pub(crate) struct Package {
    dir: TempDir,
    nodes: Vec<Value>,
    addresses: Vec<Value>,
    execution: Value,
}

impl Package {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let execution = json!({"version": 1});
        Self { dir, nodes: Vec::new(), addresses: Vec::new(), execution }
    }

    /// A node with its proto and operations, at a port of the loopback interface.
    pub(crate) fn node(mut self, name: &str, port: u16, proto: &str, operations: &[&str]) -> Self {
        let microservice = self.dir.path().join("microservice");
        fs::create_dir_all(&microservice).unwrap();
        fs::write(microservice.join(format!("{name}.proto")), proto).unwrap();
        let signature = |name: &str| json!({"operation_name": name});
        let operations: Vec<_> = operations
            .iter()
            .map(|name| json!({"operation_signature": signature(name), "connected_to": []}))
            .collect();
        self.nodes.push(json!({
            "proto_uri": format!("microservice/{name}.proto"), "image": name, "node_type": "MLModel",
            "container_name": name, "operation_signature_list": operations,
        }));
        self.addresses
            .push(json!({"container_name": name, "ip_address": "127.0.0.1", "port": port.to_string()}));
        self
    }

    /// A node without a proto, so that it is controlled over HTTP.
    pub(crate) fn controlled(self, name: &str, port: u16, operations: &[&str]) -> Self {
        let mut package = self.node(name, port, "", operations);
        fs::remove_file(package.path().join(format!("microservice/{name}.proto"))).unwrap();
        if let Some(node) = package.nodes.last_mut() {
            node["proto_uri"] = json!("");
        }
        package
    }

    /// A link between two operations, each as `node:operation`.
    pub(crate) fn link(mut self, from: &str, to: &str) -> Self {
        let ((from, operation), (to, target)) = (from.split_once(':').unwrap(), to.split_once(':').unwrap());
        let node = self.nodes.iter_mut().find(|node| node["container_name"] == from).unwrap();
        let operations = node["operation_signature_list"].as_array_mut().unwrap();
        let named = |entry: &&mut Value| entry["operation_signature"]["operation_name"] == operation;
        let entry = operations.iter_mut().find(named).unwrap();
        let link = json!({"container_name": to, "operation_signature": {"operation_name": target}});
        entry["connected_to"].as_array_mut().unwrap().push(link);
        self
    }

    /// What `execution.json` says of an operation, `node:operation`.
    pub(crate) fn operation(mut self, step: &str, settings: &Value) -> Self {
        self.execution["operations"][step] = settings.clone();
        self
    }

    /// Writes the documents.
    pub(crate) fn written(self) -> Self {
        let blueprint = json!({
            "nodes": self.nodes, "name": "Case", "pipeline_id": "p",
            "creation_date": "2026-01-01 00:00:00.000000", "type": "pipeline-topology/v2", "version": "2.0",
        });
        let write = |name: &str, document: &Value| {
            fs::write(self.path().join(name), document.to_string()).unwrap();
        };
        write("blueprint.json", &blueprint);
        write("dockerinfo.json", &json!({"docker_info_list": self.addresses}));
        write("execution.json", &self.execution);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Gives each of these nodes a host of its own name, and an image.
    pub(crate) fn stand_at_hosts(&self, nodes: &[(&str, &str)]) {
        let change = |name: &str, list: &str, key: &str, value: &dyn Fn(&str, &str) -> String| {
            let path = self.path().join(name);
            let mut document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            for entry in document[list].as_array_mut().unwrap() {
                let found = nodes.iter().find(|(node, _)| entry["container_name"] == *node);
                if let Some((node, image)) = found {
                    entry[key] = json!(value(node, image));
                }
            }
            fs::write(path, document.to_string()).unwrap();
        };
        change("dockerinfo.json", "docker_info_list", "ip_address", &|node, _| node.to_owned());
        change("blueprint.json", "nodes", "image", &|_, image| image.to_owned());
    }

    /// `aieffect orchestrate` on it.
    pub(crate) fn orchestrate(&self) -> Aieffect {
        Aieffect::new("orchestrate", self.path(), self.path())
    }
}

/// Nodes `n1`, `n2`, … of [`step_proto`], one after the other, all at that port.
pub(crate) fn chain(port: u16, length: usize) -> Package {
    let names: Vec<String> = (1..=length).map(|number| format!("n{number}")).collect();
    let node = |package: Package, name: &String| package.node(name, port, &step_proto("a"), &["Do"]);
    let package = names.iter().fold(Package::new(), node);
    let linked = names
        .windows(2)
        .fold(package, |package, pair| package.link(&format!("{}:Do", pair[0]), &format!("{}:Do", pair[1])));
    linked.operation("n1:Do", &json!({"parameters": {"text": "begin"}}))
}
