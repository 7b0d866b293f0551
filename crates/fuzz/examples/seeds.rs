//! Writes inputs to begin with, made of the repository's use cases: `cargo run -p aieffect-fuzz --example seeds DIR`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a chore that fails may say so by a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use aieffect_fuzz::{Entry, archive};
use aieffect_testkit::{repo_root, shared_dir};

/// What a corpus takes.
const LARGEST: usize = 4096;

/// Where seeds of a target go; they are numbered.
struct Seeds {
    folder: PathBuf,
    count: usize,
}

impl Seeds {
    fn new(root: &Path, target: &str) -> Self {
        let folder = root.join(target);
        fs::create_dir_all(&folder).unwrap();
        Self { folder, count: 0 }
    }

    fn add(&mut self, kind: &str, content: &[u8]) {
        let bytes = [kind.as_bytes(), content].concat();
        if bytes.len() <= LARGEST {
            fs::write(self.folder.join(format!("seed-{:03}", self.count)), bytes).unwrap();
            self.count += 1;
        }
    }
}

fn main() {
    let Some(root) = std::env::args_os().nth(1).map(PathBuf::from) else { panic!("say where to") };
    let mut files = Vec::new();
    collect(&repo_root().join("use-cases"), &mut files);
    if let Some(shared) = shared_dir() {
        collect(&shared.join("fixtures"), &mut files);
    }
    documents(&files, &mut Seeds::new(&root, "documents"));
    protos(&files, &mut Seeds::new(&root, "protos"));
    zips(&files, &mut Seeds::new(&root, "zip"));
    messages(&mut Seeds::new(&root, "messages"));
    splicer(&mut Seeds::new(&root, "splicer"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

fn documents(files: &[PathBuf], seeds: &mut Seeds) {
    for path in files {
        let kind = match path.file_name().unwrap().to_str().unwrap() {
            "connections.json" => "c",
            "blueprint.json" => "b",
            "dockerinfo.json" => "d",
            "docker-compose.yml" => "y",
            _ => continue,
        };
        seeds.add(kind, &fs::read(path).unwrap());
    }
    let connection = r#"{"from_service": "grid-source", "from_method": "ReadGrid", "to_service": "load-forecast", "to_method": "ForecastLoad"}"#;
    seeds.add("c", format!(r#"{{"pipeline": {{"name": "g", "connections": [{connection}]}}}}"#).as_bytes());
    let node = r#"{"container_name": "grid-source1", "image": "i", "node_type": "MLModel", "proto_uri": "microservice/grid-source1.proto", "operation_signature_list": [{"operation_signature": {"operation_name": "ReadGrid"}, "connected_to": []}]}"#;
    seeds.add("b", format!(r#"{{"name": "g", "nodes": [{node}]}}"#).as_bytes());
    seeds.add("d", br#"{"docker_info_list": [{"container_name": "grid-source1", "ip_address": "grid-source1", "port": "8061"}]}"#);
    for execution in [
        r#"{"version": 1, "mode": "live", "max_parallel": 4, "queue_size": 8, "iterations": 3}"#,
        r#"{"version": 1, "operations": {"grid-source1:ReadGrid": {"parameters": {"a": 1}, "overrides": {"b": null}, "deadline": "1m 30s", "expect": ["status == 'ok'", "size(states) > 0"], "retry": {"attempts": 3, "delay": "1s"}, "success": {"field": "status", "equals": "ok"}}}}"#,
        r#"{"version": 1, "links": [{"from": "grid-source1:ReadGrid", "to": "load-forecast1:ForecastLoad", "fields": {"hours": "states", "x.y": null}, "when_full": "drop_oldest"}], "nodes": {"grid-source1": {"transport": "grpc", "address": "localhost:1"}}}"#,
    ] {
        seeds.add("e", execution.as_bytes());
    }
    seeds.add("i", br#"{"day": "2024-01-02", "grid-source1:ReadGrid": {"hours": 3}, "load-forecast1:ForecastLoad": [{"a": 1}, {}]}"#);
    seeds.add("y", b"services:\n  grid-source: &a\n    build: {context: ., dockerfile: services/grid_source/Dockerfile}\n    ports: ['8061:8061']\n    volumes: [./data:/data]\n  load-forecast:\n    <<: *a\n    environment: [A=1]\n");
}

fn protos(files: &[PathBuf], seeds: &mut Seeds) {
    let texts: Vec<String> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "proto"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for pair in texts.windows(2) {
        seeds.add("", pair.join("\n%%\n").as_bytes());
    }
    for text in [
        "syntax = \"proto3\";\nimport \"c.proto\";\nservice S { rpc Do(M) returns (stream p.N); }\nmessage M { repeated M m = 1 [packed = false]; }\n%%\nsyntax = \"proto2\";\nimport public \"d.proto\";\nservice T { rpc Go(G) returns (G); }\nmessage G { required group P = 1 { optional int32 x = 536870911 [default = -0x7f]; } extensions 100 to max; }\n%%\npackage p; message N { oneof o { string a = 1; bytes b = 2; } map<string, N> n = 3; reserved 4 to 8; enum E { option allow_alias = true; A = 0; B = 0; } }\n%%\nimport \"d.proto\";",
        "syntax = \"proto3\"; /* /* */ service S { rpc Do(stream google.protobuf.Any) returns (google.protobuf.Empty) { option deprecated = true; } } import \"google/protobuf/any.proto\"; import \"google/protobuf/empty.proto\";",
        "edition = \"2023\"; service S { rpc Do(M) returns (M); } message M {}",
        "service S { rpc Do(M) returns (M) } message M { optional int32 n = 99999999999999999999 [(a).b = { c: 'd' e { f <g: [1, 2]> } }]; } option java_package = \"\\x41\\u00e4\" 'y';",
    ] {
        seeds.add("", text.as_bytes());
    }
    let deep = format!(
        "message A {}{} service S {{ rpc Do(A) returns (A); }}",
        "{ message A ".repeat(30),
        "{}".to_owned() + &"}".repeat(30)
    );
    seeds.add("", deep.as_bytes());
}

fn zips(files: &[PathBuf], seeds: &mut Seeds) {
    let proto = files.iter().find(|path| path.extension().is_some_and(|ending| ending == "proto")).unwrap();
    let proto = fs::read(proto).unwrap();
    let whole = |top: &str| {
        let name = |name: &str| format!("{top}{name}").into_bytes();
        vec![
            Entry::new(name("blueprint.json"), "{\"nodes\": []}"),
            Entry::new(name("dockerinfo.json"), "{}"),
            Entry::new(name("microservice/a.proto"), proto.clone()),
        ]
    };
    seeds.add("z", &archive(&whole("")));
    seeds.add("z", &archive(&whole("p/")));
    for name in [
        "../x.proto",
        "microservice/a.proto",
        "microservice//a.proto",
        "microservice/./b.proto",
        "execution.json",
    ] {
        let mut entries = whole("");
        entries.push(Entry::new(name, "{}"));
        seeds.add("z", &archive(&entries));
    }
    for first in 0..16_u8 {
        let choices: Vec<u8> =
            (0..48).map(|nth: u8| nth.wrapping_mul(first.wrapping_mul(7) | 1).wrapping_add(first)).collect();
        let package = [7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 1, 0];
        seeds.add("e", &[&package[..], &choices].concat());
    }
}

fn messages(seeds: &mut Seeds) {
    for json in [
        r#"{"num_records": 1, "wide": "-9223372036854775808", "small": 4294967295, "ratio": "NaN", "exact": -0.0, "flag": true, "text": "grün", "raw": "AQI="}"#,
        r#"{"color": "GREEN", "inner": {"count": 1, "next": {"names": ["a", ""]}}, "by_name": {"": {}}, "by_number": {"-1": "LESS"}, "left": null, "right": 0}"#,
        r#"{"when": "2024-01-02T03:04:05.678Z", "pause": "-1.5s", "open": {"a": [1, null]}, "anything": null, "packed": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}, "wrapped": 1.5, "mask": "aB,c.d"}"#,
        r#"{"by_flag": {"true": "x"}, "by_large": {"18446744073709551615": ""}, "numbers": [1, "2", 3.0], "list": [1, {}], "values": {"a": null}, "blob": "", "doubles": [1e308, "-Infinity"]}"#,
        r#"{"nope": 1, "num_records": "x", "color": 99, "inner": [], "left": "a", "right": 2}"#,
    ] {
        seeds.add("j", json.as_bytes());
        seeds.add("J", json.as_bytes());
    }
    seeds.add("J", br#"{"id": 1, "place": {"north": 1, "again": {"id": 2}}, "part": [{"size": 7}, {}], "packed": [1], "loose": [2], "colors": {"a": "RED"}, "ratio": -0.5, "raw": "AXg=", "inner": {"id": 3}}"#);
    for first in 0..12_u8 {
        let choices: Vec<u8> =
            (0..120).map(|nth: u8| nth.wrapping_mul(first.wrapping_mul(5) | 1).wrapping_add(first)).collect();
        seeds.add(if first % 3 == 0 { "W" } else { "w" }, &choices);
    }
    seeds.add("b", &[8, 1, 0x1d, 1, 2, 3, 4, 0x0b, 0x0c]);
    seeds.add("B", &[8, 1, 0x1b, 9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x1c]);
}

fn splicer(seeds: &mut Seeds) {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    for _ in 0..60 {
        let pipeline: Vec<u8> = (0..400).map(|_| next()).collect();
        let messages: Vec<u8> = (0..300).map(|_| next()).collect();
        seeds.add("", &[&[200][..], &pipeline, &messages].concat());
    }
}
