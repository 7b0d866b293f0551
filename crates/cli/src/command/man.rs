//! `aieffect man`: the manual pages.

use std::path::{Path, PathBuf};

use aieffect_layout::{Made, Mode, Overwrite};
use clap::CommandFactory;
use clap_mangen::Man as Page;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Print the manual page, or write all of them into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect man check | man -l -")]
pub(crate) struct Man {
    /// Whose page; without it, the page of aieffect itself
    #[arg(conflicts_with = "dir")]
    command: Option<String>,
    /// Write every page into this folder, such as ~/.local/share/man/man1
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(options: &Man) -> Result<Exit, Failure> {
    // `help` is no command with a page of its own.
    let mut all = Arguments::command().disable_help_subcommand(true);
    all.build();
    let internal = |error: std::io::Error| Failure::new(Exit::Internal, error);
    if let Some(dir) = &options.dir {
        return write(&all, dir);
    }
    let asked = match &options.command {
        None => &all,
        Some(name) => all.find_subcommand(name).ok_or_else(|| unknown(name))?,
    };
    let text = text(&Page::new(asked.clone())).map_err(internal)?;
    terminal::print(&String::from_utf8_lossy(&text)).map_err(internal)?;
    Ok(Exit::Done)
}

fn write(all: &clap::Command, dir: &Path) -> Result<Exit, Failure> {
    let internal = |error: std::io::Error| Failure::new(Exit::Internal, error);
    let pages: Vec<_> =
        std::iter::once(all).chain(all.get_subcommands()).map(|command| Page::new(command.clone())).collect();
    for page in &pages {
        let made = Made { bytes: &text(page).map_err(internal)?, mark: None, mode: Mode::Usual(0o666) };
        aieffect_layout::write_made(&made, &dir.join(page.get_filename()), Overwrite::Replace)?;
    }
    terminal::say(&format!("wrote {} pages into {}", pages.len(), dir.display()));
    Ok(Exit::Done)
}

fn text(page: &Page) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render(&mut text)?;
    Ok(text)
}

fn unknown(name: &str) -> Failure {
    Failure::text(Exit::WrongUsage, format!("there is no command `{name}`"))
        .help("`aieffect --help` lists all commands")
}
