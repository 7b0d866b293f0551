//! What the binary says about the machine and to the shell: `doctor`, `completions`, `man`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use aieffect_testkit::skip;
use serde_json::Value;

fn aieffect(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aieffect"));
    command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// A folder of programs, each a script for `sh`, and nothing else but what the system's folders hold.
fn programs(folder: &Path, scripts: &[(&str, &str)]) -> OsString {
    for (name, script) in scripts {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut path = folder.as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    path
}

/// What `doctor` found, with these programs in place of the system's; run in a folder of its own.
fn doctor(scripts: &[(&str, &str)], arguments: &[&str]) -> Vec<Value> {
    let (bin, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = aieffect(&["doctor", "--format", "json"]);
    command.args(arguments).env("PATH", programs(bin.path(), scripts)).current_dir(here.path());
    let found: Value = serde_json::from_str(&succeeds(&mut command)).unwrap();
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0, "it leaves nothing behind");
    found["probes"].as_array().unwrap().clone()
}

#[track_caller]
fn check(probes: &[Value], name: &str, status: &str, found: &str) {
    let probe = probes.iter().find(|probe| probe["name"] == name).unwrap();
    assert_eq!(probe["status"], status, "{probe}");
    assert!(probe["found"].as_str().unwrap().contains(found), "{probe}");
    assert_eq!(probe["fix"].is_string(), status == "missing", "{probe}");
}

/// A `docker` whose daemon answers, up to what is done with a container.
fn docker(rest: &str) -> String {
    format!(
        r#"case "$1" in
version) echo '{{"Version":"27.1.0","ApiVersion":"1.46"}}' ;;
compose) echo v2.29.1 ;;
import) cat > /dev/null; echo sha256:0 ;;
rm | rmi) ;;
{rest}
*) echo "unexpected: $*" >&2; exit 1 ;;
esac"#
    )
}

#[test]
fn a_machine_with_everything_is_fine_but_for_the_binary() {
    let docker = docker("create) echo c0 ;;\ncp) cat .aieffect-doctor-* ;;");
    let python = "case \"$2\" in *grpc*) echo 1.66.0 ;; *) echo 3.12.1; echo True ;; esac";
    let scripts = [("docker", docker.as_str()), ("python3", python), ("cargo", "echo cargo 1.95.0")];
    let probes = doctor(&scripts, &[]);
    check(&probes, "python", "fine", "3.12.1, with venv");
    check(&probes, "grpcio", "fine", "1.66.0");
    check(&probes, "cargo", "fine", "1.95.0");
    check(&probes, "docker", "fine", "engine 27.1.0, API 1.46");
    check(&probes, "compose", "fine", "docker compose v2.29.1");
    check(&probes, "folder", "fine", "the daemon sees /");
    assert_eq!(probes.len(), 8);
}

#[test]
fn what_is_missing_is_no_failure() {
    let gone = "echo gone >&2; exit 127";
    let refused = "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; exit 1";
    let scripts =
        [("docker", refused), ("docker-compose", gone), ("podman", gone), ("python3", gone), ("cargo", gone)];
    let probes = doctor(&scripts, &[]);
    for (name, found) in
        [("python", "gone"), ("cargo", "gone"), ("docker", "Cannot connect"), ("compose", "none of")]
    {
        check(&probes, name, "missing", found);
    }
    check(&probes, "grpcio", "not tried", "no Python");
    check(&probes, "folder", "not tried", "no Docker daemon answers");
}

#[test]
fn a_daemon_with_a_file_system_of_its_own_is_told() {
    let error = "Error response from daemon: invalid mount config: bind source path does not exist: /x";
    let elsewhere = docker(&format!("create) echo '{error}' >&2; exit 1 ;;"));
    check(&doctor(&[("docker", &elsewhere)], &[]), "folder", "missing", "does not see /");
    let namesake = docker("create) echo c0 ;;\ncp) echo 'Could not find the file /seen/x' >&2; exit 1 ;;");
    check(&doctor(&[("docker", &namesake)], &[]), "folder", "missing", "does not see /");
    let unclear = docker("create) echo 'no space left' >&2; exit 1 ;;");
    check(&doctor(&[("docker", &unclear)], &[]), "folder", "not tried", "no space left");
}

#[test]
fn a_daemon_that_hangs_does_not_hang_doctor() {
    let hangs = "sleep 1000 & wait";
    let begun = Instant::now();
    let scripts = [("docker", hangs), ("docker-compose", hangs), ("python3", hangs), ("cargo", hangs)];
    let probes = doctor(&scripts, &["--patience", "300ms"]);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    for name in ["docker", "python", "cargo"] {
        check(&probes, name, "missing", "does not answer");
    }
}

/// A `docker` that notes in `made` what it has made and not removed. `create` and `rm` first do what they are told.
fn noting_docker(made: &Path, create: &str, remove: &str) -> String {
    let made = made.display();
    format!(
        r#"case "$1" in
version) echo '{{"Version":"27.1.0","ApiVersion":"1.46"}}' ;;
compose) echo v2.29.1 ;;
import) cat > /dev/null; touch "{made}/$3"; echo sha256:0 ;;
create) {create} ;;
rm) {remove} rm "{made}/$3" ;;
rmi) rm "{made}/$3" ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac"#
    )
}

#[test]
fn a_container_that_comes_too_late_is_removed_too() {
    let (made, asked) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let asked = asked.path().join("asked");
    // It is there only after its removal was tried.
    let late =
        format!("[ -e {0} ] || {{ touch {0} \"{1}/$3\"; exit 1; }};", asked.display(), made.path().display());
    let docker = noting_docker(made.path(), "sleep 1000", &late);
    let probes = doctor(&[("docker", &docker)], &["--patience", "2s"]);
    check(&probes, "folder", "not tried", "`docker create` does not answer");
    assert!(asked.exists());
    assert_eq!(fs::read_dir(made.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn an_interrupted_doctor_leaves_nothing_behind() {
    let (bin, here, made) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hangs = format!("touch \"{}/$3\"; echo > here; sleep 1000", made.path().display());
    let docker = noting_docker(made.path(), &hangs, "");
    let path = programs(bin.path(), &[("docker", &docker)]);
    let fifo = here.path().join("here");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut command = aieffect(&["doctor", "--patience", "60s"]);
    command.env("PATH", path).current_dir(here.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Opening waits until the stand-in writes.
    fs::read(&fifo).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(made.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn a_real_daemon_is_asked_and_nothing_is_left_with_it() {
    skip!(Docker);
    let here = tempfile::tempdir().unwrap();
    let found = succeeds(aieffect(&["doctor", "--format", "json"]).current_dir(here.path()));
    let found: Value = serde_json::from_str(&found).unwrap();
    let probes = found["probes"].as_array().unwrap();
    check(probes, "docker", "fine", "API 1.");
    let folder = probes.iter().find(|probe| probe["name"] == "folder").unwrap();
    assert_ne!(folder["status"], "not tried", "{folder}");
    let filter = format!("volume={}", here.path().display());
    let left = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}

#[test]
fn people_get_a_line_for_each_thing() {
    let text = succeeds(&mut aieffect(&["doctor"]));
    for name in ["python", "docker", "compose", "static", "ports"] {
        assert!(text.lines().any(|line| line.get(11..).is_some_and(|rest| rest.starts_with(name))), "{text}");
    }
}

#[test]
fn each_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = succeeds(&mut aieffect(&["completions", shell]));
        for word in ["orchestrate", "initial-data", "designer"] {
            assert!(script.contains(word), "{word} is not in the script for {shell}");
        }
        assert!(!script.contains("__supervise"));
    }
}

#[test]
fn bash_takes_its_script_and_completes_with_it() {
    let script = succeeds(&mut aieffect(&["completions", "bash"]));
    let ask = "\nCOMP_WORDS=(aieffect gra); COMP_CWORD=1; _aieffect aieffect gra aieffect; echo \"${COMPREPLY[@]}\"";
    let mut bash =
        Command::new("bash").arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(format!("{script}{ask}\n").as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "graph\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("new/man1");
    succeeds(aieffect(&["man", "--dir"]).arg(&pages));
    let mut names: Vec<_> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let help = succeeds(&mut aieffect(&["--help"]));
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let named = commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut expected: Vec<_> =
        named.map(|name| format!("aieffect-{name}.1")).chain(["aieffect.1".to_owned()]).collect();
    expected.sort();
    assert_eq!(names, expected);
    let main = succeeds(&mut aieffect(&["man"]));
    assert_eq!(fs::read_to_string(pages.join("aieffect.1")).unwrap(), main);
    let check = succeeds(&mut aieffect(&["man", "check"]));
    assert_eq!(fs::read_to_string(pages.join("aieffect-check.1")).unwrap(), check);
    assert!(main.contains(".SH NAME") && check.contains("designer"));
}

#[test]
fn manual_pages_are_formatted_without_a_complaint() {
    skip!(Groff);
    let dir = tempfile::tempdir().unwrap();
    succeeds(aieffect(&["man", "--dir"]).arg(dir.path()));
    for page in fs::read_dir(dir.path()).unwrap() {
        let page = page.unwrap().path();
        let mut groff = Command::new("groff");
        let output = groff.args(["-Kutf8", "-man", "-Tutf8", "-ww"]).arg(&page).output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", page.display());
    }
}

#[test]
fn a_page_of_no_command_is_wrong_usage() {
    let output = aieffect(&["man", "graf"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no command `graf`"));
}
