//! What showing a result of a mebibyte as JSON costs: a row for docs/benchmarks.md. With a folder as its argument it also
//! writes the message and its descriptors there, so that another program can do the same.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "shared/pipeline.rs"]
mod pipeline;

use std::fs;
use std::path::Path;
use std::time::Instant;

use aieffect_orchestrator::values::{Style, render};
use prost::Message;

use self::pipeline::{Node, Outcome, compiled, package, planned};

const PROTO: &str = r#"
syntax = "proto3";
package b;
service S { rpc Give(Nothing) returns (Given); }
message Nothing {}
message Row { int64 time = 1; double megawatts = 2; string region = 3; string note = 4; }
message Given { string name = 1; repeated Row rows = 2; }
"#;
const REPEATS: usize = 21;

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(int64, tag = "1")]
    time: i64,
    #[prost(double, tag = "2")]
    megawatts: f64,
    #[prost(string, tag = "3")]
    region: String,
    #[prost(string, tag = "4")]
    note: String,
}

#[derive(Clone, PartialEq, Message)]
struct Given {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    rows: Vec<Row>,
}

fn main() -> Outcome<()> {
    let (pipeline, protos) = compiled(&package(&[Node::new("a1", "Give", PROTO, 1)], [], None)?)?;
    let plan = planned(&pipeline, &protos, None)?;
    let output = &plan.steps.first().ok_or("no step")?.operation.output;
    let row = |time| Row {
        time,
        megawatts: time as f64 / 3.0,
        region: "north-west".to_owned(),
        note: "a reading of a quarter of an hour, as the meter had it, without any correction made"
            .to_owned(),
    };
    let message = Given { name: "wind".to_owned(), rows: (0..8_800).map(row).collect() }.encode_to_vec();
    if let Some(folder) = std::env::args().nth(1) {
        let folder = Path::new(&folder);
        fs::write(folder.join("message.bin"), &message)?;
        fs::write(folder.join("descriptors.bin"), output.parent_pool().encode_to_vec())?;
    }
    let mut times = Vec::new();
    let mut length = 0;
    for _ in 0..REPEATS {
        let begun = Instant::now();
        let mut text = Vec::new();
        render(output, &message, &mut text, Style::Compact)?;
        times.push(begun.elapsed());
        length = text.len();
    }
    times.sort_unstable();
    println!(
        "| a result of {:.2} MiB shown as JSON ({:.2} MiB), median of {REPEATS} | {:.1} ms |",
        message.len() as f64 / 1048576.0,
        length as f64 / 1048576.0,
        times[REPEATS / 2].as_secs_f64() * 1000.0
    );
    Ok(())
}
