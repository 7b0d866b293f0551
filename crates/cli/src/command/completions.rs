//! `aieffect completions`: what a shell needs to complete this program's commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Print a script that completes commands and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  source <(aieffect completions bash)")]
pub(crate) struct Completions {
    /// Whose script
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(options: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "aieffect", &mut script);
    let printed = terminal::print(&String::from_utf8_lossy(&script));
    printed.map_err(|error| Failure::new(Exit::Internal, error))?;
    Ok(Exit::Done)
}
