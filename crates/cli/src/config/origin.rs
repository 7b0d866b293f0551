//! Where the value of an option comes from.

use std::fmt;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use super::document::Document;

/// An option as it is in the end.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// None, one, or all of a list; `None` where it is not said.
    pub(crate) values: Vec<String>,
    pub(crate) origin: Origin,
}

/// Who said it.
#[derive(Debug)]
pub(crate) enum Origin {
    Flag,
    /// This variable.
    Environment(String),
    File {
        name: String,
        line: usize,
    },
    Default,
}

impl Setting {
    pub(super) fn of(arg: &Arg, options: &ArgMatches, file: Option<&Document>) -> Self {
        let id = arg.get_id().as_str();
        let name = arg.get_long().unwrap_or(id).to_owned();
        let raw = options.get_raw(id).into_iter().flatten();
        let values = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        let in_file = file.and_then(|file| file.place_of(&name));
        let origin = match (options.value_source(id), in_file) {
            (Some(ValueSource::CommandLine), _) => Origin::Flag,
            (Some(ValueSource::EnvVariable), _) => {
                let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                Origin::Environment(variable.unwrap_or_default())
            }
            (_, Some((name, line))) => Origin::File { name, line },
            _ => Origin::Default,
        };
        // Somebody may have written the token in place of the variable's name.
        let values = match (arg.is_hide_env_values_set(), values) {
            (true, values) => Vec::<String>::into_iter(values).map(|_| "(hidden)".to_owned()).collect(),
            (false, values) => values,
        };
        Self { name, values, origin }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(variable) => f.write_str(variable),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Default => f.write_str("default"),
        }
    }
}
