//! Compose files as the real tool takes them.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Requirement, note_skip};

/// What the compose tool of this machine makes of a file: its `config`, or what it says against it. `None` when there
/// is no such tool; the test has then been counted as left out.
///
/// # Panics
/// When there is none and `docker` is required.
pub fn compose_config(file: &Path) -> Option<Result<String, String>> {
    let tools: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];
    let Some(tool) = tools.into_iter().find(|tool| answers(tool)) else {
        note_skip(Requirement::Docker, "there is neither `docker compose` nor `docker-compose`");
        return None;
    };
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).args(["--project-name", "case", "--file"]).arg(file).arg("config");
    Some(match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    })
}

fn answers(tool: &[&str]) -> bool {
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).arg("version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
