//! What a page's commands may need of a machine.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What a block of commands names by its mark, `console python` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Python,
    Docker,
    Curl,
}

/// The images that the Dockerfiles of the use cases begin with, and the variables that name others.
const BASES: [(&str, &str); 2] = [("PYTHON_IMAGE", "python:3.11-slim"), ("RUST_IMAGE", "rust:1-slim")];

impl Need {
    /// As in `AIEFFECT_REQUIRE`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Docker => "docker",
            Self::Curl => "curl",
        }
    }

    /// Why this machine does not meet it; `None` when it does. Asked once.
    pub(crate) fn missing(self) -> Option<String> {
        static PYTHON: OnceLock<Option<String>> = OnceLock::new();
        static DOCKER: OnceLock<Option<String>> = OnceLock::new();
        match self {
            Self::Python => PYTHON.get_or_init(python).clone(),
            Self::Docker => DOCKER.get_or_init(docker).clone(),
            Self::Curl => (!succeeds("curl", &["--version"])).then(|| "curl is not there".to_owned()),
        }
    }
}

fn python() -> Option<String> {
    let there = succeeds("python3", &["-c", "import venv, ensurepip"]);
    (!there).then(|| "python3 cannot make virtual environments".to_owned())
}

fn docker() -> Option<String> {
    if !succeeds("docker", &["version", "--format", "{{.Server.Version}}"]) {
        return Some("no Docker daemon answers".to_owned());
    }
    if !succeeds("docker-compose", &["version"]) && !succeeds("docker", &["compose", "version"]) {
        return Some("neither docker-compose nor docker compose is there".to_owned());
    }
    for (variable, usual) in BASES {
        let image = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
        if !succeeds("docker", &["image", "inspect", &image]) {
            return Some(format!(
                "image {image} is not here; pull it, or: eval \"$(cargo xtask base-images)\""
            ));
        }
    }
    None
}

pub(super) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
