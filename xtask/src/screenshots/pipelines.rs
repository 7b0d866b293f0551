//! What is run for the pictures: four steps with streams, four of which one fails, and two hundred.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

/// Every operation takes and gives the same fields, so that a service may answer by echo.
const PROTO: &str = r#"syntax = "proto3";

package station;

service Station {
  rpc Read(Query) returns (stream Reading);
  rpc Clean(Reading) returns (Reading);
  rpc Collect(stream Reading) returns (Reading);
  rpc Report(Reading) returns (Reading);
  rpc Refuse(Reading) returns (Reading);
}

message Query {
  string station = 3;
}

message Reading {
  bool success = 1;
  string message = 2;
  string station = 3;
  bytes samples = 4;
}
"#;

/// A pipeline whose run is shown.
pub(super) struct Pipeline {
    /// Of its files.
    pub(super) name: &'static str,
    title: &'static str,
    /// What its run ends with.
    pub(super) exit: i32,
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    operation: &'static str,
    /// Whom it gives to, by position.
    gives_to: Vec<usize>,
}

impl Pipeline {
    pub(super) fn all() -> [Self; 3] {
        let chain = |operations: [(&str, &'static str); 4]| {
            let node = |(nth, (name, operation)): (usize, (&str, &'static str))| {
                let gives_to = if nth < 3 { vec![nth + 1] } else { Vec::new() };
                Node { name: name.to_owned(), operation, gives_to }
            };
            operations.into_iter().enumerate().map(node).collect()
        };
        let streams = [
            ("station_reader", "Read"),
            ("outlier_filter", "Clean"),
            ("day_collector", "Collect"),
            ("report_writer", "Report"),
        ];
        let failing = [
            ("loader", "Report"),
            ("weather_features", "Report"),
            ("forecast", "Refuse"),
            ("scheduler", "Report"),
        ];
        [
            Self { name: "4-steps", title: "Wind park day report", exit: 0, nodes: chain(streams) },
            Self { name: "failed", title: "Battery schedule", exit: 1, nodes: chain(failing) },
            Self { name: "200-steps", title: "District heat balance", exit: 0, nodes: layered() },
        ]
    }

    /// Writes the package, for a service at that port.
    pub(super) fn write(&self, folder: &Path, port: u16) -> Result<()> {
        let microservice = folder.join("microservice");
        fs::create_dir_all(&microservice)?;
        let (mut nodes, mut addresses) = (Vec::new(), Vec::new());
        for node in &self.nodes {
            let Node { name, operation, gives_to } = node;
            fs::write(microservice.join(format!("{name}.proto")), PROTO)?;
            let link = |to: &usize| {
                let Node { name, operation, .. } = &self.nodes[*to];
                json!({"container_name": name, "operation_signature": {"operation_name": operation}})
            };
            let connected: Vec<Value> = gives_to.iter().map(link).collect();
            nodes.push(json!({
                "proto_uri": format!("microservice/{name}.proto"), "image": "station:latest", "node_type": "MLModel",
                "container_name": name,
                "operation_signature_list": [{
                    "operation_signature": {"operation_name": operation}, "connected_to": connected,
                }],
            }));
            addresses
                .push(json!({"container_name": name, "ip_address": "127.0.0.1", "port": port.to_string()}));
        }
        let blueprint = json!({
            "nodes": nodes, "name": self.title, "pipeline_id": "00000000-0000-0000-0000-000000000000",
            "creation_date": "2026-01-01 00:00:00.000000", "type": "pipeline-topology/v2", "version": "2.0",
        });
        fs::write(folder.join("blueprint.json"), blueprint.to_string())?;
        fs::write(folder.join("dockerinfo.json"), json!({"docker_info_list": addresses}).to_string())?;
        fs::write(folder.join("execution.json"), self.execution().to_string())?;
        Ok(())
    }

    fn execution(&self) -> Value {
        let mut operations = json!({});
        for (nth, Node { name, operation, .. }) in self.nodes.iter().enumerate() {
            let entry = &mut operations[format!("{name}:{operation}")];
            if nth == 0 {
                entry["parameters"] = json!({"station": "north"});
            }
            if *operation == "Clean" {
                entry["parallel"] = json!(4);
            }
            entry["attempts"] = json!(3);
            entry["backoff"] = json!("20ms");
        }
        json!({"version": 1, "max_parallel": 14, "operations": operations})
    }
}

/// A source, eleven layers of eighteen that each take from one or two of the layer before, and a sink: two hundred.
fn layered() -> Vec<Node> {
    const WIDE: usize = 18;
    const DEEP: usize = STAGES.len();
    let position = |layer: usize, nth: usize| 1 + layer * WIDE + nth % WIDE;
    let mut nodes = vec![Node {
        name: "meter_readings".to_owned(),
        operation: "Report",
        gives_to: (0..WIDE).map(|nth| position(0, nth)).collect(),
    }];
    for (layer, stage) in STAGES.iter().enumerate() {
        for nth in 0..WIDE {
            let gives_to = match layer + 1 {
                DEEP => vec![1 + DEEP * WIDE],
                next if nth % 6 == 0 => vec![position(next, nth), position(next, nth + 1)],
                next => vec![position(next, nth)],
            };
            let name = format!("{stage}_{:02}", nth + 1);
            nodes.push(Node { name, operation: "Report", gives_to });
        }
    }
    nodes.push(Node { name: "balance".to_owned(), operation: "Report", gives_to: Vec::new() });
    nodes
}

const STAGES: [&str; 11] = [
    "validate", "resample", "weather", "features", "demand", "losses", "storage", "supply", "match", "price",
    "summary",
];
