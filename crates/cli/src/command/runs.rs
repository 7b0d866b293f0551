//! `aieffect runs`: the runs that are stored.

mod events;
mod list;
mod prune;
mod report;
mod show;
mod standing;
mod table;

use std::path::PathBuf;

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::RunStore;
use aieffect_orchestrator::store::{SqliteStore, StoredRun};
use clap::Subcommand;

use crate::arguments::Format;
use crate::exit::{Exit, Failure};
use crate::keep::{Shelf, refused};
use crate::terminal;

/// List the runs that are stored, look into one, or forget old ones
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect runs list use-cases/file_based_energy_pipeline")]
pub(crate) struct Runs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    List(List),
    Show(Show),
    Events(Events),
    Report(Report),
    Prune(Prune),
}

/// List the runs, the latest first
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Show what became of each step of a run
#[derive(Debug, clap::Args)]
struct Show {
    /// The run
    #[arg(value_name = "RUN|latest")]
    run: String,
    #[command(flatten)]
    place: Place,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Print everything that happened in a run, one event a line
#[derive(Debug, clap::Args)]
struct Events {
    /// The run
    #[arg(value_name = "RUN|latest")]
    run: String,
    #[command(flatten)]
    place: Place,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Print where the report of a run is; if its end left none, make one of what is stored
#[derive(Debug, clap::Args)]
struct Report {
    /// The run
    #[arg(value_name = "RUN|latest")]
    run: String,
    #[command(flatten)]
    place: Place,
    /// Make one of what is stored in any case, and write it to this file, or to stdout
    #[arg(long, value_name = "FILE.html|-")]
    output: Option<PathBuf>,
}

/// Forget all but the last runs: their events, results, reports, and folders
#[derive(Debug, clap::Args)]
struct Prune {
    #[command(flatten)]
    place: Place,
    /// How many runs stay
    #[arg(long, value_name = "N", default_value_t = 20)]
    keep: usize,
}

/// Which store.
#[derive(Debug, clap::Args)]
struct Place {
    /// The use case or package whose runs they are
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The folder that they are stored in [default: .aieffect/store in the package or use case]
    #[arg(long, value_name = "DIR", env = "AIEFFECT_STORE")]
    store: Option<PathBuf>,
}

impl Place {
    /// The store, if there is one; else that is said.
    fn open(&self) -> Result<Option<SqliteStore>, Failure> {
        if !self.path.exists() {
            let text = format!("`{}` does not exist", self.path.display());
            return Err(Failure::text(Exit::WrongUsage, text));
        }
        let shelf = Shelf::of(&self.path, self.store.as_deref());
        let store = shelf.existing().map_err(refused)?;
        if store.is_none() {
            terminal::say(&format!("no runs are stored in `{}`", shelf.shown()));
        }
        Ok(store)
    }

    /// A run, and the store that it is in.
    fn find(&self, name: &str) -> Result<(SqliteStore, StoredRun), Failure> {
        let none = |folder: String| {
            let text = format!("there is no run `{name}` in `{folder}`");
            Failure::text(Exit::WrongUsage, text).help("`aieffect runs list` has their names")
        };
        let Some(store) = self.open()? else { return Err(none(self.path.display().to_string())) };
        let run = match name {
            "latest" => store.runs().map_err(refused)?.into_iter().next(),
            name => match RunId::new(name) {
                Ok(id) => store.run(&id).map_err(refused)?,
                Err(_) => None,
            },
        };
        match run {
            Some(run) => Ok((store, run)),
            None => Err(none(store.folder().display().to_string())),
        }
    }
}

pub(crate) fn run(options: &Runs) -> Result<Exit, Failure> {
    let text = match &options.command {
        RunsCommand::List(options) => list::run(options)?,
        RunsCommand::Show(options) => show::run(options)?,
        RunsCommand::Events(options) => events::run(options)?,
        RunsCommand::Report(options) => report::run(options)?,
        RunsCommand::Prune(options) => prune::run(options)?,
    };
    terminal::print(&text).map_err(|error| Failure::new(Exit::Internal, error))?;
    Ok(Exit::Done)
}
