//! The Docker daemon and the compose tools, through their own commands: these know contexts, remote daemons and
//! logins, and they are what stacks and images are made with.

use std::time::Duration;

use serde_json::Value;

use super::verdict::Verdict;
use crate::compose_tool::TOOLS;
use crate::tool::{Answer, ask};

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
    let asked = TOOLS.map(|tool| async move {
        tool.version(patience).await.map(|version| format!("{} {version}", tool.command))
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
}
