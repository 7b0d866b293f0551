//! The `aieffect` binary: arguments, one library call, output. It knows no rule of the field.

mod access;
mod arguments;
mod clock;
mod command;
mod compose_tool;
mod config;
mod drive;
mod events;
mod exit;
mod findings;
mod inputs;
mod keep;
mod listen;
mod load;
mod log;
mod manager;
mod pages;
mod paths;
mod progress;
mod reporting;
mod results;
mod services;
mod sink;
mod static_binary;
mod terminal;
mod tool;

use std::process::ExitCode;

use crate::arguments::{Command, LogFormat};
use crate::config::Configured;
use crate::exit::{Exit, Failure};

/// What `aieffect` calls itself with to look after one local service.
const SUPERVISE: &str = "__supervise";

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == SUPERVISE) {
        return aieffect_local::supervise(words).into();
    }
    let (arguments, settings) = match config::read() {
        Ok(Configured { arguments, settings }) => (arguments, settings),
        Err(failure) => return finish(Err(failure), LogFormat::Text).into(),
    };
    let done = match &arguments.command {
        Command::Init(options) => command::init::run(options),
        Command::Check(options) => command::check::run(options),
        Command::Explain(options) => command::explain::run(options),
        Command::Graph(options) => command::graph::run(options),
        Command::Build(options) => command::build::run(options),
        Command::Export(options) => command::export::run(options),
        Command::Compose(options) => command::compose::run(options),
        Command::Orchestrate(options) => command::orchestrate::run(options),
        Command::Run(options) => command::run::run(options),
        Command::Runs(options) => command::runs::run(options),
        Command::Serve(options) => command::serve::run(options),
        Command::Config(options) => command::config::run(options, &settings),
        Command::Probe(options) => command::probe::run(options),
        Command::Call(options) => command::call::run(options),
        Command::Doctor(options) => command::doctor::run(options),
        Command::Completions(options) => command::completions::run(options),
        Command::Man(options) => command::man::run(options),
    };
    finish(done, arguments.command.log_format()).into()
}

fn finish(done: Result<Exit, Failure>, format: LogFormat) -> Exit {
    done.unwrap_or_else(|failure| {
        failure.show(format);
        failure.exit
    })
}
