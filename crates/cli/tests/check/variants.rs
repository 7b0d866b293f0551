//! What others write and is read without complaint.

use std::fs::File;
use std::io::Write;

use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::case::Case;

const FINE: &str = "no findings; 2 nodes, 2 steps, 1 link\n";

fn fine(case: &Case) {
    let checked = case.check(&[]);
    assert_eq!(checked.stdout, format!("energy_report_package: {FINE}"));
    assert_eq!(checked.code, 0);
}

#[test]
fn ports_as_numbers_texts_and_lists() {
    for port in ["50051", "\"50051\"", "[50051]", "[\"50051\"]", "\" 50051 \""] {
        fine(&Case::package().replace("dockerinfo.json", "\"50051\"", port));
    }
}

#[test]
fn entries_of_dockerinfo_that_are_no_node() {
    for name in ["orchestrator", "modelconnector", "probe"] {
        fine(&Case::package().edit("dockerinfo.json", |info| {
            let entry = json!({"container_name": name, "ip_address": name, "port": "8556"});
            info["docker_info_list"].as_array_mut().unwrap().push(entry);
        }));
    }
}

#[test]
fn keys_that_older_documents_lack() {
    fine(&Case::package().edit("blueprint.json", |blueprint| {
        for key in ["pipeline_id", "creation_date", "type", "version", "name"] {
            blueprint.as_object_mut().unwrap().remove(key);
        }
        for node in blueprint["nodes"].as_array_mut().unwrap() {
            node.as_object_mut()
                .unwrap()
                .retain(|key, _| key == "container_name" || key == "operation_signature_list");
            let operation =
                node["operation_signature_list"][0]["operation_signature"].as_object_mut().unwrap();
            operation.retain(|key, _| key == "operation_name");
        }
    }));
}

#[test]
fn message_names_that_are_empty() {
    fine(&Case::package().edit("blueprint.json", |blueprint| {
        let signature = &mut blueprint["nodes"][0]["operation_signature_list"][0]["operation_signature"];
        signature["input_message_name"] = json!("");
        signature["output_message_name"] = json!(null);
    }));
}

#[test]
fn keys_that_nobody_knows() {
    fine(&Case::package().edit("blueprint.json", |blueprint| {
        blueprint["probeIndicator"] = json!(true);
        blueprint["input_ports"] = json!(null);
        blueprint["nodes"][0]["data_broker_map"] = json!({"a": [1]});
        blueprint["nodes"][1]["node_type"] = json!("Whatever");
        blueprint["nodes"][1]["image"] = json!("https://registry.example.org/energy/report:1");
        blueprint["version"] = json!("1.0.0");
    }));
}

#[test]
fn a_proto_uri_that_points_elsewhere() {
    fine(&Case::package().replace("blueprint.json", "microservice/meter1.proto", "org/eu/meter-1.0.0.proto"));
}

#[test]
fn a_proto_that_differs_by_case() {
    fine(&Case::package().rename("microservice/meter1.proto", "microservice/Meter1.proto").replace(
        "blueprint.json",
        "\"proto_uri\": \"microservice/meter1.proto\",",
        "",
    ));
}

#[test]
fn container_names_that_dockerinfo_lower_cases() {
    fine(
        &Case::package()
            .replace("blueprint.json", "\"report1\"", "\"Report1\"")
            .rename("microservice/report1.proto", "microservice/Report1.proto"),
    );
}

#[test]
fn container_names_with_hyphens() {
    fine(&Case::package().replace("blueprint.json", "\"report1\"", "\"energy-report1\"").replace(
        "dockerinfo.json",
        "\"report1\"",
        "\"energy-report1\"",
    ));
}

#[test]
fn several_nodes_at_one_address() {
    fine(&Case::package().replace(
        "dockerinfo.json",
        "\"ip_address\": \"report1\"",
        "\"ip_address\": \"meter1\"",
    ));
}

#[test]
fn a_shared_folder_is_a_mount_and_needs_nothing() {
    fine(&Case::package().edit("blueprint.json", |blueprint| {
        let folder = json!({
            "container_name": "shared1", "node_type": "SharedFolder", "proto_uri": "",
            "operation_signature_list": [],
        });
        blueprint["nodes"].as_array_mut().unwrap().push(folder);
        let to_folder =
            json!({"container_name": "shared1", "operation_signature": {"operation_name": "Mount"}});
        let links = &mut blueprint["nodes"][0]["operation_signature_list"][0]["connected_to"];
        links.as_array_mut().unwrap().push(to_folder);
    }));
}

#[test]
fn texts_with_a_byte_order_mark() {
    let case = Case::package();
    let with_mark = |name: &str| [b"\xef\xbb\xbf".to_vec(), std::fs::read(case.path(name)).unwrap()].concat();
    let names = ["blueprint.json", "dockerinfo.json", "execution.json", "microservice/meter1.proto"];
    let texts: Vec<_> = names.iter().map(|name| (*name, with_mark(name))).collect();
    fine(&texts.into_iter().fold(case, |case, (name, text)| case.write(name, text)));
}

#[test]
fn packages_as_zips_flat_and_in_a_top_folder() {
    let case = Case::package();
    for (name, top) in [("flat.zip", ""), ("inside.zip", "my package/")] {
        let mut writer = ZipWriter::new(File::create(case.folder().join(name)).unwrap());
        for file in [
            "blueprint.json",
            "dockerinfo.json",
            "execution.json",
            "microservice/meter1.proto",
            "microservice/report1.proto",
        ] {
            writer.start_file(format!("{top}{file}"), SimpleFileOptions::default()).unwrap();
            writer.write_all(&std::fs::read(case.path(file)).unwrap()).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(case.check_path(name, &[]).stdout, format!("{name}: {FINE}"));
    }
}

#[test]
fn protos_as_partners_write_them() {
    let report = "syntax='proto2';/* no package */
        import 'google/protobuf/timestamp.proto';
        // a comment
        service Report { rpc
          WriteReport ( Request )
          returns ( Result ) { option deprecated = false; } ; }
        service Second { rpc Other(Request) returns (Result) {} }
        enum Kind { UNKNOWN = 0; DAILY = 1; }
        message Request { optional string file = 1; optional int32 rows = 2; }
        message Result {
          oneof outcome { bool success = 1; string error = 2; }
          map<string, Kind> kinds = 3 ; repeated Result parts = 4;
          optional google.protobuf.Timestamp at = 5;
        }";
    fine(&Case::package().write("microservice/report1.proto", report));
}

#[test]
fn folder_names_in_the_place_of_service_names() {
    let case = Case::use_case()
        .replace("docker-compose.yml", "  report:", "  report-writer:")
        .rename("services/report", "services/report_writer")
        .replace("docker-compose.yml", "services/report", "services/report_writer")
        .replace("connections.json", "\"report\"", "\"report_writer\"");
    assert_eq!(case.check(&[]).stdout, format!("energy_report: {FINE}"));
}

#[test]
fn service_mapping_of_the_newer_dialect() {
    let case = Case::use_case().replace(
        "connections.json",
        "\"start_service\": \"meter\",",
        "\"start_service\": \"meter\",\n\"service_mapping\": {\"meter\": {\"ip_address\": \"meter\", \"port\": 8080}, \"report\": {\"ip_address\": \"10.0.0.7\", \"port\": \"50051\"}},",
    );
    assert_eq!(case.check(&[]).stdout, format!("energy_report: {FINE}"));
}

#[test]
fn compose_files_with_anchors_profiles_and_extensions() {
    let compose = "x-common: &common
  restart: unless-stopped
  environment: { A: '1' }
services:
  meter:
    <<: *common
    profiles: [energy]
    build: { context: services/meter, dockerfile: Dockerfile }
    env_file: [{ path: .env, required: false }]
    extends: { file: other.yml, service: base }
  report:
    <<: *common
    image: report
  database:
    image: postgres:16
";
    assert_eq!(
        Case::use_case().write("docker-compose.yml", compose).check(&[]).stdout,
        format!("energy_report: {FINE}")
    );
}

#[test]
fn a_connection_without_from_method_of_a_service_with_one_operation() {
    let case = Case::use_case().replace("connections.json", "        \"from_method\": \"ReadMeter\",\n", "");
    assert_eq!(case.check(&[]).stdout, format!("energy_report: {FINE}"));
}
