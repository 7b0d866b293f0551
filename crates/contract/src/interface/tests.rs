use aieffect_blueprint::{ComposeFile, Dockerfiles, Document, ServiceName, SourceText, Topology};
use insta::assert_snapshot;

use super::*;
use crate::testing::{shown, tree};

/// A use case with these protos; a service per folder below `services/`, `meter` among them.
fn use_case(files: &[(&str, &str)]) -> UseCase {
    connected(files, "{\"pipeline\": {\"connections\": []}}")
}

/// The same with those connections.
fn connected(files: &[(&str, &str)], connections: &str) -> UseCase {
    let mut folders: Vec<&str> = files.iter().filter_map(|(path, _)| path.split('/').nth(1)).collect();
    folders.retain(|folder| *folder != "proto");
    folders.push("meter");
    folders.sort_unstable();
    folders.dedup();
    let compose =
        Document::yaml(&SourceText::new("docker-compose.yml", "services:\n  meter:\n    image: i\n"));
    let connections = Document::json(&SourceText::new("connections.json", connections)).unwrap();
    let mut findings = Findings::new();
    let service = |folder: &&str| Service {
        folder: ServiceName::new(folder).unwrap(),
        protos: files
            .iter()
            .map(|(path, _)| (*path).to_owned())
            .filter(|path| path.starts_with(&format!("services/{folder}/proto/")))
            .collect(),
        compose: (*folder == "meter").then_some(0),
    };
    UseCase {
        name: "u".to_owned(),
        services: folders.iter().map(service).collect(),
        topology: Topology::read(&connections, &mut findings).unwrap(),
        compose: ComposeFile::read(&compose.unwrap(), &mut findings),
        dockerfiles: Dockerfiles::default(),
        protos: tree(files),
    }
}

fn findings(files: &[(&str, &str)]) -> String {
    shown(&interfaces(&use_case(files)).1)
}

const METER: &str = "syntax = \"proto3\";\nmessage M {}\nservice Meter {\n  rpc Read(M) returns (M);\n}\n";

#[test]
fn operations_are_listed_in_the_protos_order_with_names_as_in_its_own_package() {
    let proto =
        "syntax = \"proto3\"; package p.q; import \"google/protobuf/empty.proto\"; import \"common.proto\";
        message In { message Part {} }
        service Z { rpc Zero(google.protobuf.Empty) returns (stream In.Part); }
        service A { rpc First(stream common.Job) returns (In) {} rpc Zero(In) returns (In); }";
    let (interfaces, findings) = interfaces(&use_case(&[
        ("services/meter/proto/meter.proto", proto),
        ("shared/proto/common.proto", "syntax = \"proto3\"; package common; message Job {}"),
    ]));
    assert_eq!(shown(&findings), "");
    let interface = &interfaces["meter"];
    assert_eq!(interface.transport.proto().unwrap().file, "services/meter/proto/meter.proto");
    assert_eq!(
        interface.transport.proto().unwrap().import_roots,
        ["services/meter/proto", "services/meter", "shared/proto", ""]
    );
    let listed: Vec<String> = interface
        .operations
        .iter()
        .map(|one| {
            let [input, output] =
                [one.input_stream, one.output_stream].map(|stream| if stream { "stream " } else { "" });
            format!("{}: {input}{} -> {output}{}", one.operation, one.input, one.output)
        })
        .collect();
    assert_eq!(listed, ["Zero: google.protobuf.Empty -> stream In.Part", "First: stream common.Job -> In"]);
}

#[test]
fn messages_without_a_package_keep_their_names() {
    let (interfaces, _) = interfaces(&use_case(&[("services/meter/proto/m.proto", METER)]));
    assert_eq!(interfaces["meter"].operations[0].input, "M");
}

#[test]
fn protos_without_operations_may_stand_beside_the_one_with_them() {
    let files = [
        ("services/meter/proto/a.proto", "syntax = \"proto3\"; message A {} service Empty {}"),
        ("services/meter/proto/m.proto", METER),
    ];
    let (interfaces, findings) = interfaces(&use_case(&files));
    assert_eq!(shown(&findings), "");
    assert_eq!(interfaces["meter"].transport.proto().unwrap().file, "services/meter/proto/m.proto");
}

#[test]
fn a_service_without_operations_is_reported_at_its_proto_else_in_the_compose_file() {
    assert_snapshot!(findings(&[("services/meter/proto/m.proto", "message M {}")]), @r#"
    error[AE0105] services/meter/proto/m.proto:1:1: no proto of `meter` has an operation
      services/meter/proto/m.proto:1:1 ``
      help: write the operations as `rpc` of a `service` in a proto in `services/meter/proto/`. A service that answers `POST /control/execute` needs none: `"nodes": {"meter": {"transport": "http-control"}}` in connections.json says so
    "#);
    assert_snapshot!(findings(&[]), @r#"
    error[AE0105] docker-compose.yml:2:3: `meter` has no proto
      docker-compose.yml:2:3 `meter`
      help: write the operations as `rpc` of a `service` in a proto in `services/meter/proto/`. A service that answers `POST /control/execute` needs none: `"nodes": {"meter": {"transport": "http-control"}}` in connections.json says so
    "#);
    let other = [("services/meter/proto/m.proto", METER), ("services/other/README.md", "")];
    assert_snapshot!(findings(&other), @r#"
    error[AE0105] services/other:1:1: `other` has no proto
      services/other:1:1 ``
      help: write the operations as `rpc` of a `service` in a proto in `services/other/proto/`. A service that answers `POST /control/execute` needs none: `"nodes": {"other": {"transport": "http-control"}}` in connections.json says so
    "#);
}

#[test]
fn operations_in_two_protos_of_a_service_are_reported_with_both() {
    let files = [("services/meter/proto/a.proto", METER), ("services/meter/proto/b.proto", METER)];
    assert_snapshot!(findings(&files), @r"
    error[AE0106] services/meter/proto/a.proto:4:7: `meter` has operations in `services/meter/proto/a.proto` and in `services/meter/proto/b.proto`
      services/meter/proto/a.proto:4:7 `Read` this one
      services/meter/proto/b.proto:4:7 `Read` and this one
      help: keep all operations of a service in one proto; others may hold messages only
    ");
}

#[test]
fn a_proto_that_cannot_be_read_is_the_only_finding_about_its_service() {
    assert_snapshot!(findings(&[("services/meter/proto/m.proto", "service {}")]), @"
    error[AE0301] services/meter/proto/m.proto:1:9: expected an identifier, but found `{`
      services/meter/proto/m.proto:1:9 `{` found here
      help: it is written `service Name {`, with a `}` at its end
    ");
}

#[test]
fn the_mistakes_of_all_services_are_reported() {
    let broken = METER.replace("message M {}", "");
    let files = [("services/a/proto/a.proto", broken.as_str()), ("services/meter/proto/b.proto", &broken)];
    assert_snapshot!(findings(&files), @"
    error[AE0301] services/a/proto/a.proto:4:12: `M` is not defined
      services/a/proto/a.proto:4:12 `M`
      services/a/proto/a.proto:4:24 `M`
      help: define a `message` or an `enum` of this name, or import the file that does
    error[AE0301] services/meter/proto/b.proto:4:12: `M` is not defined
      services/meter/proto/b.proto:4:12 `M`
      services/meter/proto/b.proto:4:24 `M`
      help: define a `message` or an `enum` of this name, or import the file that does
    ");
}

#[test]
fn an_http_controlled_service_has_the_operations_that_connections_name() {
    let files = [("services/report/proto/report.proto", METER)];
    let with = |connections: &str, operations: &str| {
        let text = format!(
            r#"{{"pipeline": {{"connections": [{connections}], "operations": [{operations}],
            "nodes": {{"meter": {{"transport": "http-control"}}}}}}}}"#
        );
        interfaces(&connected(&files, &text))
    };
    let link =
        r#"{"from_service": "meter", "from_method": "Read", "to_service": "report", "to_method": "Read"}"#;
    let settings = r#"{"service": "meter", "method": "Check"}, {"service": "meter", "method": "Read"}"#;
    let (found, findings) = with(link, settings);
    assert_eq!(shown(&findings), "");
    let names: Vec<_> = found["meter"].operations.iter().map(|each| each.operation.as_str()).collect();
    assert_eq!(names, ["Read", "Check"]);
    assert_eq!(found["meter"].transport, NodeTransport::HttpControl);
    assert_eq!(found["report"].transport.kind(), TransportKind::Grpc);
    assert_snapshot!(shown(&with("", "").1), @r#"
    error[AE0111] connections.json:2:23: no operation of `meter` is named
      connections.json:2:23 `"meter"`
      help: name one in `from_method` or `to_method` of a connection, or under `operations`
    "#);
}
