//! What a Dockerfile comes to when it is played without Docker: [`Recipe::read`].
//!
//! A pure reading: instructions become steps, an environment and a command, or findings that say what to write
//! instead. Without effect here, and passed over: `EXPOSE`, `HEALTHCHECK`, `LABEL`, `MAINTAINER`, `STOPSIGNAL`,
//! `USER` and `VOLUME`, since a local process has its user's rights, network and disk anyway. Which files a
//! `COPY` means is looked up later.

mod base;
mod command;
mod copy;
mod help;
mod reading;
mod run;
mod scope;
mod shell;

use std::collections::BTreeMap;

use aieffect_blueprint::{Findings, Label};

use crate::container_path::Roots;
use crate::dockerfile::Dockerfile;

pub(crate) use base::PythonVersion;
pub(crate) use copy::{CopyStep, Target};
pub(crate) use help::{Outside, run_help};
pub(crate) use run::is_python;
pub(crate) use shell::Word;

/// How to make a service's tree and start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The Python that the base image has, when its tag says.
    pub(crate) python: Option<PythonVersion>,
    pub(crate) steps: Vec<Step>,
    /// `ENV`, in order.
    pub(crate) environment: Vec<(String, String)>,
    /// The last `WORKDIR`, or compose's `working_dir`.
    pub(crate) workdir: String,
    /// `ENTRYPOINT` and `CMD`, or compose's.
    pub(crate) command: Vec<String>,
    /// The paths in the container that are the service's own.
    pub(crate) roots: Roots,
}

/// One step of playing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make a folder, with those above it.
    MakeDir(String),
    /// Copy from the build context.
    Copy(CopyStep),
    /// Install Python packages.
    Pip(PipStep),
    /// Run `python -m grpc_tools.protoc`.
    Protoc(ProtocStep),
}

impl Step {
    fn as_pip(&self) -> Option<&PipStep> {
        match self {
            Self::Pip(pip) => Some(pip),
            Self::MakeDir(_) | Self::Copy(_) | Self::Protoc(_) => None,
        }
    }
}

/// The arguments of a `pip install`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PipStep {
    pub(crate) args: Vec<String>,
    /// Files given by `-r` and `-c`, absolute in the container.
    pub(crate) files: Vec<String>,
    pub(crate) dir: String,
    pub(crate) label: Label,
}

/// The arguments of a `python -m grpc_tools.protoc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProtocStep {
    pub(crate) args: Vec<Word>,
    pub(crate) dir: String,
}

/// What the compose file says about the image and its command, with variables filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// The service's name there, for help texts.
    pub(crate) service: String,
    /// What help texts say beside.
    pub(crate) outside: Outside,
    pub(crate) build_args: BTreeMap<String, String>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) working_dir: Option<String>,
}

impl Recipe {
    /// Reads the instructions. With a finding of severity error, what is given is only good to look for more.
    pub(crate) fn read(dockerfile: &Dockerfile, overrides: &Overrides, findings: &mut Findings) -> Self {
        reading::read(dockerfile, overrides, findings)
    }
}

#[cfg(test)]
mod tests {
    use aieffect_blueprint::SourceText;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Recipe, Findings) {
        let mut findings = Findings::new();
        let dockerfile = Dockerfile::parse(&SourceText::new("Dockerfile", text), &mut findings);
        let recipe = Recipe::read(&dockerfile, &Overrides::default(), &mut findings);
        (recipe, findings)
    }

    #[test]
    fn environment_wins_over_arguments_and_is_seen_by_what_follows() {
        let (recipe, findings) = read(concat!(
            "ARG V=1\nFROM python:${V}\nARG V\nARG W=${V}2\nENV A=$W B='$W' C=\"$W x\"\n",
            "ENV W=9 D=$W\nWORKDIR /srv/$W\nWORKDIR sub\nCMD [\"$W\"]\n",
        ));
        assert_eq!(findings, Findings::new());
        let set: Vec<_> = recipe.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(set, ["A=12", "B=$W", "C=12 x", "W=9", "D=12"]);
        assert_eq!(recipe.workdir, "/srv/9/sub");
        assert_eq!(recipe.command, ["$W"], "Docker fills nothing in here");
    }

    #[test]
    fn a_list_that_is_no_json_is_reported() {
        let (_, findings) = read("FROM python\nCMD ['python', 'server.py']\n");
        let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["error[AE0604] Dockerfile:2:1: `CMD` begins a list that is no JSON"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            lines in prop::collection::vec(
                "(FROM|ARG|ENV|WORKDIR|COPY|ADD|RUN|CMD|ENTRYPOINT|SHELL|USER) (python|pip install|--from=|[a-z$={}'\"/.\\[\\],& -]){0,8}",
                0..8,
            )
        ) {
            read(&lines.join("\n"));
        }
    }
}
