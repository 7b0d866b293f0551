//! What the process takes of the machine, by the names that every program's monitoring has.

use std::fmt;
use std::fs;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

#[derive(Debug)]
struct Process {
    /// In seconds from 1970 on.
    began: f64,
}

pub(super) fn register(registry: &mut Registry) {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    registry.register_collector(Box::new(Process { began: since.as_secs_f64() }));
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut show = |name: &str, help: &str, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        show("process_start_time_seconds", "When the process began, since 1970-01-01 UTC.", self.began)?;
        if let Some(bytes) = resident() {
            show("process_resident_memory_bytes", "Memory that the process holds.", bytes as f64)?;
        }
        // One of them is what it is counted through.
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let open = open.count().saturating_sub(1);
            show("process_open_fds", "Files and connections that are open.", open as f64)?;
        }
        Ok(())
    }
}

/// Where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
