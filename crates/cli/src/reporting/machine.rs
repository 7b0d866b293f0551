//! Where a run takes place, as far as figures depend on it. Nothing that tells whose machine it is.

use std::env::consts;
use std::fs;
use std::thread;

/// Names and texts for a report.
pub(super) fn environment() -> Vec<(&'static str, String)> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let system = format!("{} {} {}", name(consts::OS), release.trim(), consts::ARCH);
    let cores =
        thread::available_parallelism().map_or_else(|_| "unknown".to_owned(), |cores| cores.to_string());
    vec![
        ("aieffect", env!("CARGO_PKG_VERSION").to_owned()),
        ("System", system.split_whitespace().collect::<Vec<_>>().join(" ")),
        ("Cores at hand", cores),
    ]
}

fn name(system: &str) -> &str {
    match system {
        "linux" => "Linux",
        "macos" => "macOS",
        other => other,
    }
}
