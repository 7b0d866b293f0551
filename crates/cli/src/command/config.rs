//! `aieffect config`: what a server is set to, and a file to set it in.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, CommandFactory, Subcommand};
use serde_json::json;

use crate::arguments::{Arguments, Format};
use crate::command::serve::Serve;
use crate::config::{self, Origin, Setting};
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Write a configuration for `serve`, or show what it is set to and by what
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  aieffect config init\n  aieffect config show --max-runs 8")]
pub(crate) struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Init(Init),
    Show(Box<Show>),
}

/// Write a file with every option of `serve`, each with its default and set to nothing yet
#[derive(Debug, clap::Args)]
struct Init {
    /// The file to write
    #[arg(default_value = config::FILE)]
    file: PathBuf,
}

/// Show what `serve` would be set to, and whether a flag, the environment, the file or nobody said so
#[derive(Debug, clap::Args)]
struct Show {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    options: Serve,
}

/// `settings` are the options of `show` as they are in the end.
pub(crate) fn run(options: &Config, settings: &[Setting]) -> Result<Exit, Failure> {
    match &options.command {
        ConfigCommand::Init(options) => init(options),
        ConfigCommand::Show(options) => show(options, settings),
    }
}

fn init(options: &Init) -> Result<Exit, Failure> {
    let shown = options.file.display();
    let command = Arguments::command();
    let Some(serve) = command.find_subcommand("serve") else {
        return Err(Failure::text(Exit::Internal, "the options of the server are not known"));
    };
    let not_written = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let failure = Failure::text(Exit::WrongUsage, format!("`{shown}` is there already"));
            failure.help("name another file, or move that one away")
        }
        _ => Failure::text(Exit::WrongUsage, format!("`{shown}` cannot be written: {error}")),
    };
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&options.file).map_err(not_written)?;
    file.write_all(template(serve).as_bytes()).map_err(not_written)?;
    terminal::say(&format!(
        "{shown} is written: `aieffect serve` reads it here, or with `--config {shown}` from elsewhere"
    ));
    Ok(Exit::Done)
}

/// Every option as a comment.
fn template(serve: &Command) -> String {
    let mut text = "# What `aieffect serve` is set to. A flag goes over the environment, and that over this file.\n\
                    # Paths are those seen from the folder of this file. `aieffect config show` shows what counts.\n"
        .to_owned();
    for arg in config::in_file(serve) {
        let name = arg.get_long().unwrap_or_default();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("\n# {help}"));
        if let Some(variable) = arg.get_env() {
            text.push_str(&format!(" [{}]", variable.to_string_lossy()));
        }
        let possible: Vec<_> =
            arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        if !possible.is_empty() && takes_value(arg) {
            text.push_str(&format!("\n# One of {}", possible.join(", ")));
        }
        text.push_str(&format!("\n#{name} = {}\n", example(arg)));
    }
    text
}

fn takes_value(arg: &Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::SetTrue)
}

/// The default as TOML, or the name of what goes there.
fn example(arg: &Arg) -> String {
    if !takes_value(arg) {
        return "false".to_owned();
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let names = arg.get_value_names().unwrap_or_default().iter().map(|name| name.as_str().into());
    let shown: Vec<_> = if defaults.is_empty() { names.collect() } else { defaults };
    let toml = |value: &std::borrow::Cow<'_, str>| match value.parse::<u64>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("{:?}", value.trim_end_matches(",…")),
    };
    let values: Vec<_> = shown.iter().map(toml).collect();
    if arg.get_value_delimiter().is_some() { format!("[{}]", values.join(", ")) } else { values.join(", ") }
}

fn show(options: &Show, settings: &[Setting]) -> Result<Exit, Failure> {
    let text = match options.format {
        Format::Human => as_text(settings),
        Format::Json => format!("{:#}\n", as_json(settings)),
    };
    terminal::print(&text).map_err(|error| Failure::new(Exit::Internal, error))?;
    Ok(Exit::Done)
}

fn as_text(settings: &[Setting]) -> String {
    let value = |setting: &Setting| match setting.values.as_slice() {
        [] => "-".to_owned(),
        values => values.join(","),
    };
    let names = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let widest = settings.iter().map(|setting| value(setting).chars().count()).max().unwrap_or_default();
    let line = |setting: &Setting| {
        let value = terminal::word(&value(setting));
        format!("{:names$}  {value:widest$}  {}\n", setting.name, setting.origin)
    };
    settings.iter().map(line).collect()
}

fn as_json(settings: &[Setting]) -> serde_json::Value {
    let origin = |origin: &Origin| match origin {
        Origin::Flag => json!({ "from": "flag" }),
        Origin::Environment(variable) => json!({ "from": "environment", "variable": variable }),
        Origin::File { name, line } => json!({ "from": "file", "file": name, "line": line }),
        Origin::Default => json!({ "from": "default" }),
    };
    let one = |setting: &Setting| json!({ "name": setting.name, "values": setting.values, "origin": origin(&setting.origin) });
    settings.iter().map(one).collect()
}
