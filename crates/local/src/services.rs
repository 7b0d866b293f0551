//! The services of a run while they run: [`LocalServices`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use aieffect_blueprint::{Address, ServiceName};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Error;
use crate::job::{Job, Lifeline, Status, Supervisor};
use crate::output::{LastLines, Line, Sink};
use crate::ports::PortLease;

/// How long beyond the grace period a supervisor may take to end what does not end by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(8);

/// Running services, by their folder's name. Dropping this ends them as well, without waiting for it.
#[derive(Debug)]
pub struct LocalServices {
    services: BTreeMap<ServiceName, Service>,
    attendants: JoinSet<()>,
    grace: Duration,
}

#[derive(Debug)]
struct Service {
    watch: Watch,
    port: PortLease,
    lifeline: Lifeline,
}

/// One service, seen from outside.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    name: ServiceName,
    address: Address,
    log: PathBuf,
    copy: Option<PathBuf>,
    progress: watch::Receiver<Progress>,
}

/// What is known of a service from outside.
#[derive(Debug, Default)]
struct Progress {
    last: LastLines,
    ended: Option<Status>,
}

/// How a service that was still needed has ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("service `{service}` ended before it answered, with {status}")]
pub struct Ended {
    /// The service's name in the compose file.
    pub service: ServiceName,
    /// Its end.
    pub status: Status,
}

/// What a service has printed so far, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The service's name in the compose file.
    pub service: ServiceName,
    /// What it printed last.
    pub last: LastLines,
    /// All that it printed.
    pub log: PathBuf,
    /// The copy of its folder that it runs in, when it was made from its Dockerfile.
    pub copy: Option<PathBuf>,
}

/// A service that is to be started.
pub(crate) struct Starting {
    pub(crate) folder: ServiceName,
    pub(crate) name: ServiceName,
    pub(crate) job: Job,
    pub(crate) port: PortLease,
    pub(crate) log: PathBuf,
    pub(crate) copy: Option<PathBuf>,
}

impl LocalServices {
    pub(crate) fn new(grace: Duration) -> Self {
        Self { services: BTreeMap::new(), attendants: JoinSet::new(), grace }
    }

    pub(crate) fn start(
        &mut self,
        starting: Starting,
        supervisor: &Supervisor,
        sink: &Sink,
    ) -> Result<(), Error> {
        let Starting { folder, name, job, port, log, copy } = starting;
        let mut file = File::create(&log).map_err(|source| Error::Write { path: log.clone(), source })?;
        let (running, lifeline) = job.start(supervisor).map_err(|source| Error::Start {
            command: job.shown(),
            of: format!("service `{name}`"),
            source,
        })?;
        let (sender, progress) = watch::channel(Progress::default());
        let (sink, from) = (sink.clone(), name.clone());
        self.attendants.spawn(async move {
            let each = |text: &str| {
                sink(Line { from: from.as_str(), text });
                // A full disk must not end the run; the line was shown.
                let _ = writeln!(file, "{text}");
                sender.send_modify(|progress| progress.last.push(text));
            };
            let status = running.attend(each).await.unwrap_or_else(|_| Status::unknown());
            sender.send_modify(|progress| progress.ended = Some(status));
        });
        let address = Address { host: "127.0.0.1".to_owned(), port: port.port() };
        self.services
            .insert(folder, Service { watch: Watch { name, address, log, copy, progress }, port, lifeline });
        Ok(())
    }

    /// The services, by folder.
    pub fn folders(&self) -> impl Iterator<Item = &ServiceName> {
        self.services.keys()
    }

    /// Where the service of a folder listens, or will; `None` when it is not one of these.
    pub fn address(&self, folder: &ServiceName) -> Option<&Address> {
        self.services.get(folder).map(|service| &service.watch.address)
    }

    /// What the service of a folder has printed; `None` when it is not one of these.
    pub fn output(&self, folder: &ServiceName) -> Option<Output> {
        let Watch { name, log, copy, progress, .. } = &self.services.get(folder)?.watch;
        let last = progress.borrow().last.clone();
        Some(Output { service: name.clone(), last, log: log.clone(), copy: copy.clone() })
    }

    /// How the service of a folder has ended, if it has.
    pub fn ended(&self, folder: &ServiceName) -> Option<Ended> {
        self.services.get(folder)?.watch.ended()
    }

    /// Waits until the service of a folder ends; forever when it is not one of these.
    pub async fn until_ended(&self, folder: &ServiceName) -> Ended {
        match self.services.get(folder) {
            Some(service) => service.watch.until_ended().await,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn watch(&self, folder: &ServiceName) -> Option<Watch> {
        self.services.get(folder).map(|service| service.watch.clone())
    }

    /// Ends all services, side by side: SIGTERM, SIGKILL after the grace period. Returns when nothing of them
    /// is left; an error names those that could not be ended even by force.
    pub async fn stop(self) -> Result<(), Error> {
        let Self { services, mut attendants, grace } = self;
        let mut left = Vec::new();
        for service in services.into_values() {
            drop(service.lifeline);
            left.push((service.watch, service.port));
        }
        let waited = grace + STOP_PATIENCE;
        let all = async { while attendants.join_next().await.is_some() {} };
        if tokio::time::timeout(waited, all).await.is_ok() {
            return Ok(());
        }
        left.retain(|(watch, _)| watch.ended().is_none());
        Err(Error::NotStopped {
            services: left.iter().map(|(watch, _)| format!("`{}`", watch.name)).collect(),
            waited,
        })
    }
}

impl Watch {
    pub(crate) fn name(&self) -> &ServiceName {
        &self.name
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.progress.borrow().last.is_empty()
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        let status = self.progress.borrow().ended?;
        Some(self.ended_as(status))
    }

    pub(crate) async fn until_ended(&self) -> Ended {
        let mut progress = self.progress.clone();
        let status = progress.wait_for(|progress| progress.ended.is_some()).await.map(|found| found.ended);
        match status {
            Ok(Some(status)) => self.ended_as(status),
            // Nobody attends it any more: everything is being given up.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    fn ended_as(&self, status: Status) -> Ended {
        Ended { service: self.name.clone(), status }
    }
}
