//! How services are spoken to: `--tls-…` and `--token-…`, read once.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use aieffect_blueprint::Address;
use aieffect_compose::{StackAccess, StackToken};
use aieffect_orchestrator::transport::grpc::{Access, OwnCertificate, Tls, TlsPart, Token};

use crate::exit::{Exit, Failure};

/// How services are spoken to.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessFlags {
    /// Speak TLS with every service, and trust what this CA has signed: a PEM file of its certificate
    #[arg(long, value_name = "FILE", env = "AIEFFECT_TLS_CA")]
    tls_ca: Option<PathBuf>,
    /// Show services this certificate of ours: a PEM file
    #[arg(long, value_name = "FILE", env = "AIEFFECT_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The key of our certificate: a PEM file
    #[arg(long, value_name = "FILE", env = "AIEFFECT_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Send the token that this environment variable holds with every call
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "token_file",
        env = "AIEFFECT_TOKEN_ENV",
        hide_env_values = true
    )]
    token_env: Option<String>,
    /// Send the token that this file holds with every call
    #[arg(long, value_name = "FILE", env = "AIEFFECT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

impl AccessFlags {
    /// Reads the files, and the token.
    pub(crate) fn read(&self) -> Result<Access, Failure> {
        // Each may come from a flag, the environment or a file: clap would only look at what is typed.
        if self.tls_cert.is_some() != self.tls_key.is_some()
            || (self.tls_cert.is_some() && self.tls_ca.is_none())
        {
            let text = "`--tls-cert`, `--tls-key` and `--tls-ca` belong together: a certificate of ours is shown with its key, to services of that CA";
            return Err(Failure::text(Exit::WrongUsage, text));
        }
        let mut access = Access::plain();
        if let Some(authority) = &self.tls_ca {
            access = access.over(self.tls(authority)?);
        }
        if let Some(token) = self.token()? {
            access = access.with_token(token);
        }
        Ok(access)
    }

    /// What is to be said where a token would go to `address` for everyone on the way to read.
    pub(crate) fn exposure(&self, address: &Address) -> Option<String> {
        let has_token = self.token_env.is_some() || self.token_file.is_some();
        if !has_token || self.tls_ca.is_some() || is_loopback(&address.host) {
            return None;
        }
        Some(format!(
            "the token goes to {address} in plain text, and whoever is on the way can read it: speak TLS with `--tls-ca`"
        ))
    }

    /// The same for the orchestrator of a stack, which reads all of it again. `seen` gives a file's path as the compose file
    /// says it. The token is looked at and left where it is.
    pub(crate) fn for_stack(&self, seen: impl Fn(&Path) -> String) -> Result<StackAccess, Failure> {
        self.read()?;
        let path = |file: &Option<PathBuf>| file.as_deref().map(&seen);
        let token = match (&self.token_env, path(&self.token_file)) {
            (Some(name), _) if is_variable(name) => Some(StackToken::Variable(name.clone())),
            (Some(_), _) => {
                let text =
                    "the environment variable that `--token-env` names cannot be handed to a container";
                let failure = Failure::text(Exit::WrongUsage, text.to_owned());
                return Err(failure.help("take a name of letters, digits and `_`"));
            }
            (None, file) => file.map(StackToken::File),
        };
        let (tls_ca, tls_cert, tls_key) = (path(&self.tls_ca), path(&self.tls_cert), path(&self.tls_key));
        Ok(StackAccess { tls_ca, tls_cert, tls_key, token })
    }

    /// The files that are named.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.tls_ca, &self.tls_cert, &self.tls_key, &self.token_file];
        files.into_iter().filter_map(|file| file.as_deref())
    }

    fn tls(&self, authority: &Path) -> Result<Tls, Failure> {
        let texts = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some((read("--tls-cert", certificate)?, read("--tls-key", key)?))
            }
            _ => None,
        };
        let own = texts.as_ref().map(|(certificates, key)| OwnCertificate { certificates, key });
        Tls::new(&read("--tls-ca", authority)?, own).map_err(|error| {
            let (option, file) = match error.part {
                TlsPart::Authority => ("--tls-ca", Some(authority)),
                TlsPart::Certificate => ("--tls-cert", self.tls_cert.as_deref()),
                TlsPart::Key => ("--tls-key", self.tls_key.as_deref()),
            };
            let file = file.unwrap_or(Path::new("?")).display();
            Failure::text(Exit::WrongUsage, format!("`{file}` of `{option}` {error}"))
        })
    }

    fn token(&self) -> Result<Option<Token>, Failure> {
        let wrong = |text: String| Failure::text(Exit::WrongUsage, text);
        if let Some(name) = &self.token_env {
            // Not even the name is repeated: somebody may have written the token in its place.
            let text = std::env::var(name).map_err(|_| {
                wrong("the environment variable that `--token-env` names is not set".to_owned())
                    .help("`--token-env` takes the name of a variable, and not the token: `export MY_TOKEN=…`, then `--token-env MY_TOKEN`")
            })?;
            let token = Token::new(&text);
            return token.map(Some).map_err(|error| {
                wrong(format!("the environment variable that `--token-env` names {error}"))
            });
        }
        let Some(file) = &self.token_file else { return Ok(None) };
        let text = read("--token-file", file)?;
        let token = Token::new(&String::from_utf8_lossy(&text));
        token.map(Some).map_err(|error| wrong(format!("`{}` of `--token-file` {error}", file.display())))
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A file that an option names.
pub(crate) fn read(option: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "does not exist".to_owned(),
            _ => format!("cannot be read: {error}"),
        };
        Failure::text(Exit::WrongUsage, format!("`{}` of `{option}` {reason}", file.display()))
    })
}

/// Whether what is sent there stays on this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_a_compose_file_can_name_are_told_from_others() {
        for name in ["TOKEN", "my_token2", "_"] {
            assert!(is_variable(name), "{name}");
        }
        for name in ["2TOKEN", "MY.TOKEN", "A=B", "A B", "$TOKEN", "TÖKEN", ""] {
            assert!(!is_variable(name), "{name}");
        }
    }

    #[test]
    fn only_what_leaves_this_machine_in_plain_text_exposes_a_token() {
        let flags = |token: bool, tls: bool| AccessFlags {
            tls_ca: tls.then(|| "ca.pem".into()),
            tls_cert: None,
            tls_key: None,
            token_env: token.then(|| "TOKEN".into()),
            token_file: None,
        };
        let exposed =
            |flags: &AccessFlags, address: &str| flags.exposure(&address.parse().unwrap()).is_some();
        for there in ["10.0.0.5:50051", "grid_source1:50051", "[fe80::1]:50051", "localhost.example.org:1"] {
            assert!(exposed(&flags(true, false), there), "{there}");
            assert!(!exposed(&flags(true, true), there), "{there}");
            assert!(!exposed(&flags(false, false), there), "{there}");
        }
        for here in ["localhost:1", "127.0.0.1:1", "127.1.2.3:1", "[::1]:1"] {
            assert!(!exposed(&flags(true, false), here), "{here}");
        }
    }
}
