//! Whatever stands in a document: reading and resolving end, and point into the text.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use aieffect_blueprint::{
    ComposeFile, Diagnostic, Dockerfiles, Document, Findings, Interface, NodeTransport, OperationName,
    Package, Pointer, ProtoRoot, ProtoTree, Service, Signature, SourceText, Topology, UseCase, resolve,
};
use proptest::prelude::*;
use serde_json::{Map, Value};

const CONNECTIONS: &str = r#"{ "pipeline": { "name": "p", "start_service": "meter",
  "service_mapping": { "report": { "ip_address": "meter", "port": 8080 } },
  "connections": [ { "from_service": "meter", "from_method": "Read", "to_service": "report",
    "to_method": "Write", "fields": { "a": "b", "c": null }, "keep_latest": false } ],
  "operations": [ { "service": "report", "method": "Write", "parameters": { "x": 0.5 }, "overrides": {},
    "deadline": "30s", "attempts": 3, "backoff": 0.5, "idempotent": true, "expect": ["success"],
    "success_field": null, "parallel": 2, "restart": false } ],
  "execution": { "mode": "batch", "max_parallel": 64, "queue_size": 64 } } }"#;
const COMPOSE: &str = "x-aieffect: { build: [make] }\nx-env: &env { A: 1, B: yes }\nservices:\n  meter:\n    \
    build: { context: ., dockerfile: services/meter/Dockerfile, args: [X=1], target: run }\n    \
    environment: { <<: *env, C: }\n    env_file: [a.env, { path: b.env }]\n  report:\n    build: ./report\n    \
    image: x\n    environment: [A=1, B]\n    volumes: ['./data:/data:ro', { source: a, target: b }]\n    \
    command: python 'a b'\n    entrypoint: [a]\n    x-aieffect: { run: [a], optional: false }\n";
const BLUEPRINT: &str = r#"{ "name": "p", "nodes": [
  { "container_name": "meter1", "proto_uri": "microservice/meter1.proto", "image": "i", "node_type": "MLModel",
    "operation_signature_list": [ { "operation_signature": { "operation_name": "Read",
      "input_message_stream": false, "output_message_stream": false }, "connected_to": [
        { "container_name": "report1", "operation_signature": { "operation_name": "Write" } } ] } ] },
  { "container_name": "report1", "operation_signature_list": [
    { "operation_signature": { "operation_name": "Write" }, "connected_to": [] } ] } ] }"#;
const DOCKERINFO: &str = r#"{ "docker_info_list": [
  { "container_name": "meter1", "ip_address": "meter1", "port": "50051" },
  { "container_name": "REPORT1", "ip_address": "10.0.0.1", "port": [50051] } ] }"#;
const EXECUTION: &str = r#"{ "version": 1, "max_parallel": 2, "operations": { "report1:Write": { "attempts": 1 } },
  "links": [ { "from": "meter1:Read", "to": "report1:Write", "fields": { "a": "b" } } ],
  "nodes": { "meter1": { "transport": "grpc" } } }"#;

fn interfaces() -> resolve::Interfaces {
    let interface = |name: &str| Interface {
        transport: NodeTransport::Grpc(ProtoRoot { file: "a.proto".to_owned(), import_roots: Vec::new() }),
        operations: vec![Signature {
            operation: OperationName::new(name).unwrap(),
            input: "A".to_owned(),
            output: "B".to_owned(),
            input_stream: false,
            output_stream: false,
        }],
    };
    [("meter", "Read"), ("report", "Write")]
        .map(|(folder, name)| (folder.parse().unwrap(), interface(name)))
        .into_iter()
        .collect()
}

/// Every label must lie in its text.
fn points_into_texts(findings: &Findings) {
    for finding in findings {
        assert!(finding.message.len() < 3000 && !finding.message.is_empty());
        for label in &finding.labels {
            let text = label.source.text();
            assert!(text.get(label.span.start..label.span.end).is_some(), "{finding}");
            let (line, column) = label.source.line_column(label.span.start);
            assert_eq!(label.source.offset(line, column), label.span.start, "{finding}");
        }
    }
}

type Parse = fn(&Arc<SourceText>) -> Result<Arc<Document>, Diagnostic>;

/// The document, or `None` after a look at why there is none.
fn parsed(name: &str, text: &str, parse: Parse) -> Option<Arc<Document>> {
    parse(&SourceText::new(name, text)).map_err(|finding| points_into_texts(&finding.into())).ok()
}

fn use_case(connections: &str, compose: &str) {
    let mut findings = Findings::new();
    let compose = parsed("docker-compose.yml", compose, Document::yaml)
        .map(|document| ComposeFile::read(&document, &mut findings))
        .unwrap_or_default();
    let topology = parsed("connections.json", connections, Document::json)
        .and_then(|document| Topology::read(&document, &mut findings));
    points_into_texts(&findings);
    let Some(topology) = topology else { return };
    let service = |folder: &str| Service {
        folder: folder.parse().unwrap(),
        protos: Vec::new(),
        compose: compose.find(folder),
    };
    let services = vec![service("meter"), service("report")];
    let use_case = UseCase {
        name: "use".to_owned(),
        services,
        topology,
        compose,
        dockerfiles: Dockerfiles::default(),
        protos: ProtoTree::new(),
    };
    let (pipeline, findings) = resolve::use_case(&use_case, &interfaces());
    points_into_texts(&findings);
    assert_eq!(pipeline.is_some(), !findings.has_errors());
    assert!(resolve::sketch_of_use_case(&use_case, &interfaces()).pipeline().nodes().len() <= 2);
}

fn package(blueprint: &str, dockerinfo: &str, execution: &str) {
    let Some(blueprint) = parsed("blueprint.json", blueprint, Document::json) else { return };
    let Some(dockerinfo) = parsed("dockerinfo.json", dockerinfo, Document::json) else { return };
    let Some(execution) = parsed("execution.json", execution, Document::json) else { return };
    let mut protos = ProtoTree::new();
    for node in ["meter1", "report1"] {
        let path = format!("microservice/{node}.proto");
        protos.insert(path.clone(), SourceText::new(path, ""));
    }
    let package = Package { name: "p".to_owned(), blueprint, dockerinfo, execution: Some(execution), protos };
    let (pipeline, findings) = resolve::package(&package);
    points_into_texts(&findings);
    assert_eq!(pipeline.is_some(), !findings.has_errors());
    assert!(resolve::sketch_of_package(&package).pipeline().links().len() <= 100);
}

#[test]
fn the_documents_without_changes_are_in_order() {
    let mut findings = Findings::new();
    let topology = Document::json(&SourceText::new("connections.json", CONNECTIONS)).unwrap();
    assert!(Topology::read(&topology, &mut findings).is_some());
    let compose = Document::yaml(&SourceText::new("docker-compose.yml", COMPOSE)).unwrap();
    assert_eq!(ComposeFile::read(&compose, &mut findings).services.len(), 2);
    assert!(!findings.has_errors(), "{findings:?}");
    use_case(CONNECTIONS, COMPOSE);
    package(BLUEPRINT, DOCKERINFO, EXECUTION);
}

/// Any JSON, with the words that the documents know more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let words = || {
        prop_oneof![
            proptest::sample::select(vec![
                "meter1",
                "report1",
                "Read",
                "Write",
                "meter1:Read",
                "report1:Write",
                "meter",
                "report",
                "",
                "..",
                "30s",
                "50051",
                "SharedFolder",
                "batch",
                "live",
                "grpc",
                "ä:\u{7f}\u{0}\u{1b}",
                "/a",
                "a:b:c",
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ]
    };
    let keys = || {
        prop_oneof![
            proptest::sample::select(vec![
                "nodes",
                "name",
                "container_name",
                "operation_signature_list",
                "operation_signature",
                "operation_name",
                "connected_to",
                "proto_uri",
                "image",
                "node_type",
                "docker_info_list",
                "ip_address",
                "port",
                "version",
                "operations",
                "links",
                "from",
                "to",
                "fields",
                "pipeline",
                "connections",
                "service_mapping",
                "start_service",
                "from_service",
                "to_service",
                "from_method",
                "to_method",
                "service",
                "method",
                "execution",
                "mode",
                "deadline",
                "attempts",
                "parameters",
                "expect",
                "success_field",
                "services",
                "build",
                "environment",
                "volumes",
                "command",
                "x-aieffect",
                "transport",
                "meter1:Read",
                "meter",
            ])
            .prop_map(str::to_owned),
            any::<String>(),
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((keys(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A document in which one value was replaced by another.
fn with_replaced(text: &'static str) -> impl Strategy<Value = String> {
    let value: Value = serde_json::from_str(text).unwrap();
    (any::<proptest::sample::Index>(), any_json()).prop_map(move |(index, replacement)| {
        let mut value = value.clone();
        let mut places = Vec::new();
        collect(&value, String::new(), &mut places);
        let place = index.get(&places).clone();
        if let Some(found) = value.pointer_mut(&place) {
            *found = replacement;
        }
        value.to_string()
    })
}

fn collect(value: &Value, way: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| collect(item, format!("{way}/{n}"), places));
        }
        Value::Object(entries) => {
            entries.iter().for_each(|(key, item)| collect(item, format!("{way}/{key}"), places));
        }
        _ => {}
    }
    places.push(way);
}

/// A text in which bytes were changed, put in or taken out.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let marks: Vec<char> = " \t\r\n\"{}[]:,-&*\\'|>#!%@".chars().collect();
    let letter = prop_oneof![any::<char>(), proptest::sample::select(marks)];
    let change = (any::<proptest::sample::Index>(), 0..3_u8, letter);
    proptest::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut letters: Vec<char> = text.chars().collect();
        for (index, what, letter) in changes {
            let at = index.index(letters.len().max(1));
            match what {
                0 if at < letters.len() => letters[at] = letter,
                1 if at < letters.len() => {
                    letters.remove(at);
                }
                _ => letters.insert(at.min(letters.len()), letter),
            }
        }
        letters.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn any_json_as_a_package(a in any_json(), b in any_json(), c in any_json()) {
        package(&a.to_string(), DOCKERINFO, EXECUTION);
        package(BLUEPRINT, &b.to_string(), EXECUTION);
        package(BLUEPRINT, DOCKERINFO, &c.to_string());
    }

    #[test]
    fn any_value_anywhere_in_a_package(
        a in with_replaced(BLUEPRINT), b in with_replaced(DOCKERINFO), c in with_replaced(EXECUTION),
    ) {
        package(&a, DOCKERINFO, EXECUTION);
        package(BLUEPRINT, &b, EXECUTION);
        package(BLUEPRINT, DOCKERINFO, &c);
    }

    #[test]
    fn any_value_anywhere_in_a_use_case(a in any_json(), b in with_replaced(CONNECTIONS)) {
        use_case(&a.to_string(), COMPOSE);
        use_case(CONNECTIONS, &a.to_string());
        use_case(&b, COMPOSE);
    }

    #[test]
    fn any_change_of_letters(a in mutated(CONNECTIONS), b in mutated(COMPOSE), c in mutated(BLUEPRINT)) {
        use_case(&a, &b);
        use_case(CONNECTIONS, &b);
        package(&c, DOCKERINFO, EXECUTION);
    }

    #[test]
    fn every_value_of_any_json_is_found_in_its_text(value in any_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let document = Document::json(&SourceText::new("a.json", text.unwrap())).unwrap();
        found(&document, document.value(), &Pointer::root());
    }

    #[test]
    fn places_of_any_text_are_found_again(text: String, offset: usize) {
        let source = SourceText::new("a", text.clone());
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let (line, column) = source.line_column(at);
            let before = &text[..at];
            prop_assert_eq!(line, before.matches('\n').count() + 1);
            prop_assert_eq!(column, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
            prop_assert_eq!(source.offset(line, column), at);
        }
        let (line, column) = source.line_column(offset);
        prop_assert!(source.offset(line, column) <= offset.min(text.len()));
        prop_assert!(source.offset(offset, offset) <= text.len());
    }
}

/// A scalar's place holds the scalar, a container's its bracket, a key's the key.
fn found(document: &Document, value: &Value, pointer: &Pointer) {
    let label = document.label(pointer);
    let text = &label.source.text()[label.span.start..label.span.end];
    match value {
        Value::Array(items) => {
            assert_eq!(text, "[");
            items.iter().enumerate().for_each(|(n, item)| found(document, item, &pointer.index(n)));
        }
        Value::Object(entries) => {
            assert_eq!(text, "{");
            for (key, item) in entries {
                let below = pointer.key(key);
                let label = document.key_label(&below);
                let written = &label.source.text()[label.span.start..label.span.end];
                assert_eq!(&serde_json::from_str::<String>(written).unwrap(), key);
                found(document, item, &below);
            }
        }
        scalar => assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), scalar),
    }
}
