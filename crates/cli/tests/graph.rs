//! `aieffect graph` as a user meets it: pictures of each kind, and what other programs make of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aieffect_testkit::{skip, use_case};
use serde_json::json;
use support::{Aieffect, Package};

fn graph(path: &Path, arguments: &[&str]) -> support::Ended {
    Aieffect::new("graph", path, path).args(arguments).output()
}

/// Three use cases, and a package whose names and fields are what a stranger makes them.
fn all(folder: &Path) -> Vec<PathBuf> {
    let proto = "syntax = \"proto3\";\nservice S {\n  rpc graph(M) returns (M);\n  rpc node(M) returns (M);\n}\n\
                 message M {\n  string a = 1;\n  string b = 2;\n}\n";
    let package = Package::new()
        .node("end", 1, proto, &["graph", "node"])
        .node("digraph", 2, proto, &["graph"])
        .link("end:graph", "digraph:graph")
        .link("end:node", "end:graph")
        .written();
    let copy = folder.join("package");
    fs::create_dir_all(copy.join("microservice")).unwrap();
    for name in ["blueprint.json", "dockerinfo.json", "microservice/end.proto", "microservice/digraph.proto"]
    {
        fs::copy(package.path().join(name), copy.join(name)).unwrap();
    }
    let evil = "\"]}\n\\N%%{init: {}}%%<script>alert(1)</script>&amp;\u{1b}[2J";
    let blueprint = fs::read_to_string(copy.join("blueprint.json")).unwrap();
    let mut blueprint: serde_json::Value = serde_json::from_str(&blueprint).unwrap();
    blueprint["name"] = evil.into();
    fs::write(copy.join("blueprint.json"), blueprint.to_string()).unwrap();
    let links = json!([{"from": "end:graph", "to": "digraph:graph", "fields": {"a": "b", "b": null}}]);
    fs::write(copy.join("execution.json"), json!({"version": 1, "links": links}).to_string()).unwrap();
    let examples = [
        "file_based_energy_pipeline",
        "protobuf_based_energy_pipeline",
        "grid_diamond",
        "mixed_transport_pipeline",
        "wind_stream_pipeline",
        "sensor_feedback_loop",
    ];
    examples.map(use_case).into_iter().chain([copy]).collect()
}

#[test]
fn the_kind_of_picture_is_that_of_the_files_name() {
    let dir = tempfile::tempdir().unwrap();
    for case in all(dir.path()) {
        for (name, begins) in [("p.svg", "<svg "), ("p.mmd", "flowchart LR\n"), ("p.DOT", "digraph ")] {
            let file = dir.path().join(name);
            let ended = graph(&case, &["--output", file.to_str().unwrap()]);
            ended.succeeds().says("wrote ");
            assert_eq!(ended.stdout, "");
            let picture = fs::read_to_string(&file).unwrap();
            assert!(picture.starts_with(begins), "{picture}");
            assert!(!picture.contains("<script") || name != "p.svg");
            fs::remove_file(file).unwrap();
        }
    }
}

#[test]
fn another_kind_is_refused_before_anything_is_read() {
    let ended = graph(Path::new("/"), &["--output", "p.png"]);
    ended.check(2, "error: `p.png` ends in none of .svg, .mmd and .dot");
}

#[test]
fn where_nothing_can_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let inside = file.path().join("p.svg");
    let ended = graph(&use_case("grid_diamond"), &["--output", inside.to_str().unwrap()]);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    ended.says(file.path().to_str().unwrap());
}

#[test]
fn graphviz_draws_what_is_written_for_it() {
    skip!(Graphviz);
    let dir = tempfile::tempdir().unwrap();
    for case in all(dir.path()) {
        let file = dir.path().join("p.dot");
        graph(&case, &["--output", file.to_str().unwrap()]).succeeds();
        let drawn = Command::new("dot").arg("-Tsvg").arg(&file).output().unwrap();
        assert!(drawn.status.success() && drawn.stderr.is_empty(), "{drawn:?}");
    }
}

#[test]
fn drawings_are_xml() {
    skip!(Python);
    let dir = tempfile::tempdir().unwrap();
    for case in all(dir.path()) {
        let file = dir.path().join("p.svg");
        graph(&case, &["--output", file.to_str().unwrap()]).succeeds();
        let parse = "import sys, xml.dom.minidom as x; x.parse(sys.argv[1])";
        let parsed = Command::new("python3").args(["-c", parse]).arg(&file).output().unwrap();
        assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    }
}
