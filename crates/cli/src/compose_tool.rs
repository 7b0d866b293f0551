//! The compose tools that a machine may have.

use std::time::Duration;

use futures_util::future::join_all;

use crate::tool::{Answer, ask};

/// A compose tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ComposeTool {
    /// The command, as people type it.
    pub(crate) command: &'static str,
    /// The command that knows its images.
    pub(crate) engine: &'static str,
}

/// In the order in which `build_and_tag.sh` looks for them.
pub(crate) const TOOLS: [ComposeTool; 3] = [
    ComposeTool { command: "docker compose", engine: "docker" },
    ComposeTool { command: "docker-compose", engine: "docker" },
    ComposeTool { command: "podman compose", engine: "podman" },
];

impl ComposeTool {
    /// The first that answers.
    pub(crate) async fn here(patience: Duration) -> Option<Self> {
        // Side by side: one of them is written in Python, and takes its time to start.
        let versions = join_all(TOOLS.map(|tool| tool.version(patience))).await;
        TOOLS.into_iter().zip(versions).find_map(|(tool, version)| version.map(|_| tool))
    }

    /// Its version; `None` when it does not answer.
    pub(crate) async fn version(self, patience: Duration) -> Option<String> {
        let mut words = self.command.split(' ').chain(["version", "--short"]);
        let program = words.next()?;
        number(&ask(program, words, b"", patience).await)
    }
}

/// The last line: some flavours say first whose work they are. An old `docker` without compose prints its help.
fn number(answer: &Answer) -> Option<String> {
    let Answer::Said(text) = answer else { return None };
    let last = text.lines().last()?.trim();
    let number = last.trim_start_matches('v').starts_with(|letter: char| letter.is_ascii_digit());
    (number && !last.contains(' ')).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_number_on_the_last_line() {
        let said = |text: &str| number(&Answer::Said(text.to_owned()));
        assert_eq!(said("1.29.2"), Some("1.29.2".into()));
        assert_eq!(said(">>>> Executing external compose provider\nv2.30.1"), Some("v2.30.1".into()));
        assert_eq!(said("Usage: docker [OPTIONS] COMMAND"), None);
        assert_eq!(number(&Answer::Silent), None);
    }
}
