//! How long protos take to compile: rows for docs/benchmarks.md, printed by `cargo xtask bench`.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use aieffect_blueprint::{Diagnostic, Document, Package, Pipeline, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;

const ROUNDS: usize = 500;

const COMMON: &str =
    include_str!("../../../use-cases/protobuf_based_energy_pipeline/shared/proto/common.proto");
const NODES: [(&str, &str, &str); 3] = [
    (
        "input1",
        "ProvideInput",
        include_str!(
            "../../../use-cases/protobuf_based_energy_pipeline/services/input_provider/proto/input_provider.proto"
        ),
    ),
    (
        "analyzer1",
        "AnalyzeData",
        include_str!(
            "../../../use-cases/protobuf_based_energy_pipeline/services/data_analyzer/proto/data_analyzer.proto"
        ),
    ),
    (
        "report1",
        "GenerateReport",
        include_str!(
            "../../../use-cases/protobuf_based_energy_pipeline/services/report_generator/proto/report_generator.proto"
        ),
    ),
];

fn main() -> Result<(), String> {
    let (pipeline, protos) = pipeline()?;
    let first = compile(&pipeline, &protos)?;
    let mut times = (0..ROUNDS).map(|_| compile(&pipeline, &protos)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "| three nodes' protos and one shared, compiled and bound, first time | {:.2} ms |",
        millis(first)
    );
    println!("| the same again, median of {ROUNDS} | {:.2} ms |", millis(times[ROUNDS / 2]));
    Ok(())
}

fn compile(pipeline: &Pipeline, protos: &ProtoTree) -> Result<Duration, String> {
    let started = Instant::now();
    let (set, findings) = ProtoSet::compile(pipeline, protos);
    let took = started.elapsed();
    match (findings.iter().next(), set.proto_of(0)) {
        (None, Some(_)) => Ok(took),
        (finding, _) => Err(format!("the protos do not compile: {finding:?}")),
    }
}

fn pipeline() -> Result<(Pipeline, ProtoTree), String> {
    let mut protos = ProtoTree::new();
    protos.insert("microservice/common.proto", SourceText::new("common.proto", COMMON));
    let (mut nodes, mut addresses) = (Vec::new(), Vec::new());
    for (name, operation, text) in NODES {
        let path = format!("microservice/{name}.proto");
        nodes.push(format!(
            r#"{{"container_name": "{name}", "proto_uri": "{path}", "image": "{name}", "node_type": "MLModel",
                "operation_signature_list": [
                    {{"operation_signature": {{"operation_name": "{operation}"}}, "connected_to": []}}]}}"#
        ));
        addresses.push(format!(r#"{{"container_name": "{name}", "ip_address": "{name}", "port": "50051"}}"#));
        protos.insert(path, SourceText::new(name, text));
    }
    let package = Package {
        name: "protos".to_owned(),
        blueprint: document(&format!(r#"{{"name": "protos", "nodes": [{}]}}"#, nodes.join(",")))?,
        dockerinfo: document(&format!(r#"{{"docker_info_list": [{}]}}"#, addresses.join(",")))?,
        execution: None,
        protos: protos.clone(),
    };
    let (pipeline, findings) = resolve::package(&package);
    Ok((pipeline.ok_or_else(|| format!("{findings:?}"))?, protos))
}

fn document(text: &str) -> Result<Arc<Document>, String> {
    Document::json(&SourceText::new("document", text)).map_err(|finding: Diagnostic| finding.to_string())
}
