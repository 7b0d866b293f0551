//! How this machine's pip and cargo reach their packages, where that is not the ordinary way.
//!
//! As a configuration file in the image and not as variables: services would inherit a proxy, and gRPC honours it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::base::Kind;

/// A configuration file.
pub(super) struct Settings {
    /// Where they were found, to be told.
    pub(super) from: String,
    pub(super) text: String,
}

/// What pip needs to find and to reach an index. `find-links` names folders of this machine.
const OF_PIP: [&str; 4] = ["index-url", "extra-index-url", "trusted-host", "proxy"];

impl Settings {
    /// `None` when nothing is set.
    pub(super) fn of_this_machine(kind: Kind) -> Result<Option<Self>> {
        match kind {
            Kind::Python => Ok(of_pip()),
            Kind::Rust => of_cargo(),
        }
    }

    /// Its place in an image.
    pub(super) fn place(kind: Kind) -> &'static str {
        match kind {
            Kind::Python => "etc/pip.conf",
            Kind::Rust => "usr/local/cargo/config.toml",
        }
    }
}

fn of_pip() -> Option<Settings> {
    // No pip here, no settings of it.
    let listed = Command::new("python3").args(["-m", "pip", "config", "list"]).output();
    let listed =
        listed.map(|listed| String::from_utf8_lossy(&listed.stdout).into_owned()).unwrap_or_default();
    pip_settings(&listed, proxy().as_deref())
}

/// From the lines `global.index-url='…'` of files and `:env:.index-url='…'` of variables, which win and come last.
fn pip_settings(listed: &str, proxy: Option<&str>) -> Option<Settings> {
    let value = |key: &str| {
        let of_key = |line: &str| {
            let (name, value) = line.split_once('=')?;
            let is_key = name.strip_prefix("global.").or(name.strip_prefix(":env:.")) == Some(key);
            is_key.then(|| value.trim().trim_matches(['\'', '"']).to_owned())
        };
        let (variables, files): (Vec<_>, Vec<_>) = listed.lines().partition(|line| line.starts_with(":env:"));
        files.into_iter().chain(variables).filter_map(of_key).next_back()
    };
    let found = OF_PIP.iter().filter_map(|key| {
        let value = value(key).or_else(|| proxy.filter(|_| *key == "proxy").map(str::to_owned))?;
        // Several values of one key are listed with `\n` between them; the file has them on lines of their own.
        Some(format!("{key} = {}\n", value.replace("\\n", "\n    ")))
    });
    let text: String = found.collect();
    (!text.is_empty()).then(|| Settings {
        from: "pip's configuration and the proxy variables".to_owned(),
        text: format!("[global]\n{text}"),
    })
}

fn of_cargo() -> Result<Option<Settings>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let file = home.into_iter().flat_map(|home| ["config.toml", "config"].map(|name| home.join(name)));
    if let Some(file) = file.into_iter().find(|file| file.is_file()) {
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        return Ok(Some(Settings { from: file.display().to_string(), text }));
    }
    Ok(proxy().map(|proxy| Settings {
        from: "the proxy variables".to_owned(),
        text: format!("[http]\nproxy = {proxy:?}\n"),
    }))
}

fn proxy() -> Option<String> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    names.iter().find_map(|name| std::env::var(name).ok()).filter(|proxy| !proxy.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listed: &str, proxy: Option<&str>, expected: Option<&str>) {
        assert_eq!(pip_settings(listed, proxy).map(|settings| settings.text).as_deref(), expected);
    }

    #[test]
    fn what_is_not_about_the_index_stays_here() {
        check("global.cert='/etc/ca.crt'\n:env:.find-links='/opt/wheels'\n:env:.timeout='180'\n", None, None);
    }

    #[test]
    fn a_variable_wins_over_a_file() {
        check(
            ":env:.index-url='https://b/simple'\nglobal.index-url='https://a/simple'\n",
            None,
            Some("[global]\nindex-url = https://b/simple\n"),
        );
    }

    #[test]
    fn several_values_come_on_lines_of_their_own() {
        check(
            "global.extra-index-url='\\nhttps://a\\nhttps://b'\n",
            None,
            Some("[global]\nextra-index-url = \n    https://a\n    https://b\n"),
        );
    }

    #[test]
    fn a_proxy_variable_is_a_setting_unless_pip_has_its_own() {
        check("", Some("http://p:1"), Some("[global]\nproxy = http://p:1\n"));
        check("global.proxy='http://q:2'\n", Some("http://p:1"), Some("[global]\nproxy = http://q:2\n"));
    }
}
