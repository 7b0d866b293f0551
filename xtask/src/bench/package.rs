//! A package of four steps in a row.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

/// Every node has this proto; the fields of both messages have the same numbers, so a service may answer by echo.
const PROTO: &str = r#"syntax = "proto3";

package stage;

service Stage {
  rpc Process(Work) returns (Done);
}

message Work {
  string output_file_path = 3;
  double anomaly_threshold = 4;
  repeated double readings = 5;
}

message Done {
  bool success = 1;
  string message = 2;
  string output_file_path = 3;
  double anomaly_threshold = 4;
  repeated double readings = 5;
}
"#;

/// Writes the package for services that listen on these ports.
pub(super) fn write(folder: &Path, ports: &[u16]) -> Result<()> {
    let microservice = folder.join("microservice");
    fs::create_dir_all(&microservice)?;
    let names: Vec<String> = (1..=ports.len()).map(|number| format!("stage{number}")).collect();
    for name in &names {
        fs::write(microservice.join(format!("{name}.proto")), PROTO)?;
    }
    let nodes: Vec<Value> =
        names.iter().enumerate().map(|(index, name)| node(name, names.get(index + 1))).collect();
    let address = |(name, port): (&String, &u16)| json!({"container_name": name, "ip_address": "127.0.0.1", "port": port.to_string()});
    let addresses: Vec<Value> = names.iter().zip(ports).map(address).collect();
    let blueprint = json!({
        "nodes": nodes, "name": "Four stages", "pipeline_id": "00000000-0000-0000-0000-000000000000",
        "creation_date": "2026-01-01 00:00:00.000000", "type": "pipeline-topology/v2", "version": "2.0",
    });
    let parameters =
        json!({"output_file_path": "data/a.csv", "anomaly_threshold": 0.5, "readings": [1.5, 2.5]});
    let execution = json!({"version": 1, "operations": {"stage1:Process": {"parameters": parameters}}});
    fs::write(folder.join("blueprint.json"), blueprint.to_string())?;
    fs::write(folder.join("dockerinfo.json"), json!({ "docker_info_list": addresses }).to_string())?;
    fs::write(folder.join("execution.json"), execution.to_string())?;
    Ok(())
}

fn node(name: &str, next: Option<&String>) -> Value {
    let signature = json!({
        "operation_name": "Process", "input_message_name": "Work", "output_message_name": "Done",
        "input_message_stream": false, "output_message_stream": false,
    });
    let link =
        |next: &String| json!({"container_name": next, "operation_signature": {"operation_name": "Process"}});
    let connected: Vec<Value> = next.map(link).into_iter().collect();
    json!({
        "proto_uri": format!("microservice/{name}.proto"), "image": format!("{name}:latest"),
        "node_type": "MLModel", "container_name": name,
        "operation_signature_list": [{"operation_signature": signature, "connected_to": connected}],
    })
}
