//! The script that is made of use cases, as text and as bash and shellcheck see it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use aieffect_blueprint::{
    ComposeFile, Dockerfiles, Document, Findings, Interface, NodeTransport, ProtoRoot, ProtoTree, Service,
    Signature, SourceText, Topology, UseCase, resolve,
};
use aieffect_buildscript::{MARK, build_script};
use aieffect_testkit::{Requirement, require};
use serde_json::{Value, json};

/// A use case of that name whose services, one per entry of the compose file, are named like their folders.
fn use_case(name: &str, services: &Value, pipeline: &Value) -> UseCase {
    let mut findings = Findings::new();
    let source = |name: &str, value: &Value| SourceText::new(name, value.to_string());
    let connections = source("connections.json", &json!({"pipeline": pipeline}));
    let topology = Topology::read(&Document::json(&connections).unwrap(), &mut findings).unwrap();
    // JSON is YAML.
    let compose = Document::yaml(&source("docker-compose.yml", &json!({"services": services}))).unwrap();
    let compose = ComposeFile::read(&compose, &mut findings);
    assert!(!findings.has_errors(), "{findings:?}");
    let folders = compose.services.iter().map(|service| service.name.clone());
    let services = folders
        .enumerate()
        .map(|(nth, folder)| Service { folder, protos: Vec::new(), compose: Some(nth) })
        .collect();
    let dockerfiles = Dockerfiles::default();
    UseCase { name: name.to_owned(), services, topology, compose, protos: ProtoTree::new(), dockerfiles }
}

fn script(use_case: &UseCase) -> Result<String, Findings> {
    let operation = Signature {
        operation: "Do".parse().unwrap(),
        input: "M".into(),
        output: "M".into(),
        input_stream: false,
        output_stream: false,
    };
    let root = ProtoRoot { file: "a.proto".into(), import_roots: Vec::new() };
    let interface = Interface { transport: NodeTransport::Grpc(root), operations: vec![operation] };
    let interfaces: BTreeMap<_, _> =
        use_case.services.iter().map(|service| (service.folder.clone(), interface.clone())).collect();
    let (pipeline, found) = resolve::use_case(use_case, &interfaces);
    let (script, findings) = build_script(use_case, &pipeline.unwrap_or_else(|| panic!("{found:?}")));
    script.ok_or(findings)
}

fn two_services() -> UseCase {
    let services = json!({
        "Meter.1": {"build": {"context": "services/meter", "target": "run"}, "profiles": ["dev", "x y"]},
        "report": {"build": "services/report", "image": "own:${TAG:-1}"},
    });
    use_case("My Case's (v1.0)", &services, &json!({"connections": []}))
}

#[test]
fn the_script_names_services_images_and_dockerfiles() {
    let text = script(&two_services()).unwrap();
    let (own, _) = text.split_once("\nsay()").unwrap();
    insta::assert_snapshot!(own, @r#"
    #!/usr/bin/env bash
    # Made by `aieffect build`, which writes it anew.
    #
    # Makes the images of a use case, each under the name that its package gives it, with `docker compose`,
    # `docker-compose` or `podman compose`, whichever is there. Runs from any folder. The images' names go to stdout.
    set -euo pipefail
    CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

    use_case=$'My Case\'s (v1.0)'
    # Services of the compose file; of each, its image, its Dockerfile (if that can be told), and whether the compose
    # file leaves its name open (built) or may give one of its own (asked).
    services=(
      Meter.1
      report
    )
    images=(
      my-case-s--v1.0--meter.1:latest
      my-case-s--v1.0--report:latest
    )
    dockerfiles=(
      services/meter/Dockerfile
      services/report/Dockerfile
    )
    named=(
      built
      asked
    )
    "#);
    insta::assert_snapshot!(lines_with(&text, &["COMPOSE_PROFILES", "local options", "for file in"]), @r#"
    export COMPOSE_PROFILES='dev,x y'"${COMPOSE_PROFILES:+,$COMPOSE_PROFILES}"
      local options=(--project-name my-case-s--v1-0- --file docker-compose.yml)
      for file in docker-compose.override.yml docker-compose.override.yaml "$names"; do
    "#);
}

fn lines_with(text: &str, parts: &[&str]) -> String {
    let lines = text.lines().filter(|line| parts.iter().any(|part| line.contains(part)));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_mark_stands_on_the_second_line() {
    assert!(script(&two_services()).unwrap().lines().nth(1).unwrap().starts_with(MARK));
}

#[test]
fn equal_use_cases_give_equal_scripts() {
    assert_eq!(script(&two_services()), script(&two_services()));
}

#[test]
fn a_dockerfile_is_named_where_it_can_be_told() {
    let check = |build: Value, expected: &str| {
        let case = use_case("c", &json!({"a": {"build": build}}), &json!({"connections": []}));
        let text = script(&case).unwrap();
        let (_, rest) = text.split_once("dockerfiles=(\n").unwrap();
        assert_eq!(rest.split_once("\n)").unwrap().0.trim(), expected, "{build}");
    };
    check(json!("."), "Dockerfile");
    check(json!("./services/a/"), "./services/a/Dockerfile");
    check(json!({"context": "../..", "dockerfile": "x/y z"}), "'../../x/y z'");
    check(json!({"context": ".", "dockerfile": "/x/Dockerfile"}), "/x/Dockerfile");
    check(json!({"context": "${DIR}"}), "''");
    check(json!({"context": "https://example.org/x.git"}), "''");
    check(json!({"context": ".", "dockerfile_inline": "FROM x"}), "''");
}

#[test]
fn what_the_compose_file_leaves_open_is_named_by_us_and_the_rest_is_asked() {
    let services = json!({
        "built": {"build": "."}, "named": {"build": ".", "image": "x"}, "ready": {"image": "x:1"},
        "other": {"extends": {"file": "o.yml", "service": "x"}},
    });
    let text = script(&use_case("c", &services, &json!({"connections": []}))).unwrap();
    let (_, rest) = text.split_once("named=(\n").unwrap();
    let named: Vec<&str> = rest.split_once("\n)").unwrap().0.split_whitespace().collect();
    let (_, rest) = text.split_once("services=(\n").unwrap();
    let services: Vec<&str> = rest.split_once("\n)").unwrap().0.split_whitespace().collect();
    let pairs: Vec<_> = services.into_iter().zip(named).collect();
    assert_eq!(pairs, [("built", "built"), ("named", "asked"), ("other", "asked"), ("ready", "asked")]);
}

#[test]
fn a_service_that_no_image_can_be_made_of_is_an_error() {
    let lines = |case: &UseCase| -> Vec<String> {
        script(case).unwrap_err().iter().map(ToString::to_string).collect()
    };
    let mut case = use_case("c", &json!({"a": {"build": "."}, "b": {}}), &json!({"connections": []}));
    let neither = "error[AE0701] docker-compose.yml:1:32: `b` has neither `build` nor `image`";
    assert_eq!(lines(&case), [neither]);
    case.services[1].compose = None;
    let nowhere =
        "error[AE0701] connections.json:1:13: `services/b` belongs to no service of `docker-compose.yml`";
    assert_eq!(lines(&case), [nowhere]);
    case.compose = ComposeFile::default();
    case.services[0].compose = None;
    let no_file =
        "error[AE0701] connections.json:1:13: no compose file with services says how images are built";
    assert_eq!(lines(&case), [no_file]);
}

#[test]
fn a_node_that_shares_an_address_or_runs_elsewhere_needs_no_image() {
    let pipeline = json!({"connections": [], "service_mapping": {
        "b": {"ip_address": "a", "port": 50051}, "c": {"ip_address": "10.0.0.7", "port": 50051},
    }});
    let services = json!({"a": {"build": "."}, "b": {}, "c": {}});
    let mut case = use_case("c", &services, &pipeline);
    case.services[1].compose = None;
    case.services[2].compose = None;
    let text = script(&case).unwrap();
    assert!(text.contains("images=(\n  c-a:latest\n)"), "{text}");
}

const HOSTILE: [&str; 8] =
    ["a\nrm -rf x", "$(touch x)", "`touch x`", "it's \"x\"", "back\\", "--x; exit", "{{x}}{{{y}}}", "ä ö*?"];

/// Scripts of use cases whose every free text is hostile.
fn hostile_scripts() -> Vec<String> {
    let hostile = |text: &str| {
        let services = json!({
            "on": {"build": {"context": text, "dockerfile": text}, "profiles": [text]},
            "1.5": {"image": text},
        });
        // The name ends in a letter, as image names must.
        script(&use_case(&format!("x{text}x"), &services, &json!({"connections": []}))).unwrap()
    };
    HOSTILE.into_iter().map(hostile).collect()
}

fn every_script() -> Vec<String> {
    let mapping = json!({"connections": [], "service_mapping": {"a": {"ip_address": "10.0.0.7", "port": 1}}});
    let mut elsewhere = use_case("c", &json!({"a": {}, "b": {"image": "x"}}), &mapping);
    elsewhere.services.truncate(1);
    elsewhere.services[0].compose = None;
    let none = script(&elsewhere).unwrap();
    assert!(none.contains("services=(\n)"), "{none}");
    hostile_scripts().into_iter().chain([script(&two_services()).unwrap(), none]).collect()
}

#[test]
fn bash_can_read_every_script() {
    for text in every_script() {
        check_with(&["bash", "-n"], &text);
    }
}

#[test]
fn shellcheck_has_nothing_to_say() {
    if !require(Requirement::Shellcheck) {
        return;
    }
    for text in every_script() {
        check_with(&["shellcheck", "-"], &text);
    }
}

fn check_with(command: &[&str], text: &str) {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}\n{text}");
}
