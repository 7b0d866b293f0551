//! Use cases made for one test: [`UseCase`].

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::aieffect::Aieffect;
use super::protos::step_proto;

/// A service of a use case.
pub(crate) struct Service {
    name: String,
    proto: String,
    run: Vec<String>,
}

impl Service {
    /// The service with [`step_proto`] that behaves as `behaviour` says (see `fault_service`).
    pub(crate) fn new(name: &str, behaviour: &[&str]) -> Self {
        Self::with_proto(name, &step_proto(name), behaviour)
    }

    pub(crate) fn with_proto(name: &str, proto: &str, behaviour: &[&str]) -> Self {
        let program = aieffect_testkit::fault_service().to_str().unwrap().to_owned();
        let file = format!("proto/{name}.proto");
        let run = std::iter::once(program).chain(behaviour.iter().map(ToString::to_string)).chain([file]);
        Self { name: name.to_owned(), proto: proto.to_owned(), run: run.collect() }
    }

    /// Starts it by this shell script, in which `"$@"` is what it would be started by otherwise.
    pub(crate) fn through(mut self, script: &str) -> Self {
        let shell = ["sh", "-c", script, "sh"].map(str::to_owned);
        self.run = shell.into_iter().chain(self.run).collect();
        self
    }
}

/// A use case in a folder of its own.
pub(crate) struct UseCase {
    dir: TempDir,
    path: PathBuf,
}

impl UseCase {
    /// Writes it; the value of `pipeline` in `connections.json` is `pipeline`.
    pub(crate) fn new(services: &[Service], pipeline: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Its name becomes part of image names.
        let case = Self { path: dir.path().join("case"), dir };
        let mut compose = json!({});
        for service in services {
            let name = &service.name;
            case.write(&format!("services/{name}/proto/{name}.proto"), &service.proto);
            compose[name] = json!({"image": name, "x-aieffect": {"run": service.run}});
        }
        // JSON is YAML.
        case.write("docker-compose.yml", &json!({"services": compose}).to_string());
        case.write("connections.json", &json!({"pipeline": pipeline}).to_string());
        case
    }

    /// One service, called once.
    pub(crate) fn alone(service: Service, operation: &Value) -> Self {
        let name = service.name.clone();
        let mut entry = json!({"service": name, "method": "Do", "parameters": {"text": "hello"}});
        merge(&mut entry, operation);
        Self::new(&[service], &json!({"connections": [], "operations": [entry]}))
    }

    /// Services with [`step_proto`], one after the other.
    pub(crate) fn chain(services: &[Service]) -> Self {
        Self::chain_with(services, &json!([]))
    }

    /// A chain with entries of `operations`; the first service's parameters are given.
    pub(crate) fn chain_with(services: &[Service], operations: &Value) -> Self {
        let pairs = services.iter().zip(services.iter().skip(1));
        let connections: Vec<_> = pairs.map(|(from, to)| link(&from.name, &to.name)).collect();
        let first = &services[0].name;
        let mut entries = operations.as_array().unwrap().clone();
        if !entries.iter().any(|entry| entry["service"] == **first) {
            entries.push(json!({"service": first, "method": "Do", "parameters": {"text": "hello"}}));
        }
        Self::new(services, &json!({"connections": connections, "operations": entries}))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// `aieffect run` on it.
    pub(crate) fn run(&self) -> Aieffect {
        Aieffect::new("run", self.path(), self.path())
    }

    /// The folders of its runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let runs = fs::read_dir(self.path().join(".aieffect/runs")).unwrap();
        runs.map(|entry| entry.unwrap().path()).collect()
    }
}

/// A link between two operations `Do`.
pub(crate) fn link(from: &str, to: &str) -> Value {
    json!({"from_service": from, "from_method": "Do", "to_service": to, "to_method": "Do"})
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
}
