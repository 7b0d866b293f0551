//! What came of a command: [`Ended`].

use std::path::PathBuf;

use serde_json::Value;

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code, or a negative number: the signal that killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The command lines of what was still running when it had ended.
    pub(crate) left: Vec<String>,
    /// Paths that differ from run to run, with their names in masked text.
    pub(super) folders: Vec<(PathBuf, &'static str)>,
}

impl Ended {
    /// Asserts the exit code, the last line of stderr after [`mask`](Self::mask), and that nothing is left.
    #[track_caller]
    pub(crate) fn check(&self, code: i32, last_line: &str) -> &Self {
        let stderr = self.masked_stderr();
        let found = stderr.lines().last().unwrap_or_default();
        assert_eq!((self.code, found), (Some(code), last_line), "{}", self.stderr);
        self.nothing_left()
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.nothing_left()
    }

    #[track_caller]
    pub(crate) fn nothing_left(&self) -> &Self {
        assert!(self.left.is_empty(), "still running: {:#?}", self.left);
        self
    }

    /// The one JSON object that stdout is.
    #[track_caller]
    pub(crate) fn results(&self) -> Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// The steps with results, in their order.
    #[track_caller]
    pub(crate) fn steps(&self) -> Vec<String> {
        self.results().as_object().unwrap().keys().cloned().collect()
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.masked_stderr().contains(text), "`{text}` is not in\n{}", self.stderr);
        self
    }

    pub(crate) fn masked_stderr(&self) -> String {
        self.mask(&self.stderr)
    }

    /// The text with folders, ports of the loopback interface, and run ids named alike in every run.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (folder, name) in &self.folders {
            text = text.replace(folder.to_str().unwrap(), name);
        }
        let text = mask_after(&text, "127.0.0.1:", "<port>");
        mask_after(&text, ".aieffect/runs/", "<run>")
    }
}

/// Replaces the digits and hyphens after each `lead`.
fn mask_after(text: &str, lead: &str, name: &str) -> String {
    let mut pieces = text.split(lead);
    let mut masked = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
        masked.push_str(lead);
        masked.push_str(name);
        masked.push_str(rest);
    }
    masked
}
