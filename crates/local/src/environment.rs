//! The environment of a service: `aieffect`'s own, then the compose file's, then what every service is told.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use aieffect_blueprint::{ComposeService, Port};

use crate::substitute::{Dialect, substitute};

/// Loopback never goes through a proxy; gRPC would otherwise send local calls to one.
const LOOPBACK: &str = "localhost,127.0.0.1,::1";
const NO_PROXY: [&str; 3] = ["no_grpc_proxy", "no_proxy", "NO_PROXY"];

/// Names and values, later ones replacing earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// What `aieffect` runs with, without its own `AIEFFECT_*`.
    pub(crate) fn inherited() -> Self {
        let ours = |name: &OsStr| name.as_encoded_bytes().starts_with(b"AIEFFECT_");
        Self(std::env::vars_os().filter(|(name, _)| !ours(name)).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(OsStr::new(name));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }

    /// What every service is told, whatever else is set.
    pub(crate) fn tell(&mut self, name: &str, port: Port, data: &Path) {
        self.set("GRPC_PORT", port.to_string());
        self.set("SERVICE_NAME", name);
        self.set("DATA_DIR", data);
        // Python holds its output back when it goes to a pipe, and the last lines of a crash would be lost.
        self.set("PYTHONUNBUFFERED", "1");
        for variable in NO_PROXY {
            let mut hosts = self.get(variable).unwrap_or_default().to_owned();
            if !hosts.is_empty() {
                hosts.push(",");
            }
            hosts.push(LOOPBACK);
            self.set(variable, hosts);
        }
    }
}

/// The variables that a compose file's `${…}` refer to: `aieffect`'s environment, else the `.env` file beside
/// the compose file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    dotenv: BTreeMap<String, String>,
}

impl Variables {
    /// Reads `.env` in the use case's folder; one that is not there, or not readable, holds nothing.
    pub(crate) fn of(use_case: &Path) -> Self {
        let text = std::fs::read_to_string(use_case.join(".env")).unwrap_or_default();
        let outside = Self::default();
        Self { dotenv: parse_env_file(&text, &outside).into_iter().collect() }
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().or_else(|| self.dotenv.get(name).cloned())
    }

    /// A text of the compose file with its variables filled in.
    pub(crate) fn fill(&self, text: &str) -> String {
        substitute(text, Dialect::Compose, &|name| self.get(name))
    }
}

/// What a compose service sets: its `env_file`s, then `environment`. `read` gives an `env_file`'s text.
pub(crate) fn of_compose(
    service: &ComposeService,
    variables: &Variables,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for file in &service.env_files {
        let text = read(&variables.fill(&file.path)).unwrap_or_default();
        pairs.extend(parse_env_file(&text, variables));
    }
    for (name, value) in &service.environment {
        let value = value.as_ref().map_or_else(|| variables.get(name), |value| Some(variables.fill(value)));
        pairs.extend(value.map(|value| (name.clone(), value)));
    }
    pairs
}

/// `NAME=value` lines. Quotes around a value fall away; single ones keep `$` as it is. A name alone takes its
/// value from outside.
fn parse_env_file(text: &str, variables: &Variables) -> Vec<(String, String)> {
    text.lines().filter_map(|line| env_line(line.trim(), variables)).collect()
}

fn env_line(line: &str, variables: &Variables) -> Option<(String, String)> {
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else {
        return variables.get(line).map(|value| (line.to_owned(), value));
    };
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.split_once(quote).map(|(inside, _)| inside);
    let value = match (quoted('\''), quoted('"')) {
        (Some(literal), _) => literal.to_owned(),
        (None, Some(inside)) => variables.fill(inside),
        (None, None) => variables.fill(value.split(" #").next().unwrap_or_default().trim_end()),
    };
    Some((name.trim().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_are_read_as_compose_reads_them() {
        let variables = Variables { dotenv: [("KNOWN".to_owned(), "k".to_owned())].into() };
        let text = "# comment\n\nA=1\nexport B = two words # note\nC='$KNOWN'\nD=\"${KNOWN}#x\"\nKNOWN\nE=\n";
        let pairs = parse_env_file(text, &variables);
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["A=1", "B=two words", "C=$KNOWN", "D=k#x", "KNOWN=k", "E="]);
    }

    #[test]
    fn loopback_is_added_to_what_goes_past_the_proxy() {
        let mut environment = Environment::default();
        environment.set("no_proxy", "intern.example");
        environment.tell("a", Port::DEFAULT, Path::new("/data"));
        assert_eq!(environment.get("no_proxy").unwrap(), "intern.example,localhost,127.0.0.1,::1");
        assert_eq!(environment.get("no_grpc_proxy").unwrap(), LOOPBACK);
        assert_eq!(environment.get("GRPC_PORT").unwrap(), "50051");
    }
}
