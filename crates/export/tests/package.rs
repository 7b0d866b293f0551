//! Packages, compared with what the platform writes and with the use case they came from.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests, also outside the functions marked so"
)]

mod given;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aieffect_blueprint::{Findings, Port, UseCase, host_addresses};
use aieffect_export::{ExportOptions, ProtoLayout, Stamp};
use aieffect_layout::open_use_case;
use given::{export, meaning, options, read_back, resolved, use_case};
use serde_json::Value;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example(name: &str) -> UseCase {
    let path: PathBuf = here().join("../../use-cases").join(name);
    let (use_case, findings) = open_use_case(&path).unwrap();
    assert!(!findings.has_errors(), "{findings:#?}");
    use_case.unwrap()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn reference(name: &str) -> Value {
    parse(&std::fs::read_to_string(here().join("fixtures/reference-package").join(name)).unwrap())
}

/// The entries of a list that are about the three services that both packages have, by container.
fn shared(list: &Value) -> BTreeMap<String, String> {
    let entries = list.as_array().unwrap().iter();
    let named = entries.map(|entry| (entry["container_name"].as_str().unwrap().to_owned(), entry.clone()));
    named
        .filter(|(name, _)| name != "input_provider1")
        .map(|(name, mut entry)| {
            // The reference has one more node before the generator, so its source is another.
            if let Some(kind) = entry.get_mut("node_type") {
                *kind = Value::Null;
            }
            (name, serde_json::to_string_pretty(&entry).unwrap())
        })
        .collect()
}

fn keys(document: &Value) -> Vec<&String> {
    document.as_object().unwrap().keys().collect()
}

#[test]
fn the_file_based_example_is_written_as_the_platform_writes_it() {
    let options = ExportOptions {
        source_path: "../../use-cases/file_based_energy_pipeline".into(),
        ..options(ProtoLayout::Imports)
    };
    let (files, findings) = export(&example("file_based_energy_pipeline"), &options);
    assert_eq!(findings, Findings::new());
    let names: Vec<&str> = files.0.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "blueprint.json",
            "dockerinfo.json",
            "execution.json",
            "generation_metadata.json",
            "microservice/data_analyzer1.proto",
            "microservice/data_generator1.proto",
            "microservice/report_generator1.proto",
        ]
    );
    for (name, list) in [
        ("blueprint.json", "nodes"),
        ("dockerinfo.json", "docker_info_list"),
        ("generation_metadata.json", "services"),
    ] {
        let (ours, theirs) = (parse(&files.0[name]), reference(name));
        assert_eq!(keys(&ours), keys(&theirs), "{name}");
        // Compared as text, so that the order of keys counts.
        assert_eq!(shared(&ours[list]), shared(&theirs[list]), "{name}");
        for key in ["name", "type", "version", "use_case_name", "use_case_directory", "source_path"] {
            assert_eq!(ours.get(key), theirs.get(key), "{name}: {key}");
        }
    }
    let layout = std::fs::read_to_string(here().join("fixtures/reference-package/dockerinfo.json")).unwrap();
    assert_eq!(files.0["dockerinfo.json"].lines().next(), layout.lines().next());
    assert_eq!(files.0["dockerinfo.json"].lines().nth(1), layout.lines().nth(1), "indented by four spaces");
}

#[test]
fn every_example_means_the_same_read_back() {
    let cases = std::fs::read_dir(here().join("../../use-cases")).unwrap();
    let names = cases.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in
        names.filter(|name| here().join("../../use-cases").join(name).join("connections.json").exists())
    {
        let use_case = example(&name);
        let (before, _) = resolved(&use_case);
        for layout in [ProtoLayout::Imports, ProtoLayout::SelfContained] {
            let (files, findings) = export(&use_case, &options(layout));
            assert_eq!(findings, Findings::new(), "{name}");
            let (after, _) = read_back(&files);
            assert_eq!(meaning(&before), meaning(&after), "{name}");
        }
    }
}

const CALLS: &str = r#"syntax = "proto3";
import "common.proto";
import "google/protobuf/empty.proto";
service Calls {
  rpc One(google.protobuf.Empty) returns (Thing);
  rpc Many(stream Thing) returns (stream Thing);
  rpc Unused(Thing) returns (Thing);
}
"#;
const COMMON: &str = "syntax = \"proto3\";\nmessage Thing { string name = 1; }\n";

#[test]
fn links_belong_to_operations_and_streams_are_real() {
    let use_case = use_case(
        &[
            ("shared/proto/common.proto", COMMON),
            ("services/a/proto/a.proto", CALLS),
            ("services/b/proto/b.proto", CALLS),
            ("services/alone/proto/alone.proto", CALLS),
        ],
        r#""connections": [
            {"from_service": "a", "from_method": "One", "to_service": "b", "to_method": "One"},
            {"from_service": "a", "from_method": "One", "to_service": "b", "to_method": "Many"},
            {"from_service": "a", "from_method": "Many", "to_service": "b", "to_method": "Many"}
        ]"#,
    );
    let (files, _) = export(&use_case, &options(ProtoLayout::Imports));
    let blueprint = parse(&files.0["blueprint.json"]);
    let mut shown = String::new();
    for node in blueprint["nodes"].as_array().unwrap() {
        shown += &format!("{} {}\n", node["container_name"], node["node_type"]);
        for operation in node["operation_signature_list"].as_array().unwrap() {
            let signature = &operation["operation_signature"];
            let side = |way: &str| {
                let stream = signature[format!("{way}_message_stream")].as_bool().unwrap();
                let name = &signature[format!("{way}_message_name")];
                if stream { format!("stream {name}") } else { name.to_string() }
            };
            let targets = operation["connected_to"].as_array().unwrap().iter();
            let targets: Vec<String> = targets
                .map(|to| format!("{}:{}", to["container_name"], to["operation_signature"]["operation_name"]))
                .collect();
            let name = &signature["operation_name"];
            shown += &format!("  {name}: {} to {}; {targets:?}\n", side("input"), side("output"));
        }
    }
    insta::assert_snapshot!(shown.replace(['"', '\\'], ""), @"
    a1 DataSource
      One: google.protobuf.Empty to Thing; [b1:One, b1:Many]
      Many: stream Thing to stream Thing; [b1:Many]
    alone1 MLModel
      One: google.protobuf.Empty to Thing; []
      Many: stream Thing to stream Thing; []
      Unused: Thing to Thing; []
    b1 DataSink
      One: google.protobuf.Empty to Thing; []
      Many: stream Thing to stream Thing; []
    ");
    assert!(!files.0.contains_key("execution.json"), "there is nothing to say");
    assert_eq!(files.0["microservice/common.proto"], COMMON);
}

#[test]
fn what_the_platform_has_no_place_for_goes_to_the_execution_document() {
    let use_case = use_case(
        &[
            ("shared/proto/common.proto", COMMON),
            ("services/a/proto/a.proto", CALLS),
            ("services/b/proto/b.proto", CALLS),
        ],
        r#""connections": [{"from_service": "a", "from_method": "One", "to_service": "b", "to_method": "Many",
                            "fields": {"name": "name", "other": null}}],
           "operations": [{"service": "b", "method": "Many", "attempts": 1, "parameters": {"name": "ä"}, "deadline": "30s"}],
           "service_mapping": {"a": {"ip_address": "10.0.0.7", "port": 6000}},
           "execution": {"max_parallel": 2}"#,
    );
    let (files, _) = export(&use_case, &options(ProtoLayout::Imports));
    insta::assert_snapshot!(files.0["execution.json"], @r#"
    {
        "version": 1,
        "max_parallel": 2,
        "operations": {
            "b1:Many": {
                "attempts": 1,
                "parameters": {
                    "name": "ä"
                },
                "deadline": "30s"
            }
        },
        "links": [
            {
                "from": "a1:One",
                "to": "b1:Many",
                "fields": {
                    "name": "name",
                    "other": null
                }
            }
        ]
    }
    "#);
    let (before, _) = resolved(&use_case);
    assert_eq!(meaning(&before), meaning(&read_back(&files).0));
}

#[test]
fn different_files_under_one_import_path_stay_apart() {
    let other = "syntax = \"proto3\";\nmessage Thing { int32 name = 7; }\n";
    let importing = |file: &str| CALLS.replace("common.proto", file);
    let use_case = use_case(
        &[
            ("services/a/proto/a.proto", CALLS),
            ("services/a/proto/common.proto", COMMON),
            ("services/b/proto/b.proto", CALLS),
            ("services/b/proto/common.proto", other),
            // Looks like another node's own file, and like a file in another node's folder.
            ("services/c/proto/c.proto", &importing("a1.proto")),
            ("services/c/proto/a1.proto", other),
            ("services/d/proto/d.proto", &importing("b1/common.proto")),
            ("services/d/proto/b1/common.proto", COMMON),
        ],
        r#""connections": []"#,
    );
    let (files, _) = export(&use_case, &options(ProtoLayout::Imports));
    let protos: Vec<&str> = files.0.keys().filter_map(|path| path.strip_prefix("microservice/")).collect();
    assert_eq!(
        protos,
        [
            "a1.proto",
            "a1/common.proto",
            "b1.proto",
            "b1/common.proto",
            "c1.proto",
            "c1/a1.proto",
            "d1.proto",
            "d1/b1/common.proto",
        ]
    );
    let (pipeline, protos) = read_back(&files);
    let number = |name: &str| {
        let node = pipeline.nodes().iter().position(|node| node.name.as_str() == name).unwrap();
        let thing = protos.proto_of(node).unwrap().pool().get_message_by_name("Thing").unwrap();
        thing.get_field_by_name("name").unwrap().number()
    };
    assert_eq!(["a1", "b1", "c1", "d1"].map(number), [1, 7, 7, 1]);
}

#[test]
fn reproducible_exports_are_equal_byte_for_byte_and_others_differ_in_two_values() {
    let use_case = example("file_based_energy_pipeline");
    let reproducible = options(ProtoLayout::Imports);
    let (one, _) = export(&use_case, &reproducible);
    assert_eq!(one, export(&use_case, &reproducible).0);

    let stamp = Stamp::fresh(Duration::from_secs(1_700_000_000));
    let (fresh, _) = export(&use_case, &ExportOptions { stamp, ..reproducible.clone() });
    let differing: Vec<_> = one.0.keys().filter(|name| one.0[*name] != fresh.0[*name]).collect();
    assert_eq!(differing, ["blueprint.json"]);
    let lines = one.0["blueprint.json"].lines().zip(fresh.0["blueprint.json"].lines());
    let changed: Vec<&str> =
        lines.filter(|(a, b)| a != b).map(|(a, _)| a.trim().split(':').next().unwrap()).collect();
    assert_eq!(changed, ["\"pipeline_id\"", "\"creation_date\""]);

    // The identifier follows the content, not the date nor the place.
    let id =
        |files: &aieffect_blueprint::PackageFiles| parse(&files.0["blueprint.json"])["pipeline_id"].clone();
    let stamp = Stamp::Reproducible { created: Duration::from_secs(9) };
    let elsewhere = ExportOptions { stamp, source_path: "x".into(), ..options(ProtoLayout::Imports) };
    assert_eq!(id(&one), id(&export(&use_case, &elsewhere).0));
    let mut changed = use_case;
    changed.topology.connections.pop();
    assert_ne!(id(&one), id(&export(&changed, &reproducible).0));
}

#[test]
fn nodes_of_the_stack_can_be_given_the_addresses_of_its_published_ports() {
    let use_case = example("file_based_energy_pipeline");
    let (pipeline, _) = resolved(&use_case);
    let addresses = host_addresses(&pipeline, Port::DEFAULT).unwrap();
    let (files, _) = export(&use_case, &ExportOptions { addresses, ..options(ProtoLayout::Imports) });
    let written = parse(&files.0["dockerinfo.json"]);
    let of = |entry: &Value| {
        [&entry["container_name"], &entry["ip_address"], &entry["port"]]
            .map(|text| text.as_str().unwrap().to_owned())
    };
    let entries: Vec<_> = written["docker_info_list"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(
        entries,
        [
            ["data_generator1", "localhost", "50051"],
            ["data_analyzer1", "localhost", "50052"],
            ["report_generator1", "localhost", "50053"],
        ]
    );
}
