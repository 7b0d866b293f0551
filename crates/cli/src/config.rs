//! What is said beside flags and the environment: `aieffect.toml`, for `serve`.
//!
//! Its keys are the long names of `serve`'s options, and what it says takes the place of their defaults. So a flag goes over
//! the environment, which goes over the file, and each option says by itself which values it takes.

mod document;
mod origin;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use aieffect_blueprint::{Code, Diagnostic, Findings, Label, SourceText};
use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use self::document::{Document, Entry};
pub(crate) use self::origin::{Origin, Setting};
use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};
use crate::findings;
use crate::terminal;

/// The file that is looked for where the command is started.
pub(crate) const FILE: &str = "aieffect.toml";

/// More is no configuration.
const LARGEST: u64 = 1024 * 1024;

/// The subcommands whose options the file has.
const WAYS: [&[&str]; 2] = [&["serve"], &["config", "show"]];

/// What is typed, with what stands in the file.
pub(crate) struct Configured {
    pub(crate) arguments: Arguments,
    /// For `config show`: each of the options, and where it comes from.
    pub(crate) settings: Vec<Setting>,
}

/// Reads the command line, the environment and the file. Ends the process where clap does: with help, or a usage error.
pub(crate) fn read() -> Result<Configured, Failure> {
    let command = without_empty_variables(Arguments::command());
    let matches = command.clone().try_get_matches().unwrap_or_else(|error| error.exit());
    let Some(way) = way_to_options(&matches) else { return typed(&matches, Vec::new()) };
    let Some(options) = options_of(&matches, way) else { return typed(&matches, Vec::new()) };
    let Some(file) = file(options) else {
        let settings = settings(&command, &matches, way, None);
        return typed(&matches, settings);
    };
    let document = Document::read(&file)?;
    let (matches, document) = with_file(&command, options, way, document, &file)?;
    let settings = settings(&command, &matches, way, Some(&document));
    typed(&matches, settings)
}

/// A variable that is set to nothing counts as not set.
fn without_empty_variables(command: Command) -> Command {
    WAYS.iter().fold(command, |command, way| mut_way(command, way, &unset_empty))
}

fn unset_empty(described: Command) -> Command {
    described.mut_args(|arg| {
        let is_empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if is_empty { arg.env(Resettable::Reset) } else { arg }
    })
}

fn typed(matches: &ArgMatches, settings: Vec<Setting>) -> Result<Configured, Failure> {
    let arguments = Arguments::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    Ok(Configured { arguments, settings })
}

/// The subcommand whose options the file has, if it was typed.
fn way_to_options(matches: &ArgMatches) -> Option<&'static [&'static str]> {
    WAYS.into_iter().find(|way| options_of(matches, way).is_some())
}

fn options_of<'a>(matches: &'a ArgMatches, way: &[&str]) -> Option<&'a ArgMatches> {
    way.iter().try_fold(matches, |matches, name| matches.subcommand_matches(name))
}

/// The file that is named, or the one that lies here.
fn file(options: &ArgMatches) -> Option<PathBuf> {
    let named = options.get_one::<PathBuf>("config").cloned();
    named.or_else(|| Path::new(FILE).is_file().then(|| PathBuf::from(FILE)))
}

/// The same command line, read again with the file's values as defaults; and what of the file counts.
fn with_file(
    command: &Command,
    options: &ArgMatches,
    way: &[&str],
    document: Document,
    file: &Path,
) -> Result<(ArgMatches, Document), Failure> {
    let Document { source, entries } = document;
    let mut findings = Findings::default();
    let mut known = Vec::new();
    let described = way.iter().try_fold(command, |command, name| command.find_subcommand(name));
    let Some(described) = described else {
        return Err(Failure::text(Exit::Internal, "the options of the server are not known"));
    };
    for entry in entries {
        match fitting(described, &entry, &source) {
            Ok(arg) if is_settled(described, arg, options) => {}
            Ok(arg) => known.push(Given::new(arg, entry, file)),
            Err(finding) => findings.push(finding),
        }
    }
    for (at, one) in known.iter().enumerate() {
        let others = described.get_arg_conflicts_with(&one.arg);
        let clash = known.iter().skip(at + 1).find(|other| {
            others.iter().any(|conflicting| conflicting.get_id() == other.arg.get_id())
                || described
                    .get_arg_conflicts_with(&other.arg)
                    .iter()
                    .any(|arg| arg.get_id() == one.arg.get_id())
        });
        if let Some(other) = clash {
            let (key, first) = (&other.entry.key, &one.entry.key);
            findings.push(
                Diagnostic::error(Code::SaidTwice, format!("`{key}` says what `{first}` says too"))
                    .at(Label::new(&source, other.entry.key_span, ""))
                    .at(Label::new(&source, one.entry.key_span, "this one"))
                    .help("leave one of them out"),
            );
        }
    }
    // The file is shown where its name is asked for.
    let named = vec![file.as_os_str().to_owned()];
    let words: Vec<OsString> = std::env::args_os().collect();
    let matches = loop {
        let mut defaults: Vec<(String, Vec<OsString>)> =
            known.iter().map(|given| (given.arg.get_id().to_string(), given.values.clone())).collect();
        defaults.push(("config".to_owned(), named.clone()));
        match with_defaults(command.clone(), way, &defaults).try_get_matches_from(&words) {
            Ok(matches) => break matches,
            Err(error) => {
                let at = known.iter().position(|given| given.is_refused(&error));
                // It was taken without the file, so the file it must be; were it not, it is clap's to say.
                let Some(at) = at else { error.exit() };
                let given = known.remove(at);
                findings.push(given.refused(&source, &error));
            }
        }
    };
    if findings.has_errors() {
        return Err(wrong(&findings));
    }
    let entries = known.into_iter().map(|given| given.entry).collect();
    Ok((matches, Document { source, entries }))
}

/// The option that a key of the file is about.
fn fitting<'a>(
    described: &'a Command,
    entry: &Entry,
    source: &std::sync::Arc<SourceText>,
) -> Result<&'a Arg, Diagnostic> {
    let key = entry.key.as_str();
    let mut arguments = in_file(described);
    let Some(arg) = arguments.find(|arg| arg.get_long() == Some(key)) else {
        let names = in_file(described).filter_map(Arg::get_long);
        let help = aieffect_blueprint::near_match(key, "keys", names);
        return Err(Diagnostic::error(Code::UnknownKey, format!("`{key}` is not known"))
            .at(Label::new(source, entry.key_span, ""))
            .help_if(help));
    };
    if entry.values.len() != 1 && arg.get_value_delimiter().is_none() {
        return Err(Diagnostic::error(Code::WrongType, format!("`{key}` is one value, and not a list"))
            .at(Label::new(source, entry.value_span, "")));
    }
    // It would be the default, which often is everything.
    if entry.values.is_empty() {
        return Err(Diagnostic::error(Code::WrongType, format!("`{key}` is a list of nothing"))
            .at(Label::new(source, entry.value_span, ""))
            .help("name at least one, or leave the key out for all"));
    }
    Ok(arg)
}

/// The options that the file may have.
pub(crate) fn in_file(described: &Command) -> impl Iterator<Item = &Arg> {
    let others = ["help", "version", "config", "format"];
    described
        .get_arguments()
        .filter(move |arg| arg.get_long().is_some() && !others.contains(&arg.get_id().as_str()))
}

/// Whether what is typed, or in the environment, leaves nothing to say: of the option, or of one that excludes it.
fn is_settled(described: &Command, arg: &Arg, options: &ArgMatches) -> bool {
    let excluding = in_file(described).filter(|other| {
        described.get_arg_conflicts_with(other).iter().any(|it| it.get_id() == arg.get_id())
            || described.get_arg_conflicts_with(arg).iter().any(|it| it.get_id() == other.get_id())
    });
    excluding.chain([arg]).any(|arg| {
        let said = options.value_source(arg.get_id().as_str());
        matches!(said, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    })
}

fn with_defaults(command: Command, way: &[&str], defaults: &[(String, Vec<OsString>)]) -> Command {
    mut_way(command, way, &|described| {
        defaults.iter().fold(described, |described, (id, values)| {
            let values: Vec<clap::builder::OsStr> = values.iter().map(|value| value.clone().into()).collect();
            described.mut_arg(id, |arg| arg.default_values(values))
        })
    })
}

/// The same command, with that subcommand of it changed.
fn mut_way(command: Command, way: &[&str], change: &dyn Fn(Command) -> Command) -> Command {
    match way.split_first() {
        None => change(command),
        // They stay in their order, which help has them in.
        Some((first, rest)) => command.mut_subcommands(|inner| match inner.get_name() == *first {
            true => mut_way(inner, rest, change),
            false => inner,
        }),
    }
}

/// An entry, as the option takes it.
struct Given {
    arg: Arg,
    entry: Entry,
    values: Vec<OsString>,
}

impl Given {
    /// Paths are those seen from the file.
    fn new(arg: &Arg, entry: Entry, file: &Path) -> Self {
        let is_path = arg.get_value_parser().type_id() == std::any::TypeId::of::<PathBuf>();
        let folder = file.parent().unwrap_or(Path::new(""));
        let value = |value: &String| {
            if is_path { folder.join(value).into_os_string() } else { OsString::from(value) }
        };
        Self { arg: arg.clone(), values: entry.values.iter().map(value).collect(), entry }
    }

    /// Whether the error is about this value.
    fn is_refused(&self, error: &clap::Error) -> bool {
        let (Some(ContextValue::String(about)), Some(ContextValue::String(value))) =
            (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidValue))
        else {
            return false;
        };
        let long = format!("--{}", self.entry.key);
        let names_it = about
            .strip_prefix(&long)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '[', '=']));
        names_it && self.values.iter().any(|given| given == OsStr::new(value))
    }

    fn refused(self, source: &std::sync::Arc<SourceText>, error: &clap::Error) -> Diagnostic {
        let (key, value) = (&self.entry.key, self.entry.values.join("`, `"));
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let message = match cause {
            Some(cause) => format!("`{value}` is no value of `{key}`: {cause}"),
            None => format!("`{value}` is no value of `{key}`"),
        };
        let possible = match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(values)) if !values.is_empty() => {
                Some(format!("it is one of {}", values.join(", ")))
            }
            _ => None,
        };
        Diagnostic::error(Code::OutOfRange, message)
            .at(Label::new(source, self.entry.value_span, ""))
            .help_if(possible)
    }
}

/// What the file says wrong, as a failure of the command.
fn wrong(findings: &Findings) -> Failure {
    terminal::say_styled(findings::as_text(findings, terminal::stderr_colour()).trim_end());
    Failure::text(Exit::InvalidInput, format!("the configuration has {}", findings::count(findings)))
}

fn settings(command: &Command, matches: &ArgMatches, way: &[&str], file: Option<&Document>) -> Vec<Setting> {
    let described = way.iter().try_fold(command, |command, name| command.find_subcommand(name));
    let (Some(described), Some(options)) = (described, options_of(matches, way)) else { return Vec::new() };
    in_file(described).map(|arg| Setting::of(arg, options, file)).collect()
}
