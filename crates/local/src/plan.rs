//! How each service of a use case is to be started: [`LocalPlan`].

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aieffect_blueprint::{
    Code, ComposeService, Diagnostic, Findings, Service, ServiceName, TransportKind, UseCase,
};

use crate::environment::{self, Environment, Variables};
use crate::http;
use crate::job::{Job, Supervisor};
use crate::output::{LastLines, Line, Sink};
use crate::played::{Played, Prepared};
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
    transport: TransportKind,
    how: How,
}

#[derive(Debug)]
enum How {
    /// By `x-aieffect.run`, as written (a `$` is the command's own), in the service's folder.
    Command { command: Vec<String>, dir: PathBuf },
    /// From its Dockerfile.
    Played(Box<Played>),
}

impl LocalPlan {
    /// Plans the services of these folders. `None` when there is a finding of severity error.
    pub fn new(use_case: &UseCase, root: &Path, folders: &[ServiceName]) -> (Option<Self>, Findings) {
        let mut findings = Findings::new();
        // Links lead from one folder to another, so none may depend on where `aieffect` runs.
        let root = &std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let variables = Variables::of(root);
        let said = use_case.said_services();
        let transport = |service: &Service| {
            said.get(&service.folder).and_then(|said| said.entry.transport).unwrap_or(TransportKind::Grpc)
        };
        let mut services = Vec::new();
        for service in use_case.services.iter().filter(|service| folders.contains(&service.folder)) {
            let planned = plan_service(use_case, service, root, &variables, &mut findings);
            services.extend(planned.map(|planned| Planned { transport: transport(service), ..planned }));
        }
        let plan = Self { root: root.to_owned(), build: use_case.compose.build.clone(), services };
        (Some(plan).filter(|_| !findings.has_errors()), findings)
    }

    /// Leaves services out; with nothing to start, nothing is built.
    #[must_use]
    pub fn without(mut self, folders: &BTreeSet<ServiceName>) -> Self {
        if folders.is_empty() {
            return self;
        }
        self.services.retain(|service| !folders.contains(&service.folder));
        if self.services.is_empty() {
            self.build.clear();
        }
        self
    }

    /// Builds, prepares and starts the services. They run when this returns; whether they answer already is
    /// another matter. Dropping the future ends whatever runs.
    pub async fn start(&self, options: &StartOptions) -> Result<LocalServices, Error> {
        self.build(options).await?;
        let mut prepared = Vec::new();
        for planned in &self.services {
            prepared.push(planned.prepare(options).await?);
        }
        let mut running = LocalServices::new(options.supervisor.grace);
        match self.start_prepared(prepared, &mut running, options) {
            Ok(()) => Ok(running),
            Err(error) => {
                // The first error is the one to tell.
                let _ = running.stop().await;
                Err(error)
            }
        }
    }

    fn start_prepared(
        &self,
        prepared: Vec<Prepared>,
        running: &mut LocalServices,
        options: &StartOptions,
    ) -> Result<(), Error> {
        for (planned, prepared) in self.services.iter().zip(prepared) {
            let starting = planned.starting(prepared, options)?;
            running.start(starting, &options.supervisor, &options.sink)?;
        }
        Ok(())
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
    async fn prepare(&self, options: &StartOptions) -> Result<Prepared, Error> {
        match &self.how {
            How::Played(played) => played.prepare(self.name.as_str(), &self.environment, options).await,
            How::Command { command, dir } => {
                let mut environment = Environment::inherited();
                self.environment.iter().for_each(|(name, value)| environment.set(name, value));
                let command = command.iter().map(OsString::from).collect();
                Ok(Prepared { command, dir: dir.clone(), environment })
            }
        }
    }

    /// The port is taken at the last moment, so that nothing else comes upon it while others prepare.
    fn starting(&self, prepared: Prepared, options: &StartOptions) -> Result<Starting, Error> {
        let port = PortLease::take(&options.cache.ports())
            .map_err(|source| Error::Port { service: self.name.to_string(), source })?;
        let Prepared { mut command, dir, mut environment } = prepared;
        environment.tell(self.name.as_str(), port.port(), options.run.data());
        if self.transport == TransportKind::HttpControl {
            http::tell(&mut environment, port.port());
            if let How::Played(_) = self.how {
                http::listen_on(&mut command, port.port());
            }
        }
        let job = Job { command, dir, environment };
        let log = options.run.log(self.name.as_str());
        let copy = match self.how {
            How::Command { .. } => None,
            How::Played(_) => Some(options.run.work(self.name.as_str())),
        };
        Ok(Starting { folder: self.folder.clone(), name: self.name.clone(), job, port, log, copy })
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
        _ => How::Played(Box::new(Played::plan(use_case, service, root, variables, findings)?)),
    };
    Some(Planned {
        folder: service.folder.clone(),
        name: use_case.compose_name(service).clone(),
        environment: environment.unwrap_or_default(),
        transport: TransportKind::Grpc,
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
        let path = variables.fill(&file.path);
        if file.is_required && !root.join(&path).is_file() {
            let message = format!("the env_file `{path}` of service `{}` is not there", compose.name);
            let finding =
                Diagnostic::error(Code::NoWayToStart, message).at(compose.place.key("env_file").label());
            findings.push(finding.help("add the file, or take the line out of the compose file"));
        }
    }
    environment::of_compose(compose, variables, |path| fs::read_to_string(root.join(path)).ok())
}
