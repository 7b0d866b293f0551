//! One shell per page, so that a page's commands build on each other as they do for its reader.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::clone::CleanClone;
use super::need;
use super::transcript::Exchange;

/// Ends each command's output; no program prints it.
const MARK: &str = "\u{1}end";

/// What a command printed, on stdout and stderr, and its exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) printed: String,
    pub(crate) status: i32,
}

/// Runs the commands one after another and returns an answer to each.
pub(crate) fn run(clone: &CleanClone, exchanges: &[Exchange]) -> Result<Vec<Answer>> {
    // A file, not a pipe: a service left in the background would keep a pipe open.
    let printed = clone.printed();
    let file = File::create(&printed).with_context(|| format!("{}", printed.display()))?;
    let mut shell = Command::new("bash");
    shell.args(["-c", &script(exchanges)]).current_dir(clone.path());
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("AIEFFECT_") || name_text.starts_with("CARGO") {
            shell.env_remove(name);
        }
    }
    if let Some(config) = compose_plugin(clone)? {
        shell.env("DOCKER_CONFIG", config);
    }
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        shell.env("CARGO_HOME", home);
    }
    let status = shell
        .env("CARGO_TARGET_DIR", clone.build())
        .env("CARGO_INSTALL_ROOT", clone.installed())
        .env("PATH", path_with(clone)?)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .context("bash cannot be started")?;
    let answers = answers(&String::from_utf8_lossy(&fs::read(&printed)?));
    ensure!(answers.len() == exchanges.len(), "the shell ended early ({status})");
    Ok(answers)
}

/// The pages say `docker compose`, as people type it today. Where only the older `docker-compose` is there, this makes
/// the one call the other.
fn compose_plugin(clone: &CleanClone) -> Result<Option<PathBuf>> {
    if need::succeeds("docker", &["compose", "version"]) || !need::succeeds("docker-compose", &["version"]) {
        return Ok(None);
    }
    let config = clone.docker_config();
    let plugins = config.join("cli-plugins");
    fs::create_dir_all(&plugins).with_context(|| format!("{}", plugins.display()))?;
    let plugin = plugins.join("docker-compose");
    fs::write(&plugin, PLUGIN).with_context(|| format!("{}", plugin.display()))?;
    fs::set_permissions(&plugin, Permissions::from_mode(0o755))?;
    Ok(Some(config))
}

/// Docker calls it with the word that it stands for, `compose`, first.
const PLUGIN: &str = r#"#!/bin/sh
if [ "$1" = docker-cli-plugin-metadata ]; then
  printf '{"SchemaVersion": "0.1.0", "Vendor": "none", "Version": "v1"}'
  exit
fi
shift
exec docker-compose "$@"
"#;

fn path_with(clone: &CleanClone) -> Result<std::ffi::OsString> {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let all = [clone.installed().join("bin")].into_iter().chain(std::env::split_paths(&usual));
    Ok(std::env::join_paths(all)?)
}

fn script(exchanges: &[Exchange]) -> String {
    // What a page left in the background ends with its shell.
    let mut script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n".to_owned();
    for exchange in exchanges {
        // The subshell hands the exit code on to a following `echo $?`.
        script.push_str(&format!(
            "{}\nended=$?; printf '\\n{MARK} %s\\n' \"$ended\"; (exit \"$ended\")\n",
            exchange.command
        ));
    }
    script
}

fn answers(printed: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut lines = String::new();
    for line in printed.lines() {
        match line.strip_prefix(MARK) {
            Some(status) => {
                let status = status.trim().parse().unwrap_or(-1);
                answers.push(Answer { printed: std::mem::take(&mut lines), status });
            }
            None => lines.push_str(&format!("{line}\n")),
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::transcript;

    #[test]
    fn a_shell_answers_each_command_and_keeps_its_state() {
        let page = "```console\n$ word=here; printf '%s' \"$word\"\n$ (exit 3)\n$ echo $? $word\n```\n";
        let script = script(&transcript::parse(page).unwrap());
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        let answers = answers(&String::from_utf8(output.stdout).unwrap());
        let seen: Vec<_> = answers.iter().map(|answer| (answer.printed.trim(), answer.status)).collect();
        assert_eq!(seen, [("here", 0), ("", 3), ("3 here", 0)]);
    }
}
