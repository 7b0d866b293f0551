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
    let tool = compose_tool()?;
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).args(["--project-name", "case", "--file"]).arg(file).arg("config");
    Some(match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    })
}

/// How the compose tool of this machine is called, `docker compose` or `docker-compose`. `None` when there is none; the
/// test has then been counted as left out.
///
/// # Panics
/// When there is none and `docker` is required.
pub fn compose_tool() -> Option<&'static [&'static str]> {
    const TOOLS: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];
    let tool = TOOLS.into_iter().find(|tool| answers(tool));
    if tool.is_none() {
        note_skip(Requirement::Docker, "there is neither `docker compose` nor `docker-compose`");
    }
    tool
}

fn answers(tool: &[&str]) -> bool {
    let mut command = Command::new(tool[0]);
    command.args(&tool[1..]).arg("version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
