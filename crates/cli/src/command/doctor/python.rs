//! Python, as services in it need it.

use std::time::Duration;

use super::verdict::Verdict;
use crate::tool::{Answer, ask};

/// Prints the version and whether virtual environments with pip can be made.
const QUESTION: &str = "import sys, importlib.util as u\n\
                        print(sys.version.split()[0])\n\
                        print(all(u.find_spec(name) for name in ('venv', 'ensurepip')))";

/// Its verdict, and that on grpcio as the same Python has it.
pub(super) async fn python_and_grpcio(patience: Duration) -> (Verdict, Verdict) {
    let answer = ask("python3", ["-c", QUESTION], b"", patience).await;
    let python = python(&answer);
    if !matches!(answer, Answer::Said(_)) {
        return (python, Verdict::NotTried { reason: "there is no Python to ask".to_owned() });
    }
    let import = "import grpc; print(grpc.__version__)";
    (python, grpcio(&ask("python3", ["-c", import], b"", patience).await))
}

fn python(answer: &Answer) -> Verdict {
    let install = "install Python 3 with venv: `apt-get install python3-venv`";
    let Answer::Said(text) = answer else {
        return Verdict::missing(answer.trouble("python3").unwrap_or_default(), install);
    };
    match text.split_once('\n') {
        Some((version, "True")) => Verdict::Fine { found: format!("{version}, with venv") },
        Some((version, _)) => {
            let found = format!("{version}, which cannot make virtual environments with pip");
            Verdict::missing(found, "`apt-get install python3-venv`")
        }
        None => Verdict::missing(format!("`python3` answers `{text}`"), install),
    }
}

fn grpcio(answer: &Answer) -> Verdict {
    match answer {
        Answer::Said(version) => Verdict::Fine { found: version.clone() },
        _ => Verdict::missing(
            "not installed for `python3`; services with a Dockerfile get their own",
            "`python3 -m pip install grpcio grpcio-tools`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_without_venv_is_not_enough() {
        let said = |text: &str| python(&Answer::Said(text.to_owned()));
        assert_eq!(said("3.11.7\nTrue"), Verdict::Fine { found: "3.11.7, with venv".into() });
        for text in ["3.11.7\nFalse", "hello"] {
            assert!(matches!(said(text), Verdict::Missing { .. }), "{text}");
        }
        for answer in [Answer::NotThere, Answer::Silent, Answer::Refused("no".into())] {
            assert!(matches!(python(&answer), Verdict::Missing { .. }));
        }
    }
}
