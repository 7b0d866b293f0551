use std::fmt::Write;

use serde_json::{Value, json};

use super::*;
use crate::{
    Address, ComposeFile, Dockerfiles, Document, Interface, NodeTransport, OperationName, Placement, Port,
    ProtoRoot, ProtoTree, ServiceName, SourceText, Topology,
};

/// Folders with their operations.
type Folders<'a> = &'a [(&'a str, &'a [&'a str])];

const CHAIN: Folders<'_> =
    &[("data_analyzer", &["Analyze"]), ("data_generator", &["Generate", "Reset"]), ("report", &["Write"])];

fn interfaces(folders: Folders<'_>) -> Interfaces {
    let signature = |name: &&str| Signature {
        operation: OperationName::new(name).unwrap(),
        input: "In".to_owned(),
        output: "Out".to_owned(),
        input_stream: false,
        output_stream: true,
    };
    let interface = |operations: &[&str]| Interface {
        transport: NodeTransport::Grpc(ProtoRoot { file: "a.proto".to_owned(), import_roots: Vec::new() }),
        operations: operations.iter().map(signature).collect(),
    };
    folders.iter().map(|(folder, operations)| (folder.parse().unwrap(), interface(operations))).collect()
}

fn given(folders: Folders<'_>, compose: &str, pipeline: &Value) -> (UseCase, Findings) {
    let mut findings = Findings::new();
    let text = serde_json::to_string_pretty(&json!({"pipeline": pipeline})).unwrap();
    let document = Document::json(&SourceText::new("connections.json", text)).unwrap();
    let topology = Topology::read(&document, &mut findings).unwrap();
    let document = Document::yaml(&SourceText::new("docker-compose.yml", compose)).unwrap();
    let compose = ComposeFile::read(&document, &mut findings);
    let fold = |name: &str| name.replace('-', "_");
    let services = folders.iter().map(|(folder, _)| Service {
        folder: folder.parse().unwrap(),
        protos: Vec::new(),
        compose: compose.services.iter().position(|each| fold(each.name.as_str()) == fold(folder)),
    });
    let services = services.collect();
    (
        UseCase {
            name: "Use".to_owned(),
            services,
            topology,
            compose,
            dockerfiles: Dockerfiles::default(),
            protos: ProtoTree::new(),
        },
        findings,
    )
}

const COMPOSE: &str = "services:\n  data-analyzer: {}\n  data-generator: {}\n  report: {}\n";

fn resolve_both(pipeline: &Value) -> (Option<Pipeline>, Findings) {
    let (case, mut findings) = given(CHAIN, COMPOSE, pipeline);
    let (pipeline, found) = use_case(&case, &interfaces(CHAIN));
    findings.extend(found);
    (pipeline, findings)
}

fn resolved(pipeline: &Value) -> Pipeline {
    let (pipeline, findings) = resolve_both(pipeline);
    assert_eq!(shown(&findings), "");
    pipeline.unwrap()
}

fn findings(pipeline: &Value) -> String {
    shown(&resolve_both(pipeline).1)
}

/// Each finding with its places and its help.
fn shown(findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings {
        writeln!(text, "{finding}").unwrap();
        for label in finding.labels.iter().skip(1) {
            writeln!(text, "  {} {}", label.position(), label.note).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(text, "  help: {help}").unwrap();
        }
    }
    text
}

fn link(from: &str, to: &str) -> Value {
    let (from_service, from_method) = from.split_once(':').unwrap_or((from, ""));
    let (to_service, to_method) = to.split_once(':').unwrap();
    let mut link = json!({"from_service": from_service, "to_service": to_service, "to_method": to_method});
    if !from_method.is_empty() {
        link["from_method"] = json!(from_method);
    }
    link
}

fn chain() -> Value {
    json!({
        "start_service": "data-generator",
        "connections": [
            link("data-analyzer:Analyze", "report:Write"),
            link("data_generator:Generate", "data-analyzer:Analyze"),
        ],
    })
}

#[test]
fn a_use_case_becomes_nodes_and_links_in_a_stable_order() {
    let pipeline = resolved(&chain());
    let nodes: Vec<_> = pipeline
        .nodes()
        .iter()
        .map(|node| {
            let operations: Vec<_> = node.operations.iter().map(|each| each.name.as_str()).collect();
            format!("{} {} {} {}", node.name, node.address, node.image, operations.join(","))
        })
        .collect();
    insta::assert_snapshot!(nodes.join("\n"), @r#"
    data_generator1 data_generator1:50051 use-data-generator:latest Generate
    data_analyzer1 data_analyzer1:50051 use-data-analyzer:latest Analyze
    report1 report1:50051 use-report:latest Write
    "#);
    let links: Vec<_> = pipeline
        .links()
        .iter()
        .map(|link| format!("{} > {}", pipeline.step_name(link.from), pipeline.step_name(link.to)))
        .collect();
    assert_eq!(
        links,
        ["data_generator1:Generate > data_analyzer1:Analyze", "data_analyzer1:Analyze > report1:Write"]
    );
    assert_eq!(pipeline.nodes()[0].placement, Placement::Started("data_generator".parse().unwrap()));
    assert_eq!(
        pipeline.nodes()[0].operations[0].declared,
        DeclaredStreams::Said { input: false, output: true }
    );
}

#[test]
fn a_service_is_meant_by_its_name_its_folder_or_either_with_dashes_alike() {
    let folders: Folders<'_> = &[("solver", &["Solve"]), ("load_model", &["Load"])];
    let compose = "services: { load-model: {} }";
    let (mut case, _) = given(folders, compose, &json!({"connections": []}));
    case.compose.services[0].name = "grid-solver".parse().unwrap();
    case.services[0].compose = Some(0);
    case.services[1].compose = None;
    let found = |name: &str| case.find_service(name).map(|service| service.folder.as_str().to_owned());
    for name in ["solver", "grid-solver", "grid_solver"] {
        assert_eq!(found(name).as_deref(), Some("solver"), "{name}");
    }
    for name in ["load_model", "load-model"] {
        assert_eq!(found(name).as_deref(), Some("load_model"), "{name}");
    }
    assert_eq!(found("Solver"), None);
}

#[test]
fn names_that_mean_nothing_are_reported_with_the_nearest() {
    let pipeline = json!({
        "start_service": "data-generatr",
        "connections": [
            link("data-generator:Generat", "data-anlyzer:Analyze"),
            link("nobody:Analyze", "report:Write"),
        ],
        "operations": [{"service": "reprot", "method": "Write"}, {"service": "report", "method": "Wriet"}],
        "service_mapping": {"orchestrator": {"ip_address": "10.0.0.1", "port": 1}},
    });
    insta::assert_snapshot!(findings(&pipeline), @r#"
    error[AE0101] connections.json:7:23: there is no service `data-anlyzer`
      help: did you mean `data-analyzer`?
    error[AE0102] connections.json:9:24: `data-generator` has no operation `Generat`
      help: did you mean `Generate`?
    error[AE0101] connections.json:12:25: there is no service `nobody`
      help: known services: `data-analyzer`, `data-generator`, `report`
    error[AE0101] connections.json:20:20: there is no service `reprot`
      help: did you mean `report`?
    error[AE0102] connections.json:25:19: `report` has no operation `Wriet`
      help: did you mean `Write`?
    error[AE0101] connections.json:3:22: there is no service `data-generatr`
      help: did you mean `data-generator`?
    warning[AE0101] connections.json:29:23: there is no service `orchestrator`
      help: known services: `data-analyzer`, `data-generator`, `report`
    "#);
}

#[test]
fn without_from_method_every_operation_is_a_source() {
    let pipeline = json!({"connections": [link("data-generator", "data-analyzer:Analyze")]});
    insta::assert_snapshot!(findings(&pipeline), @r#"
    warning[AE0104] connections.json:4:7: the connection comes from every operation of `data-generator`: `Generate`, `Reset`
      help: name the operation in `from_method`
    "#);
    let pipeline = resolve_both(&pipeline).0.unwrap();
    assert_eq!(pipeline.links().len(), 2);
    assert_eq!(resolved(&json!({"connections": [link("report", "data-analyzer:Analyze")]})).links().len(), 1);
}

#[test]
fn operations_are_left_out_only_where_another_is_connected() {
    let pipeline = resolved(&json!({"connections": [link("report:Write", "data-analyzer:Analyze")]}));
    let generator = pipeline.nodes().iter().find(|node| node.name.as_str() == "data_generator1").unwrap();
    assert_eq!(generator.operations.len(), 2);
    let mut unused = chain();
    unused["operations"] = json!([{"service": "data-generator", "method": "Reset", "attempts": 2}]);
    insta::assert_snapshot!(findings(&unused), @r#"
    warning[AE0411] connections.json:21:19: `Reset` is not called
      help: add a connection from or to it, or remove this entry
    "#);
}

#[test]
fn a_start_service_with_an_incoming_connection_is_refused() {
    let mut pipeline = chain();
    pipeline["start_service"] = json!("report");
    insta::assert_snapshot!(findings(&pipeline), @r#"
    error[AE0103] connections.json:3:22: `start_service` is `report`, but a connection leads to it
      connections.json:5:7 this connection
      help: services without incoming connections: `data-generator`
    "#);
}

#[test]
fn what_is_said_twice_is_reported() {
    let mut pipeline = chain();
    pipeline["connections"].as_array_mut().unwrap().push(link("data-analyzer:Analyze", "report:Write"));
    pipeline["connections"][2]["fields"] = json!({"a": "b"});
    pipeline["operations"] =
        json!([{"service": "report", "method": "Write"}, {"service": "report", "method": "Write"}]);
    pipeline["service_mapping"] = json!({
        "data-analyzer": {"ip_address": "a", "port": 1}, "data_analyzer": {"ip_address": "b", "port": 1},
    });
    insta::assert_snapshot!(findings(&pipeline), @r#"
    warning[AE0009] connections.json:17:7: the connection from `data-analyzer:Analyze` to `report:Write` is there twice, and is made once
      connections.json:5:7 first here
      help: remove one of them
    error[AE0009] connections.json:34:19: the settings of `Write` are given twice
      connections.json:30:19 first here
      help: put both into one entry
    error[AE0009] connections.json:42:7: `data-analyzer` and `data_analyzer` are one service
      connections.json:38:7 first here
      help: map each service once
    "#);
    pipeline["operations"] = json!([]);
    pipeline["service_mapping"] = json!({});
    let pipeline = resolve_both(&pipeline).0.unwrap();
    assert_eq!(pipeline.links().len(), 2);
    assert_eq!(pipeline.links()[1].fields[0].target, "a");
}

#[test]
fn a_mapping_says_where_a_node_runs() {
    let mut pipeline = chain();
    pipeline["service_mapping"] = json!({
        "data_analyzer": {"ip_address": "report", "port": [8080]},
        "report": {"ip_address": "models.example.org", "port": "9000"},
        "data-generator": {"ip_address": "data_generator1"},
    });
    let pipeline = resolved(&pipeline);
    let at = |name: &str| pipeline.nodes().iter().find(|node| node.name.as_str() == name).unwrap();
    let address = |host: &str, port| Address { host: host.to_owned(), port: Port::new(port).unwrap() };
    assert_eq!(at("data_analyzer1").address, address("report", 8080));
    assert_eq!(at("data_analyzer1").placement, Placement::Started("report".parse().unwrap()));
    assert_eq!(at("report1").address, address("models.example.org", 9000));
    assert_eq!(at("report1").placement, Placement::Remote);
    assert_eq!(at("data_generator1").placement, Placement::Started("data_generator".parse().unwrap()));
}

#[test]
fn a_mapping_that_cannot_be_called_is_refused() {
    let mut pipeline = chain();
    pipeline["service_mapping"] = json!({
        "data_analyzer": {"ip_address": "", "port": "80 80"},
        "report": {"port": 0, "prot": 1},
        "data-generator": "data_generator1",
    });
    insta::assert_snapshot!(findings(&pipeline), @r#"
    error[AE0204] connections.json:20:23: `pipeline.service_mapping.data_analyzer.ip_address` is empty
      help: write a host name such as `data-analyzer`, or an address such as `10.0.0.7`
    error[AE0205] connections.json:21:17: `pipeline.service_mapping.data_analyzer.port` is "80 80", not a port from 1 to 65535
    warning[AE0006] connections.json:25:9: `pipeline.service_mapping.report` has an unknown key `prot`
      help: did you mean `port`?
    error[AE0005] connections.json:23:17: `pipeline.service_mapping.report` has no `ip_address`
    error[AE0205] connections.json:24:17: `pipeline.service_mapping.report.port` is 0, not a port from 1 to 65535
    error[AE0005] connections.json:27:25: `pipeline.service_mapping.data-generator` must be an object, not a string
    "#);
}

#[test]
fn a_use_case_without_services_is_refused() {
    let (case, _) = given(&[], "services: {}", &json!({"connections": []}));
    let (pipeline, found) = use_case(&case, &Interfaces::new());
    assert!(pipeline.is_none());
    insta::assert_snapshot!(shown(&found), @r#"
    error[AE0201] connections.json:2:15: the use case has no services
      help: give each service a folder of its own under `services/`
    "#);
}

#[test]
fn keys_and_values_that_are_none_are_reported() {
    let mut pipeline = chain();
    pipeline["conections"] = json!([]);
    pipeline["connections"].as_array_mut().unwrap().push(json!({"from_service": 5, "to_servce": "report"}));
    pipeline["operations"] = json!([{
        "service": "report", "method": "Write", "deadline": "soon", "backoff": "2000000h", "attempts": 0,
        "parallel": 1.5, "idempotent": "yes", "expect": "success", "restart": true, "timeout": 1,
    }]);
    pipeline["execution"] = json!({"mode": "live", "queue_size": 8, "max_parallel": 5_000_000_000_u64});
    insta::assert_snapshot!(findings(&pipeline), @r#"
    warning[AE0006] connections.json:22:5: `pipeline` has an unknown key `conections`
      help: did you mean `connections`?
    warning[AE0006] connections.json:19:9: `pipeline.connections[2]` has an unknown key `to_servce`
      help: did you mean `to_service`?
    error[AE0005] connections.json:18:25: `pipeline.connections[2].from_service` must be a string, not a number
    error[AE0005] connections.json:17:7: `pipeline.connections[2]` has no `to_service`
    error[AE0005] connections.json:17:7: `pipeline.connections[2]` has no `to_method`
    error[AE0006] connections.json:34:9: `pipeline.operations[0]` has an unknown key `timeout`
      help: known keys: `attempts`, `backoff`, `deadline`, `expect`, `idempotent`, `method`, `overrides`, `parallel` and 4 more
    error[AE0008] connections.json:27:21: `pipeline.operations[0].deadline` is no duration
      help: write a number and a unit, such as "500ms", "30s", "5m" or "2h"
    error[AE0008] connections.json:28:20: `pipeline.operations[0].backoff` is longer than a year
      help: write a number and a unit, such as "500ms", "30s", "5m" or "2h"
    error[AE0008] connections.json:29:21: `pipeline.operations[0].attempts` must be at least 1
    error[AE0008] connections.json:30:21: `pipeline.operations[0].parallel` must be a whole number from 1 upward, not 1.5
    error[AE0005] connections.json:31:23: `pipeline.operations[0].idempotent` must be `true` or `false`, not a string
    error[AE0005] connections.json:32:19: `pipeline.operations[0].expect` must be an array, not a string
    error[AE0008] connections.json:40:23: `pipeline.execution.max_parallel` is too large
    "#);
}

#[test]
fn what_is_the_default_anyway_is_no_setting_that_has_no_effect_yet() {
    let mut pipeline = chain();
    pipeline["connections"][0]["keep_latest"] = json!(false);
    pipeline["operations"] = json!([{"service": "report", "method": "Write", "restart": false}]);
    resolved(&pipeline);
}

#[test]
fn names_that_docker_refuses_are_reported() {
    let (mut case, _) = given(CHAIN, COMPOSE, &chain());
    case.name = "use..case".to_owned();
    case.services[2].folder = ServiceName::new(&"r".repeat(128)).unwrap();
    let mut offered = interfaces(CHAIN);
    let write = offered.remove("report").unwrap();
    offered.insert(case.services[2].folder.clone(), write);
    let (_, found) = use_case(&case, &offered);
    let codes: BTreeSet<_> = found.iter().map(|each| each.code).collect();
    assert_eq!(codes, [Code::BadImageName, Code::BadServiceName].into());
}

/// Not timed: it ends in seconds, or whoever waits for it looks for a loop within a loop.
#[test]
fn ten_thousand_services_with_forty_thousand_connections_resolve() {
    let names: Vec<_> = (0..10_000).map(|n| format!("s{n:05}")).collect();
    let folders: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), &["Run"][..])).collect();
    let links = (0..10_000_usize).flat_map(|n| {
        let names = &names;
        (1..=4)
            .filter(move |k| n + k < 10_000)
            .map(move |k| link(&names[n], &format!("{}:Run", names[n + k])))
    });
    let links: Vec<_> = links.collect();
    let count = links.len();
    let mapping: serde_json::Map<_, _> =
        names.iter().map(|name| (name.clone(), json!({"ip_address": name, "port": 1}))).collect();
    let pipeline = json!({"start_service": "s00000", "connections": links, "service_mapping": mapping});
    let (case, _) = given(&folders, "services: {}", &pipeline);
    let (pipeline, found) = use_case(&case, &interfaces(&folders));
    assert_eq!(found.len(), 0);
    let pipeline = pipeline.unwrap();
    assert_eq!(pipeline.links().len(), count);
    assert!(pipeline.operations().all(|id| pipeline.find(&pipeline.step_name(id)) == Some(id)));
}
