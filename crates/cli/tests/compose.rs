//! `aieffect compose` as a user meets it: what is written where, what is said, and what the real compose tool makes
//! of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "compose/access.rs"]
mod access;
#[path = "compose/case.rs"]
mod case;
#[path = "compose/machine.rs"]
mod machine;
mod support;
#[path = "compose/zip.rs"]
mod zip;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use aieffect_testkit::{Bound, Protos, Server, compose_config, use_case};
use case::Case;
use serde_json::json;
use support::{Aieffect, step_proto};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_use_cases_have_compose_files_that_the_real_tool_takes() {
    for name in [
        "file_based_energy_pipeline",
        "grid_diamond",
        "mixed_transport_pipeline",
        "protobuf_based_energy_pipeline",
        "sensor_feedback_loop",
        "wind_stream_pipeline",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join(name);
        Aieffect::new("export", &use_case(name), dir.path()).arg(&package).output().succeeds();
        let compose = || {
            let line = Aieffect::new("compose", &package, dir.path());
            line.args(["--orchestrator-image", "aieffect:0.1.0"]).output().succeeds();
            fs::read_to_string(package.join("docker-compose.yml")).unwrap()
        };
        let yaml = compose();
        assert_eq!(compose(), yaml, "{name}");
        insta::assert_snapshot!(format!("compose_{name}"), yaml);
        if let Some(config) = compose_config(&package.join("docker-compose.yml")) {
            config.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn it_says_what_was_written_and_what_to_type_next() {
    let case = Case::new();
    let ended = case.compose().args(["--base-port", "23451"]).output();
    ended.succeeds();
    assert_eq!(ended.stdout, "");
    insta::assert_snapshot!(ended.masked_stderr(), @r#"
    wrote <case>/package/docker-compose.yml with 2 services and the orchestrator
      meter1 at 127.0.0.1:<port>
      report1 at 127.0.0.1:<port>
      no health checks, since this `aieffect` is no static Linux program; `cargo xtask dist` makes one
    run:      docker compose -f <case>/package/docker-compose.yml up --abort-on-container-exit --exit-code-from orchestrator
              ends with the pipeline's exit code; results also in <case>/package/results/results.json
              AIEFFECT_INITIAL_DATA='{…}' before it gives initial data
    logs:     docker compose -f <case>/package/docker-compose.yml logs <service>
    clean up: docker compose -f <case>/package/docker-compose.yml down
              docker image rm energy_report-meter:latest energy_report-report:latest
    no compose tool answers here, and `aieffect doctor` says how to get one; with Compose 1.29, write `docker-compose` for `docker compose`
    "#);
    let without = case.compose_of(&case.package).args(["--no-orchestrator", "--base-port", "23451"]).output();
    without.succeeds();
    insta::assert_snapshot!(without.masked_stderr(), @r#"
    wrote <case>/package/docker-compose.yml with 2 services
      meter1 at 127.0.0.1:<port>
      report1 at 127.0.0.1:<port>
      no health checks, since this `aieffect` is no static Linux program; `cargo xtask dist` makes one
    start:    docker compose -f <case>/package/docker-compose.yml up --detach
    logs:     docker compose -f <case>/package/docker-compose.yml logs --follow
    clean up: docker compose -f <case>/package/docker-compose.yml down
              docker image rm energy_report-meter:latest energy_report-report:latest
    no compose tool answers here, and `aieffect doctor` says how to get one; with Compose 1.29, write `docker-compose` for `docker compose`
    "#);
}

#[test]
fn a_program_that_is_not_static_says_how_to_get_an_orchestrator() {
    let case = Case::new();
    let ended = case.compose_of(&case.package).output();
    ended.check(
        2,
        "error: this `aieffect` is no static Linux program, so it cannot be put into an image as it is",
    );
    ended.says("help: `cargo xtask dist` makes a static one");
    assert!(!case.at("docker-compose.yml").exists() && !case.at("data").exists());
}

#[test]
fn an_orchestrator_can_be_built_from_another_folder() {
    let case = Case::new();
    let source = case.dir.path().join("my source");
    fs::create_dir_all(source.join("crates/cli")).unwrap();
    let compose = || case.compose_of(&case.package).arg("--orchestrator-path").arg(&source).output();
    let refused = compose();
    refused.check(2, "error: `<case>/my source` has no Dockerfile to build the orchestrator's image from");
    fs::write(source.join("crates/cli/Dockerfile"), "ARG RUST_IMAGE=rust:1-slim\nFROM ${RUST_IMAGE}\n")
        .unwrap();
    compose().succeeds().says(" up --build --abort-on-container-exit --exit-code-from orchestrator");
    let yaml = case.read("docker-compose.yml");
    assert!(
        yaml.contains("      context: ../my source\n      dockerfile: crates/cli/Dockerfile\n"),
        "{yaml}"
    );
    assert!(yaml.contains("      args:\n        RUST_IMAGE: ${RUST_IMAGE:-rust:1-slim}\n"), "{yaml}");
    fs::write(source.join("Dockerfile"), "FROM scratch\n").unwrap();
    compose().succeeds();
    let yaml = case.read("docker-compose.yml");
    assert!(yaml.contains("    build:\n      context: ../my source\n    command:"), "{yaml}");
    if let Some(config) = compose_config(&case.at("docker-compose.yml")) {
        config.unwrap();
    }
}

#[test]
fn containers_of_any_user_can_write_to_data_and_results() {
    let case = Case::new();
    let status = Command::new("sh")
        .args(["-c", "umask 077; exec \"$0\" compose \"$1\" --orchestrator-image x 2>/dev/null"])
        .arg(env!("CARGO_BIN_EXE_aieffect"))
        .arg(&case.package)
        .env_remove("AIEFFECT_EXECUTION")
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!((mode(&case.at("data")), mode(&case.at("results"))), (0o777, 0o777));
    fs::set_permissions(case.at("data"), fs::Permissions::from_mode(0o755)).unwrap();
    let ended = case.compose().output();
    ended
        .succeeds()
        .says("warning: <case>/package/data was there already, and not every user can write to it");
    assert_eq!(mode(&case.at("data")), 0o755);
}

#[test]
fn a_package_that_the_orchestrator_cannot_read_is_said() {
    let case = Case::new();
    let said = || case.compose().output().succeeds().masked_stderr();
    let warning = "warning: not every user can read <case>/package, and the orchestrator does not run as you: \
                   chmod -R go+rX <case>/package";
    for name in ["microservice/meter1.proto", "blueprint.json", "microservice", ""] {
        let before = mode(&case.at(name));
        assert!(!said().contains(warning), "{name}");
        fs::set_permissions(case.at(name), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(said().contains(warning), "{name}");
        fs::set_permissions(case.at(name), fs::Permissions::from_mode(before)).unwrap();
    }
}

#[test]
fn without_an_orchestrator_there_is_no_folder_for_results() {
    let case = Case::new();
    case.compose_of(&case.package).arg("--no-orchestrator").output().succeeds();
    assert!(case.at("data").is_dir() && !case.at("results").exists());
}

#[test]
fn a_compose_file_from_elsewhere_is_replaced_only_when_asked() {
    let case = Case::new();
    fs::write(case.at("docker-compose.yml"), "services: {}\n").unwrap();
    let ended = case.compose().output();
    ended.check(
        2,
        "error: `<case>/package/docker-compose.yml` is already there, and `aieffect` did not make it",
    );
    assert_eq!(case.read("docker-compose.yml"), "services: {}\n");
    assert!(!case.at("data").exists(), "nothing is written");
    case.compose().arg("--overwrite").output().succeeds();
    case.compose().output().succeeds();
    assert!(case.read("docker-compose.yml").starts_with("# Made by `aieffect compose`"));
}

#[test]
fn printed_it_is_the_same_and_nothing_is_written() {
    let case = Case::new();
    let printed = case.compose().args(["--output", "-"]).output();
    printed.succeeds().says("nothing is written: the file belongs into <case>/package");
    let mut left: Vec<_> =
        fs::read_dir(&case.package).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort_unstable();
    assert_eq!(left, ["blueprint.json", "dockerinfo.json", "execution.json", "microservice"]);
    case.compose().output().succeeds();
    assert_eq!(printed.stdout, case.read("docker-compose.yml"));
}

#[test]
fn a_compose_file_elsewhere_still_means_the_package() {
    let case = Case::new();
    let file = case.dir.path().join("stacks/new/one.yml");
    let ended = case.compose().arg("--output").arg(&file).output();
    ended.succeeds();
    let yaml = fs::read_to_string(&file).unwrap();
    for line in
        ["- ../../package/data:/app/data", "- ../../package:/export:ro", "- ../../package/results:/results"]
    {
        assert!(yaml.contains(line), "{line}: {yaml}");
    }
    assert!(case.at("data").is_dir() && case.at("results").is_dir());
    ended.says("run:      docker compose -p new-one -f <case>/stacks/new/one.yml up");
    ended.says("          without -p, any other stack in `new` would be taken for the same");
    let folder = case.compose().arg("--output").arg(case.dir.path()).output();
    folder.check(2, "error: `<case>` is a folder, not a file to write to");
}

#[test]
fn a_folder_that_cannot_be_mounted_is_refused_before_anything_is_written() {
    let case = Case::new();
    let inside = case.dir.path().join("10:30/package");
    fs::create_dir(case.dir.path().join("10:30")).unwrap();
    fs::rename(&case.package, &inside).unwrap();
    let ended = case.compose_of(&inside).args(["--orchestrator-image", "x"]).output();
    ended.check(
        2,
        "error: the path `<case>/10:30/package` holds a colon or an unprintable character, and cannot be mounted into \
         containers",
    );
    assert!(!inside.join("docker-compose.yml").exists() && !inside.join("data").exists());
}

#[test]
fn execution_settings_are_copied_and_checked_first() {
    let case = Case::new();
    let file = case.dir.path().join("mine.json");
    let settings = "{\"version\": 1, \"max_parallel\": 2, \"operations\": {\"meter1:ReadMeter\": {\"parameters\": {\"day\": \"x\"}}}}";
    fs::write(&file, "{\"version\": 1, \"max_paralel\": 2}").unwrap();
    let before = case.read("execution.json");
    let ended = case.compose().arg("--execution").arg(&file).output();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_eq!(case.read("execution.json"), before);
    fs::write(&file, settings).unwrap();
    let ended = case.compose().arg("--execution").arg(&file).output();
    assert_ne!(ended.code, Some(2), "{}", ended.stderr);
    fs::write(&file, &before).unwrap();
    case.compose()
        .arg("--execution")
        .arg(&file)
        .output()
        .succeeds()
        .says("execution.json, a copy of <case>/mine.json\n");
    let ended = case.compose().env("AIEFFECT_EXECUTION", &file).output();
    ended.succeeds().says(
        "wrote <case>/package/execution.json, a copy of <case>/mine.json, as AIEFFECT_EXECUTION says\n",
    );
    case.compose()
        .args(["--execution", "nowhere.json"])
        .output()
        .check(2, "error: `nowhere.json` does not exist");
}

#[test]
fn links_in_the_package_are_not_mounted() {
    for name in ["data", "results", ".orchestrator"] {
        let case = Case::new();
        symlink(case.dir.path(), case.at(name)).unwrap();
        let ended = case.compose().output();
        ended.check(3, "error: <case>/package: 1 error; nothing was written");
        ended.says(&format!("`{name}` is a link, and containers would write through it"));
        assert!(!case.at("docker-compose.yml").exists());
    }
}

#[test]
fn ports_that_are_taken_are_said_with_free_ones() {
    let case = Case::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let ended = case.compose().args(["--base-port", &port.min(65000).to_string()]).output();
    ended.succeeds();
    if port < 65000 {
        let said = ended.masked_stderr();
        assert!(
            said.contains("warning: 127.0.0.1:<port> ") && said.contains("; else `--base-port "),
            "{said}"
        );
    }
    drop(taken);
}

#[test]
fn wrong_usage_is_said_before_anything_is_written() {
    let case = Case::new();
    let check = |arguments: &[&str], part: &str| {
        let ended = case.compose_of(&case.package).args(arguments).output();
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        ended.says(part);
        assert!(!case.at("docker-compose.yml").exists());
    };
    check(&["--orchestrator-image", "No Such"], "a name is lower-case letters");
    check(&["--orchestrator-image", "x", "--no-orchestrator"], "cannot be used with");
    check(&["--bind", "localhost", "--no-orchestrator"], "invalid");
    check(&["--base-port", "0", "--no-orchestrator"], "invalid");
    check(&["--base-port", "65535", "--no-orchestrator"], "the highest to begin with is 65534");
}

#[test]
fn a_use_case_is_no_package() {
    let name = use_case("grid_diamond");
    let ended = Aieffect::new("compose", &name, &name).output();
    ended.check(2, "error: `<case>` is a use case, not a package");
}

#[test]
fn what_the_orchestrator_would_refuse_is_refused_here() {
    let case = Case::new();
    let blueprint = case.read("blueprint.json").replace("\"WriteReport\" }", "\"WritesReport\" }");
    fs::write(case.at("blueprint.json"), blueprint).unwrap();
    let ended = case.compose().output();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    ended.says("AE0203");
    assert!(!case.at("data").exists());
}

fn serve() -> Server {
    let protos = Protos::new(&[("a.proto", &step_proto("a"))]);
    Bound::new(protos).on("/a.Step/Do", |_| json!({"success": true, "text": "fine"})).start()
}

#[test]
fn the_stack_s_variables_work_as_options_do() {
    let server = serve();
    let package = support::Package::new().node("a1", server.port(), &step_proto("a"), &["Do"]).written();
    let results = package.path().join("results.json");
    let with = |variables: &[(&str, &str)]| {
        let line = package.orchestrate().env("AIEFFECT_OUTPUT", &results);
        variables.iter().fold(line, |line, (name, value)| line.env(name, value)).output()
    };
    let ended = with(&[("AIEFFECT_INITIAL_DATA", "{\"text\": \"hello\"}"), ("AIEFFECT_LOG_FORMAT", "json")]);
    ended.succeeds();
    assert_eq!(fs::read_to_string(&results).unwrap(), ended.stdout);
    assert_eq!(server.calls()[0].json, json!({"text": "hello"}));
    assert!(ended.stderr.starts_with('{'), "{}", ended.stderr);
    let ended =
        with(&[("AIEFFECT_INITIAL_DATA", ""), ("AIEFFECT_STRICT", "false"), ("AIEFFECT_LOG_LEVEL", "error")]);
    ended.succeeds();
    let ended = with(&[("AIEFFECT_RESULTS", "none"), ("AIEFFECT_READY_TIMEOUT", "2s")]);
    ended.succeeds().says("is not written: `--results none` keeps no results");
}

#[test]
fn probe_says_whether_a_service_answers() {
    let server = serve();
    let probe = |address: &str| Aieffect::new("probe", Path::new(address), Path::new("/")).output();
    let ended = probe(&format!("127.0.0.1:{}", server.port()));
    ended.succeeds();
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("grpc\n", ""));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let ended = probe(&silent.local_addr().unwrap().to_string());
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    ended.says("something takes connections there and does not answer");
    assert_eq!(probe("nowhere").code, Some(2));
}
