//! What can be typed about watching a run.

use std::path::PathBuf;

use clap::ValueEnum;

/// How a run is watched, beside its log lines.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchFlags {
    /// Write everything that happens to this file, one JSON object a line
    #[arg(long, value_name = "FILE.jsonl", env = "AIEFFECT_EVENTS")]
    pub(crate) events: Option<PathBuf>,
    /// Whether to show how far each step is, where stderr is a terminal
    #[arg(long, value_enum, default_value_t = Showing::Auto, env = "AIEFFECT_PROGRESS")]
    pub(crate) progress: Showing,
}

/// Whether progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Showing {
    /// On a terminal that can, but not in CI and not among log lines in JSON
    Auto,
    /// Never
    Never,
}
