//! `aieffect build`, and the script that it writes, run as a user would: with the real compose tool where there is
//! one, and with stand-ins for the others' ways of naming images.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::Aieffect;
use tempfile::TempDir;

const COMPOSE: &str = "services:
  Meter:
    build: services/meter
    profiles: [dev]
  report:
    build: services/report
    image: own/report:1
  ready:
    image: third/party:${TAG:-7}
";
/// What a tool makes of it, with its own quotes and order.
const CONFIG: &str = "name: x
services:
  Meter:
    build:
      context: /x
  'ready':
    image: \"third/party:7\"
  report:
    build:
      context: /y
      args:
        image: none
    image: own/report:1
networks:
  report:
    image: none
";

/// A use case of three services in a folder with a difficult name.
struct Case {
    dir: TempDir,
    path: PathBuf,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("It's \"my\" $(case) x");
        let case = Self { path, dir };
        case.write("connections.json", "{\"pipeline\": {\"connections\": []}}");
        case.write("docker-compose.yml", COMPOSE);
        for service in ["meter", "report", "ready"] {
            case.write(&format!("services/{service}/proto/{service}.proto"), &support::step_proto(service));
            // Of nothing but this file, so that no base image is needed.
            case.write(&format!("services/{service}/Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
        }
        case
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn build(&self) -> Aieffect {
        Aieffect::new("build", &self.path, self.dir.path())
    }

    fn script(&self) -> PathBuf {
        self.path.join("build_and_tag.sh")
    }

    /// Where the stand-ins are; a snap's, when there is such a folder.
    fn bin(&self) -> PathBuf {
        let snap = self.dir.path().join("snap/bin");
        if snap.is_dir() { snap } else { self.dir.path().join("bin") }
    }

    /// Runs the script with nothing but stand-ins and what every system has.
    fn run_with(
        &self,
        tools: &[&str],
        style: &str,
        variables: &[(&str, &str)],
    ) -> (Output, BTreeSet<String>) {
        self.write("config.txt", CONFIG);
        let bin = self.bin();
        let (images, temporary) = (self.dir.path().join("images"), self.dir.path().join("tmp"));
        for folder in [&bin, &images, &temporary] {
            let _ = fs::remove_dir_all(folder);
            fs::create_dir_all(folder).unwrap();
        }
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/build/stand_in.sh");
        tools.iter().for_each(|tool| symlink(&stand_in, bin.join(tool)).unwrap());
        for program in
            ["bash", "dirname", "basename", "mktemp", "rm", "cat", "sed", "cp", "head", "tail", "env"]
        {
            let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(program));
            symlink(found.iter().find(|path| path.exists()).unwrap(), bin.join(program)).unwrap();
        }
        fs::write(images.join("third%party:7"), "ready").unwrap();
        let mut command = Command::new("bash");
        command.arg(self.script()).current_dir("/").env_clear().env("PATH", &bin);
        command.env("STYLE", style).env("IMAGES", &images).env("TMPDIR", &temporary);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "nothing is left");
        let names = fs::read_dir(&images).unwrap().map(|entry| entry.unwrap().file_name());
        (output, names.map(|name| name.to_string_lossy().replace('%', "/")).collect())
    }
}

const NAMES: [&str; 3] = ["meter", "ready", "report"];

fn named_by_us() -> Vec<String> {
    NAMES.iter().map(|service| format!("it-s--my----case--x-{service}:latest")).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_script_is_written_into_the_use_case_and_can_be_run() {
    let case = Case::new();
    let ended = case.build().output();
    ended.check(0, "next: '<case>/It'\\''s \"my\" $(case) x/build_and_tag.sh'");
    let mode = fs::metadata(case.script()).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111 & mode, "{mode:o}");
    assert_ne!(mode & 0o100, 0);
    case.build().output().succeeds();
}

#[test]
fn a_script_from_elsewhere_is_replaced_only_when_asked() {
    let case = Case::new();
    case.write("build_and_tag.sh", "#!/bin/sh\necho mine\n");
    let ended = case.build().output();
    ended.check(
        2,
        "error: `<case>/It's \"my\" $(case) x/build_and_tag.sh` is already there, and `aieffect` did not make it",
    );
    ended.says("help: add `--overwrite` to replace it");
    assert_eq!(fs::read_to_string(case.script()).unwrap(), "#!/bin/sh\necho mine\n");
    case.build().arg("--overwrite").output().succeeds();
    assert!(fs::read_to_string(case.script()).unwrap().contains("Made by `aieffect build`"));
}

#[test]
fn images_are_named_as_in_the_package_whatever_the_tool_calls_them() {
    let case = Case::new();
    case.build().output().succeeds();
    let check = |tools: &[&str], style: &str| {
        let (output, images) = case.run_with(tools, style, &[]);
        assert!(output.status.success(), "{style}: {}", text(&output.stderr));
        let mut listed: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        listed.sort_unstable();
        assert_eq!(listed, named_by_us(), "{style}");
        let mut expected: BTreeSet<String> = named_by_us().into_iter().collect();
        expected.extend(["own/report:1".to_owned(), "third/party:7".to_owned()]);
        assert_eq!(images, expected, "{style}");
    };
    check(&["docker"], "v2");
    check(&["docker", "docker-compose", "podman"], "v1");
    check(&["podman"], "podman");
}

#[test]
fn whatever_fails_names_its_service() {
    let case = Case::new();
    case.build().output().succeeds();
    let check = |tools: &[&str], variables: &[(&str, &str)], expected: &str| {
        let (output, _) = case.run_with(tools, "v2", variables);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "");
        assert_eq!(text(&output.stderr).lines().last(), Some(expected));
        let left = fs::read_dir(&case.path).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with(".build_and_tag")));
    };
    check(
        &["docker"],
        &[("FAILING", "report")],
        "error: the image of report could not be built; the lines above say why",
    );
    check(
        &["docker"],
        &[("LOSING", "Meter")],
        "error: Meter was built, but there is no image it-s--my----case--x-meter:latest",
    );
    let no_engine = "error: 'docker-compose' is there, but not 'docker', which tags the images";
    check(&["docker-compose"], &[], no_engine);
    check(
        &[],
        &[],
        "error: there is neither 'docker compose' nor 'docker-compose' nor 'podman compose'; install one of them",
    );
    fs::remove_file(case.path.join("services/report/Dockerfile")).unwrap();
    check(&["docker"], &[], "error: the Dockerfile of report is missing: services/report/Dockerfile");
}

#[test]
fn a_tool_from_a_snap_gets_its_file_where_it_can_read_it() {
    let case = Case::new();
    case.build().output().succeeds();
    fs::create_dir_all(case.dir.path().join("snap/bin")).unwrap();
    let readable = case.dir.path().join("home/snap/docker/common");
    fs::create_dir_all(&readable).unwrap();
    let home = case.dir.path().join("home");
    let variables = [("TMPDIR", "/nowhere"), ("HOME", home.to_str().unwrap())];
    let (output, _) = case.run_with(&["docker"], "v2", &variables);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(&readable).unwrap().count(), 0, "nothing is left");
}

#[test]
fn where_every_service_runs_elsewhere_no_image_is_made_and_none_listed() {
    let case = Case::new();
    let at = |service: &str| format!("\"{service}\": {{\"ip_address\": \"10.0.0.7\", \"port\": 50051}}");
    let mapping = ["meter", "report", "ready"].map(at).join(", ");
    case.write(
        "connections.json",
        &format!("{{\"pipeline\": {{\"connections\": [], \"service_mapping\": {{{mapping}}}}}}}"),
    );
    case.write("docker-compose.yml", "services:\n  other:\n    image: x\n");
    fs::remove_dir_all(case.path.join("services/ready")).unwrap();
    let ended = case.build().output();
    ended.succeeds();
    let (output, _) = case.run_with(&[], "v2", &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "there is no image to make: every service of It's \"my\" $(case) x runs elsewhere\n"
    );
}

#[test]
fn a_missing_dockerfile_is_an_error_here() {
    let case = Case::new();
    fs::remove_file(case.path.join("services/meter/Dockerfile")).unwrap();
    let ended = case.build().output();
    ended.check(3, "error: <case>/It's \"my\" $(case) x: 1 error; nothing was written");
    ended.says("error[AE0107]");
    assert!(!case.script().exists());
}

#[test]
fn a_package_is_no_use_case() {
    let package = support::Package::new().written();
    let ended = Aieffect::new("build", package.path(), package.path()).output();
    ended.check(2, "error: `<case>` is a package, not a use case");
}

/// Removes images when the test is over, however it ends.
struct Images(Vec<String>);

impl Drop for Images {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["image", "rm", "--force"]).args(&self.0).output();
    }
}

#[test]
fn the_real_tool_builds_what_the_package_names() {
    aieffect_testkit::skip!(Docker);
    let case = Case::new();
    let unique = case.dir.path().file_name().unwrap().to_string_lossy().to_lowercase().replace('.', "t");
    let own = format!("own-{unique}:1");
    let compose = COMPOSE.replace("own/report:1", &own).replace("third/party:${TAG:-7}", &own);
    case.write("docker-compose.yml", &compose);
    // Before the others, since what `ready` stands for is made of `report`.
    let pipeline = "{\"pipeline\": {\"connections\": [], \"start_service\": \"report\"}}";
    case.write("connections.json", pipeline);
    let path = case.dir.path().join(format!("My {unique}"));
    fs::rename(&case.path, &path).unwrap();
    let names: Vec<String> = NAMES.iter().map(|service| format!("my-{unique}-{service}:latest")).collect();
    let _images = Images(names.iter().cloned().chain([own]).collect());
    let ended = Aieffect::new("build", &path, case.dir.path()).arg("--run").output();
    ended.succeeds();
    let mut listed: Vec<String> = ended.stdout.lines().map(str::to_owned).collect();
    listed.sort_unstable();
    assert_eq!(listed, names, "{}", ended.stderr);
    for name in &names {
        let found = Command::new("docker").args(["image", "inspect", name]).output().unwrap();
        assert!(found.status.success(), "{name}: {}", ended.stderr);
    }
    fs::write(path.join("services/meter/Dockerfile"), "FROM scratch\nCOPY absent /\n").unwrap();
    let ended = Aieffect::new("build", &path, case.dir.path()).arg("--run").output();
    ended.check(4, "error: not all images were built: build_and_tag.sh has ended with exit status: 1");
    ended.says("the image of Meter could not be built");
}
