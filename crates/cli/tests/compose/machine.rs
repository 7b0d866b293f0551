//! What `compose` says of the machine that it runs on: its compose tool, and images that are not there.

use crate::case::Case;
use crate::support::Aieffect;

/// An engine with a compose tool of its own, and none of the images but `meter:latest`.
const DOCKER: &str = r#"#!/bin/sh
case "$1 $2" in
  "compose version") echo 2.30.1 ;;
  "image ls") echo "<none>:<none>"; echo energy_report-meter:latest ;;
  *) exit 2 ;;
esac
"#;
/// One without: version 1 has a command of its own.
const DOCKER_ALONE: &str = r#"#!/bin/sh
if [ "$1" = compose ]; then echo "docker: unknown command: docker compose" >&2; exit 1; fi
echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
exit 1
"#;
const VERSION: &str = "#!/bin/sh\necho 1.29.2\n";

#[test]
fn images_that_are_not_there_are_said_before_anything_is_pulled() {
    let case = Case::new();
    case.tool("docker", DOCKER);
    let ended = case.compose().output();
    ended.succeeds().says(
        "warning: this machine has no image `energy_report-report:latest`; the use case's `build_and_tag.sh` makes it, \
         else `up` asks a registry for it\n",
    );
    case.tool("docker", &DOCKER.replace("meter:latest", "other"));
    case.compose().output().succeeds().says(
        "warning: this machine has no images `energy_report-meter:latest`, `energy_report-report:latest`; the use \
         case's `build_and_tag.sh` makes them, else `up` asks a registry for them\n",
    );
}

#[test]
fn commands_are_those_of_the_tool_that_is_here() {
    let case = Case::new();
    let said = |line: &str| {
        let ended = case.compose().output();
        ended.succeeds().says(line);
        let is_unsure = ended.stderr.contains("with Compose 1.29");
        let warns = ended.stderr.contains("has no image");
        assert!(!warns, "{}", ended.stderr);
        is_unsure
    };
    assert!(said("run:      docker compose -f <case>/package/docker-compose.yml up --abort"));
    case.tool("docker", DOCKER_ALONE);
    assert!(said("run:      docker compose -f "));
    case.tool("docker-compose", VERSION);
    assert!(!said("run:      docker-compose -f <case>/package/docker-compose.yml up --abort"));
    assert!(!said("clean up: docker-compose -f <case>/package/docker-compose.yml down\n"));
}

#[test]
fn podman_s_own_images_are_asked_for_where_it_is_the_tool() {
    let case = Case::new();
    case.tool("podman", &DOCKER.replace("energy_report-meter", "localhost/energy_report-meter"));
    let ended = case.compose().output();
    ended
        .succeeds()
        .says("run:      podman compose -f ")
        .says("          podman image rm energy_report-meter");
    ended.says("warning: this machine has no image `energy_report-report:latest`");
}

#[test]
fn a_package_without_its_settings_is_said() {
    let case = Case::new();
    std::fs::remove_file(case.at("execution.json")).unwrap();
    case.compose().output().succeeds().says(
        "warning: the package has no execution.json, and 1 operation has request fields that nothing fills; give it \
         with `--execution FILE`, or see `aieffect check <case>/package`\n",
    );
    let checked = Aieffect::new("check", &case.package, case.dir.path()).output();
    let words = checked.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("the package has no execution.json: `--execution FILE` gives it one"),
        "{}",
        checked.stdout
    );
    std::fs::write(case.at("execution.json"), "{\"version\": 1}\n").unwrap();
    case.compose().output().succeeds().says(
        "warning: 1 operation has request fields that nothing fills but initial data; see `aieffect check \
         <case>/package`\n",
    );
}
