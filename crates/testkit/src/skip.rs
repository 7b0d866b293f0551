//! Tests that need what a machine may lack: left out by name, counted, and refused where it is required.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};
use std::str::FromStr;

use crate::fixtures::shared_dir;

/// A file that gets one line, `requirement<TAB>test<TAB>reason`, per test left out.
const SKIPS_FILE: &str = "AIEFFECT_SKIPS";
/// Names, joined by commas, of what must not be missing.
const REQUIRED: &str = "AIEFFECT_REQUIRE";

/// What a test may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A Docker daemon that answers.
    Docker,
    /// Python with grpcio.
    Python,
    /// `schemathesis`, which tries out an OpenAPI document on its server.
    Schemathesis,
    /// `shellcheck`, which looks at scripts.
    Shellcheck,
    /// `dot`, which draws graphs.
    Graphviz,
    /// `groff`, which formats manual pages.
    Groff,
    /// `curl`, a client of HTTP.
    Curl,
    /// `systemd-analyze`, which judges unit files.
    Systemd,
    /// `tmux`, a terminal whose screen can be read.
    Tmux,
    /// `promtool`, which looks at metrics and at rules about them.
    Promtool,
    /// A file system of one's own: `unshare` and `mount`.
    Mount,
    /// The folder of data beside the repository.
    SharedData,
}

impl Requirement {
    const ALL: [Self; 12] = [
        Self::Docker,
        Self::Python,
        Self::Schemathesis,
        Self::Shellcheck,
        Self::Graphviz,
        Self::Groff,
        Self::Curl,
        Self::Systemd,
        Self::Tmux,
        Self::Promtool,
        Self::Mount,
        Self::SharedData,
    ];

    /// Its name in `AIEFFECT_REQUIRE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Python => "python",
            Self::Schemathesis => "schemathesis",
            Self::Shellcheck => "shellcheck",
            Self::Graphviz => "graphviz",
            Self::Groff => "groff",
            Self::Curl => "curl",
            Self::Systemd => "systemd",
            Self::Tmux => "tmux",
            Self::Promtool => "promtool",
            Self::Mount => "mount",
            Self::SharedData => "shared-data",
        }
    }

    /// Why this machine does not meet it; `None` when it does.
    fn missing(self) -> Option<&'static str> {
        let met = match self {
            Self::Docker => succeeds("docker", &["version", "--format", "{{.Server.Version}}"]),
            Self::Python => succeeds("python3", &["-c", "import grpc, grpc_tools, venv"]),
            Self::Schemathesis => succeeds("python3", &["-c", "import schemathesis"]),
            Self::Shellcheck => succeeds("shellcheck", &["--version"]),
            Self::Graphviz => succeeds("dot", &["-V"]),
            Self::Groff => succeeds("groff", &["--version"]),
            Self::Curl => succeeds("curl", &["--version"]),
            Self::Systemd => succeeds("systemd-analyze", &["--version"]),
            Self::Tmux => succeeds("tmux", &["-V"]),
            Self::Promtool => succeeds("promtool", &["--version"]),
            Self::Mount => succeeds("unshare", &["-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]),
            Self::SharedData => shared_dir().is_some(),
        };
        let reason = match self {
            Self::Docker => "no Docker daemon answers",
            Self::Python => "python3 with grpcio, grpcio-tools and venv is not installed",
            Self::Schemathesis => "schemathesis is not installed beside python3",
            Self::Shellcheck => "shellcheck is not installed",
            Self::Graphviz => "Graphviz is not installed",
            Self::Groff => "groff is not installed",
            Self::Curl => "curl is not installed",
            Self::Systemd => "systemd-analyze is not installed",
            Self::Tmux => "tmux is not installed",
            Self::Promtool => "promtool (of Prometheus) is not installed",
            Self::Mount => "file systems cannot be mounted in a namespace",
            Self::SharedData => "there is no folder `shared` beside the repository",
        };
        (!met).then_some(reason)
    }
}

impl FromStr for Requirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|requirement| requirement.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is none of {names}")
        })
    }
}

/// Whether the test may go on. If not, it is to return: it has been counted as left out.
///
/// ```no_run
/// # use aieffect_testkit::{Requirement, require};
/// if !require(Requirement::Docker) {
///     return;
/// }
/// ```
///
/// # Panics
/// When the requirement is not met and named in `AIEFFECT_REQUIRE`.
pub fn require(requirement: Requirement) -> bool {
    match requirement.missing() {
        None => true,
        Some(reason) => {
            note_skip(requirement, reason);
            false
        }
    }
}

/// Counts the running test as left out, for whatever else it misses of `requirement`.
///
/// # Panics
/// When the requirement is named in `AIEFFECT_REQUIRE`.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub fn note_skip(requirement: Requirement, reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let name = requirement.as_str();
    let required = std::env::var(REQUIRED).unwrap_or_default();
    if required.split(',').any(|entry| entry.trim() == name) {
        panic!("{test} needs {name}, which {REQUIRED} names: {reason}");
    }
    eprintln!("left out: {test} ({name}: {reason})");
    let Ok(file) = std::env::var(SKIPS_FILE) else { return };
    let line = format!("{name}\t{test}\t{reason}\n");
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut skips| skips.write_all(line.as_bytes()));
    if let Err(error) = written {
        panic!("the skip of {test} cannot be written to {file}: {error}");
    }
}

/// Leaves the running test out unless the requirements are met: `skip!(Docker, SharedData)`.
#[macro_export]
macro_rules! skip {
    ($($requirement:ident),+ $(,)?) => {
        $(if !$crate::require($crate::Requirement::$requirement) {
            return;
        })+
    };
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
