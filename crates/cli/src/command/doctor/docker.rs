//! The Docker daemon and the compose tools, through their own commands: these know contexts, remote daemons and
//! logins, and they are what stacks and images are made with.

use std::time::Duration;

use serde_json::Value;

use super::tool::{Answer, ask};
use super::verdict::Verdict;

/// In the order in which `build_and_tag.sh` looks for them.
const FLAVOURS: [(&str, &[&str]); 3] = [
    ("docker compose", &["docker", "compose", "version", "--short"]),
    ("docker-compose", &["docker-compose", "version", "--short"]),
    ("podman compose", &["podman", "compose", "version", "--short"]),
];

/// Whether a daemon answers, and which API it has.
pub(super) async fn daemon(patience: Duration) -> Verdict {
    let answer = ask("docker", ["version", "--format", "{{json .Server}}"], b"", patience).await;
    let Answer::Said(text) = &answer else { return unreachable(&answer) };
    let server: Value = serde_json::from_str(text).unwrap_or_default();
    let of = |key: &str| server[key].as_str().map(str::to_owned);
    match (of("Version"), of("ApiVersion").or_else(|| of("APIVersion"))) {
        (Some(version), Some(api)) => Verdict::Fine { found: format!("engine {version}, API {api}") },
        (Some(version), None) => Verdict::Fine { found: format!("engine {version}") },
        (None, _) => Verdict::missing("`docker version` names no server", START),
    }
}

const START: &str =
    "start the daemon: `systemctl start docker`; for one elsewhere, set DOCKER_HOST or `docker context use`";

fn unreachable(answer: &Answer) -> Verdict {
    let found = answer.trouble("docker").unwrap_or_default();
    let fix = match answer {
        Answer::NotThere => "install Docker: https://docs.docker.com/engine/install/".to_owned(),
        Answer::Refused(reason) if reason.contains("permission denied") => {
            "add yourself to the group: `sudo usermod -aG docker $USER`, then log in anew".to_owned()
        }
        Answer::Silent => {
            "see whether the daemon is well: `systemctl status docker`; or give it longer with --patience"
                .to_owned()
        }
        Answer::Refused(_) | Answer::Said(_) => START.to_owned(),
    };
    Verdict::missing(found, fix)
}

/// Which compose tools there are.
pub(super) async fn compose(patience: Duration) -> Verdict {
    let asked = FLAVOURS.map(|(name, command)| async move {
        let answer = match command {
            [program, arguments @ ..] => ask(program, arguments, b"", patience).await,
            [] => Answer::NotThere,
        };
        version(&answer).map(|version| format!("{name} {version}"))
    });
    let [first, second, third] = asked;
    let (first, second, third) = tokio::join!(first, second, third);
    let found: Vec<String> = [first, second, third].into_iter().flatten().collect();
    if found.is_empty() {
        let what = "none of `docker compose`, `docker-compose` and `podman compose` answers";
        return Verdict::missing(what, "`apt-get install docker-compose-plugin`, or `docker-compose`");
    }
    Verdict::Fine { found: found.join(", ") }
}

/// The last line: some flavours say first whose work they are. An old `docker` without compose prints its help.
fn version(answer: &Answer) -> Option<String> {
    let Answer::Said(text) = answer else { return None };
    let last = text.lines().last()?.trim();
    let number = last.trim_start_matches('v').starts_with(|letter: char| letter.is_ascii_digit());
    (number && !last.contains(' ')).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_not_answering_has_a_fix_of_its_own() {
        let fix = |answer| match unreachable(&answer) {
            Verdict::Missing { fix, .. } => fix,
            other => panic!("{other:?}"),
        };
        let refused = |reason: &str| fix(Answer::Refused(reason.to_owned()));
        assert!(fix(Answer::NotThere).contains("install"));
        assert!(refused("Got permission denied while trying to connect").contains("usermod"));
        assert!(refused("Cannot connect to the Docker daemon").contains("start"));
        assert!(fix(Answer::Silent).contains("--patience"));
    }

    #[test]
    fn a_version_is_a_number_on_the_last_line() {
        let said = |text: &str| version(&Answer::Said(text.to_owned()));
        assert_eq!(said("1.29.2"), Some("1.29.2".into()));
        assert_eq!(said(">>>> Executing external compose provider\nv2.30.1"), Some("v2.30.1".into()));
        assert_eq!(said("Usage: docker [OPTIONS] COMMAND"), None);
        assert_eq!(version(&Answer::Silent), None);
    }
}
