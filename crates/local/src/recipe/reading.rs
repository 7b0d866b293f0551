//! Goes through a Dockerfile's instructions in order.

use aieffect_blueprint::{Code, Diagnostic, Findings, Label};

use super::command::{Form, combine};
use super::copy::{self, Refused};
use super::help::instead_help;
use super::scope::Scope;
use super::{Overrides, PythonVersion, Recipe, Step, base, run};
use crate::container_path::{Roots, join};
use crate::dockerfile::{Dockerfile, Instruction, flags, split};

const NO_COMMAND: &str = "end the Dockerfile with it, such as `CMD [\"python\", \"server.py\"]`, or write it as \
                          `command` of the service in the compose file";

pub(super) fn read(dockerfile: &Dockerfile, overrides: &Overrides, findings: &mut Findings) -> Recipe {
    let mut reading = Reading {
        dockerfile,
        scope: Scope::new(dockerfile.escape, &overrides.build_args),
        stages: 0,
        python: None,
        steps: Vec::new(),
        workdir: "/".to_owned(),
        roots: Roots::default(),
        entrypoint: None,
        command: None,
        refused: Vec::new(),
    };
    for instruction in &dockerfile.instructions {
        reading.instruction(instruction);
    }
    reading.finish(overrides, findings)
}

struct Reading<'a> {
    dockerfile: &'a Dockerfile,
    scope: Scope<'a>,
    /// How many `FROM`s have come.
    stages: usize,
    python: Option<PythonVersion>,
    steps: Vec<Step>,
    workdir: String,
    roots: Roots,
    entrypoint: Option<Form>,
    command: Option<Form>,
    /// Findings that wait for the help text, which quotes the command.
    refused: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn instruction(&mut self, instruction: &Instruction) {
        let (label, rest) = (self.dockerfile.label(instruction), instruction.rest.as_str());
        if instruction.heredoc {
            return self.refuse(&format!("a heredoc in `{}`", instruction.keyword), label);
        }
        match instruction.keyword {
            "FROM" => self.from(rest, label),
            "ARG" => self.arg(rest),
            keyword if self.stages == 0 => {
                let message = format!("`{keyword}` stands before the first `FROM`");
                self.refused.push(Diagnostic::error(Code::BadDockerfile, message).at(label));
            }
            "ENV" => self.env(rest, label),
            "WORKDIR" => {
                self.workdir = join(&self.workdir, &self.scope.fill(rest.trim_matches('"')));
                self.make_dir(self.workdir.clone());
            }
            "COPY" | "ADD" => self.copy(instruction.keyword, rest, label),
            "RUN" => self.run(rest, label),
            "CMD" => self.command = Some(self.form(instruction)),
            "ENTRYPOINT" => self.entrypoint = Some(self.form(instruction)),
            "EXPOSE" | "HEALTHCHECK" | "LABEL" | "MAINTAINER" | "STOPSIGNAL" | "USER" | "VOLUME" => {}
            keyword => self.refuse(&format!("`{keyword}`"), label),
        }
    }

    fn from(&mut self, rest: &str, label: Label) {
        self.stages += 1;
        if self.stages > 1 {
            return self.refuse("a Dockerfile of several stages", label);
        }
        let (_, rest) = flags(rest);
        let image = self.scope.fill_from(rest.split_whitespace().next().unwrap_or_default());
        self.python = base::python_version(&image);
        if !base::is_played(&image) {
            self.refuse(&format!("the image `{image}`, neither Python nor Debian,"), label);
        }
    }

    fn form(&mut self, instruction: &Instruction) -> Form {
        let form = Form::read(&instruction.rest);
        if matches!(&form, Form::Shell(text) if text.starts_with('[')) {
            let message = format!("`{}` begins a list that is no JSON", instruction.keyword);
            let finding =
                Diagnostic::error(Code::BadDockerfile, message).at(self.dockerfile.label(instruction));
            let help = "Docker would give it to the shell as it stands; a list is written \
                        [\"python\", \"server.py\"], with double quotes";
            self.refused.push(finding.help(help));
        }
        form
    }

    fn arg(&mut self, rest: &str) {
        for word in split(rest, self.scope.escape()) {
            let (name, default) =
                word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value)));
            if self.stages == 0 {
                self.scope.declare_global(name, default);
            } else {
                self.scope.declare(name, default);
            }
        }
    }

    fn env(&mut self, rest: &str, label: Label) {
        let words = split(rest, self.scope.escape());
        let old_form = words.first().is_none_or(|first| !first.contains('='));
        let pairs: Option<Vec<_>> = if old_form {
            let value = |name: &String| (name.clone(), words[1..].join(" "));
            words.first().filter(|_| words.len() > 1).map(|name| vec![value(name)])
        } else {
            let pair =
                |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            words.iter().map(pair).collect()
        };
        match pairs {
            Some(pairs) => self.scope.set(pairs),
            None => self.malformed("`ENV` takes `NAME=value`", label),
        }
    }

    fn copy(&mut self, keyword: &str, rest: &str, label: Label) {
        match copy::read(keyword, rest, &self.workdir, &self.scope, &label) {
            Ok(step) => self.steps.push(Step::Copy(step)),
            Err(Refused::NotPlayed(what)) => self.refuse(what, label),
            Err(Refused::Malformed) => {
                self.malformed(&format!("`{keyword}` takes at least one source and a target"), label);
            }
        }
    }

    fn run(&mut self, rest: &str, label: Label) {
        let Some(steps) = run::read(rest, &self.workdir, &label, &|name| self.scope.get(name)) else {
            return self.refuse(&format!("`RUN {}`", shortened(rest)), label);
        };
        for step in steps {
            match step {
                Step::MakeDir(path) => self.make_dir(path),
                other => self.steps.push(other),
            }
        }
    }

    fn make_dir(&mut self, path: String) {
        self.roots.add(&path);
        self.steps.push(Step::MakeDir(path));
    }

    fn refuse(&mut self, what: &str, label: Label) {
        let message = format!("{what} is not played locally");
        self.refused.push(Diagnostic::error(Code::InstructionNotPlayed, message).at(label));
    }

    fn malformed(&mut self, message: &str, label: Label) {
        self.refused.push(Diagnostic::error(Code::BadDockerfile, message).at(label));
    }

    fn finish(self, overrides: &Overrides, findings: &mut Findings) -> Recipe {
        let command = combine(self.entrypoint, self.command, overrides);
        let mut refused = self.refused;
        let whole = self.dockerfile.whole();
        if self.stages == 0 {
            refused.push(Diagnostic::error(Code::BadDockerfile, "there is no `FROM`").at(whole));
        } else if command.is_empty() {
            let message = "neither the Dockerfile nor the compose file says a command to start";
            refused.push(Diagnostic::error(Code::NoWayToStart, message).at(whole));
        }
        for finding in refused {
            let help = match finding.code {
                Code::BadDockerfile => None,
                Code::NoWayToStart => Some(NO_COMMAND.to_owned()),
                _ => Some(instead_help(overrides, &command, &self.steps)),
            };
            findings.push(finding.help_if(help));
        }
        let mut workdir = self.workdir;
        let mut roots = self.roots;
        if let Some(dir) = &overrides.working_dir {
            workdir = join(&workdir, dir);
            roots.add(&workdir);
        }
        Recipe {
            python: self.python,
            steps: self.steps,
            environment: self.scope.into_environment(),
            workdir,
            command,
            roots,
        }
    }
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 48;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}
