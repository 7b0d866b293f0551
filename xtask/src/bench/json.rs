//! A result shown as JSON, and the same by Python's protobuf.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::built;
use crate::workspace::{output, target};

const PYTHON: &str = r#"
import statistics, sys, time
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
folder = sys.argv[1]
files = descriptor_pb2.FileDescriptorSet.FromString(open(folder + "/descriptors.bin", "rb").read())
pool = descriptor_pool.DescriptorPool()
for file in files.file:
    pool.Add(file)
given = message_factory.GetMessageClass(pool.FindMessageTypeByName("b.Given"))
data = open(folder + "/message.bin", "rb").read()
times = []
for _ in range(5):
    begun = time.perf_counter()
    text = json_format.MessageToJson(given.FromString(data), preserving_proto_field_name=True, indent=None)
    times.append(time.perf_counter() - begun)
print(f"{statistics.median(times) * 1000:.1f} ms")
"#;

/// Rows for the table.
pub(super) fn measure() -> Result<String> {
    let folder = target().join("bench/json");
    fs::create_dir_all(&folder)?;
    let ours = output(Command::new(built("examples/json_cost")).arg(&folder))?;
    let python = output(Command::new("python3").args(["-c", PYTHON]).arg(&folder));
    let python = python.unwrap_or_else(|_| "not measured: `python3` has no package protobuf".to_owned());
    Ok(format!("{ours}| the same by Python's protobuf, median of 5 | {} |\n", python.trim()))
}
