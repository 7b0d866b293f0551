//! How each service of a use case is to be started: [`LocalPlan`].

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aieffect_blueprint::{Code, ComposeService, Diagnostic, Findings, Label, Service, ServiceName, UseCase};

use crate::environment::{self, Environment, Variables};
use crate::job::{Job, Supervisor};
use crate::output::{LastLines, Line, Sink};
use crate::ports::PortLease;
use crate::run_folder::RunFolder;
use crate::services::{LocalServices, Starting};
use crate::{CacheFolder, Error};

/// What is to be started, and how. Made before anything starts, so that all findings are known by then.
#[derive(Debug)]
pub struct LocalPlan {
    root: PathBuf,
    build: Vec<String>,
    services: Vec<Planned>,
}

/// Everything that starting needs beside the plan.
#[derive(Clone)]
pub struct StartOptions {
    /// Where the run's files lie.
    pub run: RunFolder,
    /// Where virtual environments, played trees and port locks lie.
    pub cache: CacheFolder,
    /// Takes each line that is printed.
    pub sink: Sink,
    /// How to start a supervisor.
    pub supervisor: Supervisor,
}

#[derive(Debug)]
struct Planned {
    folder: ServiceName,
    name: ServiceName,
    environment: Vec<(String, String)>,
    how: How,
}

#[derive(Debug)]
enum How {
    /// By `x-aieffect.run`, as written (a `$` is the command's own), in the service's folder.
    Command { command: Vec<String>, dir: PathBuf },
}

impl LocalPlan {
    /// Plans the services of these folders. `None` when there is a finding of severity error.
    pub fn new(use_case: &UseCase, root: &Path, folders: &[ServiceName]) -> (Option<Self>, Findings) {
        let mut findings = Findings::new();
        let variables = Variables::of(root);
        let mut services = Vec::new();
        for service in use_case.services.iter().filter(|service| folders.contains(&service.folder)) {
            services.extend(plan_service(use_case, service, root, &variables, &mut findings));
        }
        let plan = Self { root: root.to_owned(), build: use_case.compose.build.clone(), services };
        (Some(plan).filter(|_| !findings.has_errors()), findings)
    }

    /// Builds, prepares and starts the services. They run when this returns; whether they answer already is
    /// another matter. Dropping the future ends whatever runs.
    pub async fn start(&self, options: &StartOptions) -> Result<LocalServices, Error> {
        self.build(options).await?;
        let mut running = LocalServices::new(options.supervisor.grace);
        for planned in &self.services {
            let starting = planned.prepare(options)?;
            running.start(starting, &options.supervisor, &options.sink)?;
        }
        Ok(running)
    }

    async fn build(&self, options: &StartOptions) -> Result<(), Error> {
        if self.build.is_empty() {
            return Ok(());
        }
        let job = Job {
            command: self.build.iter().map(OsString::from).collect(),
            dir: self.root.clone(),
            environment: Environment::inherited(),
        };
        let mut last = LastLines::default();
        let each = |text: &str| {
            (options.sink)(Line { from: "build", text });
            last.push(text);
        };
        let ended = job.finish(&options.supervisor, each).await;
        let command = job.shown();
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::Build { command, status, last }),
            Err(source) => Err(Error::Start { command, of: "the build".to_owned(), source }),
        }
    }
}

impl Planned {
    fn prepare(&self, options: &StartOptions) -> Result<Starting, Error> {
        let port = PortLease::take(&options.cache.ports())
            .map_err(|source| Error::Port { service: self.name.to_string(), source })?;
        let mut environment = Environment::inherited();
        let How::Command { command, dir } = &self.how;
        for (name, value) in &self.environment {
            environment.set(name, value);
        }
        environment.tell(self.name.as_str(), port.port(), options.run.data());
        let job =
            Job { command: command.iter().map(OsString::from).collect(), dir: dir.clone(), environment };
        let log = options.run.log(self.name.as_str());
        Ok(Starting { folder: self.folder.clone(), name: self.name.clone(), job, port, log })
    }
}

fn plan_service(
    use_case: &UseCase,
    service: &Service,
    root: &Path,
    variables: &Variables,
    findings: &mut Findings,
) -> Option<Planned> {
    let compose = use_case.compose_service(service);
    let environment = compose.map(|compose| compose_environment(compose, root, variables, findings));
    let how = match compose {
        Some(compose) if !compose.run.is_empty() => How::Command {
            command: compose.run.clone(),
            dir: root.join("services").join(service.folder.as_str()),
        },
        _ => {
            findings.push(no_way_to_start(service, compose));
            return None;
        }
    };
    Some(Planned {
        folder: service.folder.clone(),
        name: use_case.compose_name(service).clone(),
        environment: environment.unwrap_or_default(),
        how,
    })
}

fn compose_environment(
    compose: &ComposeService,
    root: &Path,
    variables: &Variables,
    findings: &mut Findings,
) -> Vec<(String, String)> {
    for file in &compose.env_files {
        let path = variables.fill(file);
        if !root.join(&path).is_file() {
            let message = format!("the env_file `{path}` of service `{}` is not there", compose.name);
            let finding =
                Diagnostic::error(Code::NoWayToStart, message).at(compose.place.key("env_file").label());
            findings.push(finding.help("add the file, or take the line out of the compose file"));
        }
    }
    environment::of_compose(compose, variables, |path| fs::read_to_string(root.join(path)).ok())
}

fn no_way_to_start(service: &Service, compose: Option<&ComposeService>) -> Diagnostic {
    let message = format!("nothing says how to start service `{}` locally", service.folder);
    let label: Option<Label> = compose.map(|compose| compose.place.key_label());
    let finding = Diagnostic::error(Code::NoWayToStart, message);
    match label {
        Some(label) => finding.at(label),
        None => finding,
    }
}
