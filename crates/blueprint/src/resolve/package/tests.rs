use std::fmt::Write;

use serde_json::{Value, json};

use super::*;
use crate::{Placement, ProtoTree, SourceText, TransportKind};

fn document(name: &str, value: &Value) -> Arc<Document> {
    let text = serde_json::to_string_pretty(value).unwrap();
    Document::json(&SourceText::new(name, text)).unwrap()
}

fn given(blueprint: &Value, dockerinfo: &Value, execution: Option<&Value>, protos: &[&str]) -> Package {
    let mut tree = ProtoTree::new();
    for path in protos {
        tree.insert(*path, SourceText::new(*path, ""));
    }
    Package {
        name: "energy".to_owned(),
        blueprint: document("blueprint.json", blueprint),
        dockerinfo: document("dockerinfo.json", dockerinfo),
        execution: execution.map(|value| document("execution.json", value)),
        protos: tree,
    }
}

fn operation(name: &str, connected_to: &[(&str, &str)]) -> Value {
    let links: Vec<_> = connected_to
        .iter()
        .map(|(node, name)| json!({"container_name": node, "operation_signature": {"operation_name": name}}))
        .collect();
    json!({"operation_signature": {"operation_name": name}, "connected_to": links})
}

#[allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
fn node(name: &str, operations: Value) -> Value {
    json!({"container_name": name, "operation_signature_list": operations})
}

/// Two nodes, one link.
fn meter_and_report() -> Value {
    json!({"nodes": [
        node("meter1", json!([operation("Read", &[("report1", "Write")])])),
        node("report1", json!([operation("Write", &[])])),
    ]})
}

fn addresses() -> Value {
    json!({"docker_info_list": [
        {"container_name": "meter1", "ip_address": "meter1", "port": "50051"},
        {"container_name": "report1", "ip_address": "report1", "port": "50051"},
    ]})
}

const PROTOS: [&str; 2] = ["microservice/meter1.proto", "microservice/report1.proto"];

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

fn findings(blueprint: &Value, dockerinfo: &Value, execution: Option<&Value>) -> String {
    let (pipeline, findings) = package(&given(blueprint, dockerinfo, execution, &PROTOS));
    assert_eq!(pipeline.is_none(), findings.has_errors());
    shown(&findings)
}

fn resolved(blueprint: &Value, dockerinfo: &Value) -> Pipeline {
    let (pipeline, findings) = package(&given(blueprint, dockerinfo, None, &PROTOS));
    assert_eq!(shown(&findings), "");
    pipeline.unwrap()
}

#[test]
fn a_package_becomes_nodes_and_links() {
    let pipeline = resolved(&meter_and_report(), &addresses());
    let [link] = pipeline.links() else { panic!("{:?}", pipeline.links()) };
    assert_eq!(pipeline.step_name(link.from).to_string(), "meter1:Read");
    assert_eq!(pipeline.step_name(link.to).to_string(), "report1:Write");
    assert_eq!(pipeline.find(&"report1:Write".parse().unwrap()), Some(link.to));
    assert_eq!(pipeline.name(), "energy");
    assert_eq!(pipeline.nodes()[0].address.to_string(), "meter1:50051");
    assert_eq!([pipeline.kind(0), pipeline.kind(1)].map(|kind| kind.as_str()), ["DataSource", "DataSink"]);
}

#[test]
fn what_other_writers_add_or_leave_out_is_read_without_complaint() {
    let mut blueprint = meter_and_report();
    blueprint["version"] = json!("1.0.0");
    blueprint["probeIndicator"] = json!(null);
    blueprint["pipeline_id"] = json!(null);
    let first = &mut blueprint["nodes"][0];
    first["proto_uri"] = json!("org/acme/meter-1.0.0.proto");
    first["image"] = json!("https://registry.example/meter:1");
    first["node_type"] = json!("Anything");
    first["input_ports"] = json!([]);
    first["data_broker_map"] = json!(null);
    let signature = &mut first["operation_signature_list"][0]["operation_signature"];
    signature["input_message_name"] = json!("");
    signature["output_message_stream"] = json!(null);
    let dockerinfo = json!({"docker_info_list": [
        {"container_name": "METER1", "ip_address": "10.0.0.7", "port": [50051]},
        {"container_name": "report1", "ip_address": "10.0.0.7", "port": 50051},
        {"container_name": "orchestrator", "ip_address": "", "port": "none"},
        {"container_name": "orchestrator"},
        {"container_name": "probe", "ip_address": 5},
    ]});
    let pipeline = resolved(&blueprint, &dockerinfo);
    assert_eq!(pipeline.nodes()[0].transport.proto().unwrap().file, "microservice/meter1.proto");
    assert_eq!(pipeline.nodes()[0].placement, Placement::Remote);
    assert_eq!(pipeline.nodes()[0].image.as_str(), "https://registry.example/meter:1");
    assert_eq!(pipeline.nodes()[0].address, pipeline.nodes()[1].address);
}

#[test]
fn a_shared_folder_is_a_mount_and_its_links_are_passed_over() {
    let mut blueprint = meter_and_report();
    let links = json!([operation("Read", &[("report1", "Write"), ("folder1", "Mount")])]);
    blueprint["nodes"][0] = node("meter1", links);
    let mut folder = node("folder1", json!([operation("Mount", &[("report1", "Write")])]));
    folder["node_type"] = json!("SharedFolder");
    blueprint["nodes"].as_array_mut().unwrap().push(folder);
    let pipeline = resolved(&blueprint, &addresses());
    assert_eq!((pipeline.nodes().len(), pipeline.links().len()), (2, 1));
}

#[test]
fn a_proto_is_found_without_case_only_where_that_leaves_no_doubt() {
    let protos = ["microservice/METER1.proto", "microservice/report1.proto"];
    let (pipeline, _) = package(&given(&meter_and_report(), &addresses(), None, &protos));
    assert_eq!(pipeline.unwrap().nodes()[0].transport.proto().unwrap().file, protos[0]);
    let protos = ["microservice/METER1.proto", "microservice/Meter1.proto", "microservice/report1.proto"];
    let (_, findings) = package(&given(&meter_and_report(), &addresses(), None, &protos));
    insta::assert_snapshot!(shown(&findings), @r#"
    error[AE0207] blueprint.json:4:25: the node `meter1` has no proto
      help: it is looked for at `microservice/meter1.proto`; the package has `microservice/METER1.proto`, `microservice/Meter1.proto`, `microservice/report1.proto`. A service that answers `POST /control/execute` needs none: `"nodes": {"meter1": {"transport": "http-control"}}` in execution.json says so
    "#);
}

#[test]
fn a_link_to_nothing_is_reported_where_it_is_written() {
    let mut blueprint = meter_and_report();
    let links = [("reprot1", "Write"), ("report1", "Wriet"), ("Report1", "Write"), ("report1", "Write")];
    blueprint["nodes"][0] = node("meter1", json!([operation("Read", &links)]));
    insta::assert_snapshot!(findings(&blueprint, &addresses(), None), @r#"
    error[AE0203] blueprint.json:12:33: a link leads to `reprot1`, which is no node
      help: did you mean `report1`?
    error[AE0203] blueprint.json:20:35: a link leads to `report1:Wriet`, but the node has no such operation
      help: did you mean `Write`?
    warning[AE0009] blueprint.json:29:13: the link from `meter1:Read` to `report1:Write` is there twice, and is made once
      blueprint.json:23:13 first here
      help: remove one of them
    "#);
}

#[test]
fn a_blueprint_without_nodes_is_reported_once() {
    let execution = json!({"version": 1, "operations": {"meter1:Read": {}}});
    for blueprint in [json!({}), json!({"nodes": null}), json!({"nodes": []})] {
        let (_, found) = package(&given(&blueprint, &addresses(), Some(&execution), &PROTOS));
        assert_eq!(found.iter().map(|each| each.code).collect::<Vec<_>>(), [Code::NoNodes], "{blueprint}");
    }
    insta::assert_snapshot!(findings(&json!({"nodes": {}}), &addresses(), None), @r#"
    error[AE0005] blueprint.json:2:12: `nodes` must be an array, not an object
    "#);
}

#[test]
fn names_that_are_none_or_are_given_twice_are_reported() {
    let blueprint = json!({"nodes": [
        node("meter1", json!([operation("Read", &[]), operation("Read", &[]), operation("1x", &[])])),
        node("meter1", json!([])),
        node("../x", json!([])),
        {"operation_signature_list": []},
        "text",
    ]});
    insta::assert_snapshot!(findings(&blueprint, &addresses(), None), @r#"
    error[AE0009] blueprint.json:14:31: `meter1` lists the operation `Read` twice
      blueprint.json:8:31 first here
      help: remove one of the two entries
    error[AE0102] blueprint.json:20:31: `1x` is not an operation name: a letter or `_`, then letters, digits or `_`, at most 256
    error[AE0211] blueprint.json:31:25: `../x` is not a node name: 1 to 128 letters, digits, `_`, `-` or `.`, beginning with a letter, a digit or `_`
    error[AE0005] blueprint.json:34:5: `nodes[3]` has no `container_name`
    error[AE0005] blueprint.json:37:5: `nodes[4]` must be an object, not a string
    error[AE0202] blueprint.json:27:25: two nodes are named `meter1`
      blueprint.json:4:25 first here
      help: give each node a container name of its own
    "#);
}

#[test]
fn an_address_that_cannot_be_called_is_reported_at_its_entry() {
    let dockerinfo = json!({"docker_info_list": [
        {"container_name": "meter1", "ip_address": "http://meter1", "port": 70000},
        {"container_name": "meter1", "ip_address": "meter1", "port": 50051},
        {"container_name": "reprot1", "ip_address": "report1", "port": 50051},
    ]});
    insta::assert_snapshot!(findings(&meter_and_report(), &dockerinfo, None), @r#"
    error[AE0204] dockerinfo.json:5:21: `docker_info_list[0].ip_address` is `http://meter1`, which is no host name or address
      help: write the host alone, without `http://`
    error[AE0205] dockerinfo.json:6:15: `docker_info_list[0].port` is 70000, not a port from 1 to 65535
    error[AE0009] dockerinfo.json:9:25: the address of `meter1` is given twice
      dockerinfo.json:4:25 first here
      help: remove one of the two entries
    error[AE0204] blueprint.json:22:25: the node `report1` has no address
      dockerinfo.json:1:1 no entry here names it
      help: did you mean `reprot1`?
    "#);
    let without = json!({"docker_info_list": [
        {"container_name": "meter1", "port": {"a": 1}},
        {"container_name": "report1", "ip_address": "report1:50051"},
    ]});
    insta::assert_snapshot!(findings(&meter_and_report(), &without, None), @r#"
    error[AE0204] dockerinfo.json:4:25: the node `meter1` has no `ip_address`
      help: write its host name or address as `ip_address`
    error[AE0205] dockerinfo.json:5:15: `docker_info_list[0].port` is an object, not a port from 1 to 65535
    error[AE0204] dockerinfo.json:11:21: `docker_info_list[1].ip_address` is `report1:50051`, which is no host name or address
      help: write the host alone; its port has a key of its own, `port`
    error[AE0205] dockerinfo.json:10:25: the address of `report1` has no port
      help: write its `port`, a number from 1 to 65535
    "#);
    insta::assert_snapshot!(findings(&meter_and_report(), &json!({}), None), @r#"
    error[AE0005] dockerinfo.json:1:1: `dockerinfo.json` has no `docker_info_list`
    error[AE0204] blueprint.json:4:25: the node `meter1` has no address
      dockerinfo.json:1:1 no entry here names it
    error[AE0204] blueprint.json:22:25: the node `report1` has no address
      dockerinfo.json:1:1 no entry here names it
    "#);
}

#[test]
fn a_proto_path_that_leaves_the_package_is_reported_also_for_a_mount() {
    let mut blueprint = meter_and_report();
    blueprint["nodes"][0]["proto_uri"] = json!("../../etc/passwd");
    blueprint["nodes"][1]["proto_uri"] = json!("a\\b.proto");
    blueprint["nodes"][1]["node_type"] = json!("SharedFolder");
    insta::assert_snapshot!(findings(&blueprint, &addresses(), None), @r#"
    error[AE0206] blueprint.json:20:20: the `proto_uri` of `meter1` leaves the package
      help: use a path inside the package, such as "microservice/meter1.proto"
    error[AE0206] blueprint.json:32:20: the `proto_uri` of `report1` leaves the package
      help: use a path inside the package, such as "microservice/report1.proto"
    "#);
}

#[test]
fn execution_settings_reach_their_steps_and_links() {
    let execution = json!({
        "version": 1, "max_parallel": 4,
        "operations": {"report1:Write": {"attempts": 7}},
        "links": [{"from": "meter1:Read", "to": "report1:Write", "fields": {"a": "b.c", "d": null}}],
        "nodes": {"meter1": {"transport": "grpc"}},
    });
    let (pipeline, found) = package(&given(&meter_and_report(), &addresses(), Some(&execution), &PROTOS));
    assert_eq!(shown(&found), "");
    let pipeline = pipeline.unwrap();
    assert_eq!(pipeline.execution().max_parallel.get(), 4);
    let link = &pipeline.links()[0];
    assert_eq!(pipeline.operation(link.to).settings.attempts.get(), 7);
    let fields: Vec<_> =
        link.fields.iter().map(|each| (each.target.as_str(), each.source.as_deref())).collect();
    assert_eq!(fields, [("a", Some("b.c")), ("d", None)]);
}

#[test]
fn what_execution_json_says_of_nothing_is_reported() {
    let execution = json!({
        "version": 2, "max_paralel": 4, "mode": "bathc",
        "operations": {
            "meter1:Raed": {}, "meter2": {}, "report1:Write": {"deadlin": "1s", "attempts": -1},
        },
        "links": [
            {"from": "meter1:Read", "to": "report1:Wriet"},
            {"from": "report1:Write", "to": "meter1:Read"},
            {"from": "meter1:Read", "to": "report1:Write", "feilds": {}},
            {"from": "meter1:Read", "to": "report1:Write", "keep_latest": true},
        ],
        "nodes": {"metre1": {"transport": "grpc"}, "report1": {"transport": "http"}},
    });
    insta::assert_snapshot!(findings(&meter_and_report(), &addresses(), Some(&execution)), @r#"
    error[AE0006] execution.json:3:3: `execution.json` has an unknown key `max_paralel`
      help: did you mean `max_parallel`?
    error[AE0008] execution.json:2:14: `execution.json` has another version than 1, the one that this program reads
      help: write `"version": 1`, or export the use case again
    error[AE0008] execution.json:4:11: `bathc` is no mode
      help: modes are `batch` and `live`
    error[AE0414] execution.json:7:5: `meter2` is not a step: `node:operation`
      help: steps are written `container:operation`
    error[AE0006] execution.json:9:7: `operations.report1:Write` has an unknown key `deadlin`
      help: did you mean `deadline`?
    error[AE0008] execution.json:10:19: `operations.report1:Write.attempts` must be a whole number from 1 upward, not -1
    error[AE0006] execution.json:25:7: `links[2]` has an unknown key `feilds`
      help: did you mean `fields`?
    error[AE0008] execution.json:38:20: `http` is no transport
      help: transports are `grpc`, `http-control` and `container`
    error[AE0414] execution.json:6:5: there is no step `meter1:Raed`
      help: did you mean `meter1:Read`?
    error[AE0414] execution.json:34:5: there is no node `metre1`
      help: did you mean `meter1`?
    error[AE0414] execution.json:16:7: there is no step `report1:Wriet`
      help: did you mean `report1:Write`?
    error[AE0414] execution.json:18:5: no link leads from `report1:Write` to `meter1:Read`
      help: links are written in the blueprint, under `connected_to`; this entry only adds to one
    error[AE0009] execution.json:27:5: the link from `meter1:Read` to `report1:Write` has two entries
      execution.json:22:5 first here
      help: put both into one entry
    "#);
}

#[test]
fn a_key_or_a_link_that_is_written_twice_is_a_warning() {
    let mut blueprint = meter_and_report();
    let links = [("report1", "Write"), ("report1", "Write")];
    blueprint["nodes"][0] = node("meter1", json!([operation("Read", &links)]));
    let mut given = given(&blueprint, &addresses(), None, &PROTOS);
    let text = given.dockerinfo.source().text().replacen("\"port\"", "\"ip_address\": \"x\",\n \"port\"", 1);
    given.dockerinfo = Document::json(&SourceText::new("dockerinfo.json", text)).unwrap();
    let (pipeline, found) = package(&given);
    assert_eq!(pipeline.unwrap().links().len(), 1);
    insta::assert_snapshot!(shown(&found), @r#"
    warning[AE0009] dockerinfo.json:6:7: the key `ip_address` is written twice, and only the last one counts
      dockerinfo.json:5:7 this one does not
      help: remove one of them
    warning[AE0009] blueprint.json:17:13: the link from `meter1:Read` to `report1:Write` is there twice, and is made once
      blueprint.json:11:13 first here
      help: remove one of them
    "#);
}

/// Not timed: it ends in seconds, or whoever waits for it looks for a loop within a loop.
#[test]
fn ten_thousand_nodes_with_forty_thousand_wrong_links_end() {
    let names: Vec<_> = (0..10_000).map(|n| format!("node_{n:05}")).collect();
    let nodes: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let targets: Vec<_> = (1..=4).map(|k| format!("nodd_{:05}", (n + k) % 10_000)).collect();
            let links: Vec<_> = targets.iter().map(|target| (target.as_str(), "Run")).collect();
            node(name, json!([operation("Run", &links)]))
        })
        .collect();
    let list: Vec<_> =
        names.iter().map(|name| json!({"container_name": name, "ip_address": name, "port": 1})).collect();
    let paths: Vec<_> = names.iter().map(|name| format!("microservice/{name}.proto")).collect();
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let package = given(&json!({"nodes": nodes}), &json!({"docker_info_list": list}), None, &paths);
    let (pipeline, findings) = super::package(&package);
    assert!(pipeline.is_none());
    assert_eq!(findings.len(), 40_000);
    let lines: usize =
        findings.iter().map(|each| each.labels[0].source.line_column(each.labels[0].span.start).0).sum();
    assert!(lines > 40_000);
}

#[test]
fn a_node_without_a_proto_is_http_controlled_unless_one_is_named() {
    let mut blueprint = meter_and_report();
    let execution = |transport: &str| json!({"version": 1, "nodes": {"meter1": {"transport": transport}}});
    let kind = |blueprint: &Value, execution: Option<&Value>, protos: &[&str]| {
        let (pipeline, found) = package(&given(blueprint, &addresses(), execution, protos));
        pipeline.map(|pipeline| pipeline.nodes()[0].transport.kind()).ok_or_else(|| shown(&found))
    };
    let report = ["microservice/report1.proto"];
    assert_eq!(kind(&blueprint, Some(&execution("http-control")), &PROTOS), Ok(TransportKind::HttpControl));
    assert_eq!(kind(&blueprint, Some(&execution("grpc")), &PROTOS), Ok(TransportKind::Grpc));
    for unnamed in [json!(""), Value::Null] {
        blueprint["nodes"][0]["proto_uri"] = unnamed;
        assert_eq!(kind(&blueprint, None, &report), Ok(TransportKind::HttpControl));
        assert_eq!(kind(&blueprint, None, &PROTOS), Ok(TransportKind::Grpc));
        assert!(kind(&blueprint, Some(&execution("grpc")), &report).unwrap_err().contains("AE0207"));
    }
    blueprint["nodes"][0]["proto_uri"] = json!("microservice/meter1.proto");
    assert!(kind(&blueprint, None, &report).unwrap_err().contains("AE0207"));
    assert!(kind(&blueprint, Some(&execution("container")), &PROTOS).unwrap_err().contains("AE0504"));
}
