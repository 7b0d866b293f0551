//! The one model of a run: [`Runs`] begins, steers, shows and forgets them.

mod announce;
mod desk;
mod error;
mod following;
mod labels;
mod model;
mod page;
mod pipelines;
mod queue;
mod retention;
mod service_key;
mod view;

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use aieffect_blueprint::Mode;
use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::ports::{Endpoints, Entry, RunStore, StoreError, Transport};
use aieffect_orchestrator::store::{Ending, StoredRun};
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::transport::Breakers;
use aieffect_orchestrator::values::write_results;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::announce::Announcing;
use self::desk::{Command, Desk};
pub use self::error::Error;
pub use self::following::Following;
use self::model::{Forgotten, Model, Phase};
pub use self::page::Page;
pub use self::pipelines::NodeHealth;
pub use self::retention::Retention;
pub use self::service_key::ServiceKey;
pub use self::view::{RunView, State};
use crate::allow::Allowed;
use crate::metrics::{Form, Measured, Metrics};
use crate::notices::{Notices, ObserverFor};
use crate::packages::{Packages, Wanted};

/// Packages that are received at once, each of which may be as large as one may be.
const MOST_RECEIVED: usize = 8;

/// What runs are made with.
pub struct Parts {
    /// Where they are remembered.
    pub store: Arc<dyn RunStore>,
    /// What they are made from.
    pub packages: Arc<Packages>,
    /// What carries them out.
    pub means: MeansFor,
    /// What those who carry them out know of services that cannot be connected to.
    pub breakers: Arc<Breakers>,
    /// Who sees what happens in each run.
    pub observers: ObserverFor,
    /// Who is told of what else happens.
    pub notices: Notices,
}

/// What carries runs out.
#[derive(Clone)]
pub struct Means {
    /// Makes the calls.
    pub transport: Arc<dyn Transport>,
    /// Knows where the nodes answer.
    pub endpoints: Arc<dyn Endpoints>,
    /// Whether they answer, of which not long is waited for.
    pub health: Arc<dyn Endpoints>,
}

/// Gives what carries out a run whose services are shown that key, or none. An error says why the key cannot be one.
pub type MeansFor = Arc<dyn Fn(Option<&ServiceKey>) -> Result<Means, String> + Send + Sync>;

/// How many, and for how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Runs at once.
    pub most_running: usize,
    /// Runs that wait for their turn.
    pub most_waiting: usize,
    /// How long what is under way may take to end when the server stops.
    pub grace: Duration,
    /// Which runs that have ended are kept; without a word, all.
    pub retention: Retention,
    /// How long nothing may move before a live run whose sources have ended is at its end.
    pub quiet: Duration,
    /// What endpoints packages may name; without any, all.
    pub allowed: Vec<Allowed>,
    /// The folder that the services of all runs exchange files in, for conditions on files.
    pub data: DataFolder,
    /// The version that runs are said to be begun by.
    pub version: String,
    /// The names of those who may begin runs; what waits is counted by them.
    pub callers: BTreeSet<Arc<str>>,
}

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Of what, and how.
    pub wanted: Wanted,
    /// The name of whoever asks.
    pub caller: Arc<str>,
    /// The same request again, under the same name by the same caller, is the same run.
    pub idempotency: Option<String>,
    /// What its services are shown.
    pub service_key: Option<ServiceKey>,
    /// What its name begins with.
    pub naming: Naming,
}

/// What the name of a run begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `run-`.
    Run,
    /// `wf-`, as the earlier orchestrator named them.
    Workflow,
}

/// A run that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its name.
    pub run: RunId,
    /// Whether the same request had begun it before.
    pub is_repeated: bool,
}

/// Where what goes into a run's steps comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiring {
    /// What start steps were given, as JSON; empty when nothing was.
    pub initial_data: String,
    /// The steps that each step takes from, in the order of its links.
    pub sources: HashMap<String, Vec<String>>,
}

/// Begins, steers, shows and forgets runs. Clones share them.
#[derive(Clone)]
pub struct Runs {
    model: Arc<Model>,
    desk: mpsc::Sender<Command>,
}

impl Runs {
    /// The runs of a store. Those that had not ended when the server last did go on. The future works on them, until the
    /// server [stops](Self::stop).
    pub fn open(parts: Parts, settings: Settings) -> Result<(Self, impl Future<Output = ()>), StoreError> {
        let Parts { store, packages, means, breakers, observers, notices } = parts;
        let metrics =
            Arc::new(Metrics::new(&settings.version, settings.callers.clone(), Arc::clone(&breakers)));
        metrics.runs.may(State::Running, settings.most_running);
        metrics.runs.may(State::Waiting, settings.most_waiting);
        let measured = Arc::new(Measured::new(store, Arc::clone(&metrics), labels::PACKAGE));
        let store = Arc::new(Announcing::new(Arc::clone(&measured) as _));
        let now = Mutex::default();
        let closed = CancellationToken::new();
        let model = Arc::new(Model {
            store,
            packages,
            means,
            breakers,
            observers,
            notices,
            settings,
            now,
            closed,
            naming: Mutex::default(),
            beginning: RwLock::default(),
            metrics,
            measured,
            has_ended: Notify::new(),
            checked: Default::default(),
            receiving: Arc::new(Semaphore::new(MOST_RECEIVED)),
        });
        let (desk, commands) = mpsc::channel(1024);
        let mut open = Vec::new();
        for run in model.store.runs()?.into_iter().rev() {
            if !run.labels.contains_key(labels::PACKAGE) {
                continue;
            }
            model.measured.recall(&run);
            if let Some(key) = run.labels.get(labels::IDEMPOTENCY) {
                let name = (labels::caller(&run).to_owned(), key.clone());
                model.lock().requests.insert(name, run.id.clone());
            }
            if run.ending == Ending::Open {
                open.push(run);
            }
        }
        let mut recalled = Vec::new();
        for run in open {
            if let Some(outcome) = model.was_to_end(&run)? {
                model.store_end(&run.id, outcome)?;
                continue;
            }
            if labels::mode(&run) == Mode::Live && model.has_called(&run)? {
                let reason = "a live run cannot be gone on with: no messages are stored of it".to_owned();
                model.enter(&run.id, Phase::Interrupted(reason));
                continue;
            }
            if run.labels.contains_key(labels::SERVICE_KEY) {
                model.enter(&run.id, Phase::NeedsKey);
                continue;
            }
            model.enter(&run.id, Phase::Waiting);
            recalled.push(Command::Begin {
                caller: labels::caller(&run).into(),
                run: run.id,
                redo: Vec::new(),
            });
        }
        let work = Desk::new(Arc::clone(&model)).work(commands);
        let kept = Arc::clone(&model);
        let first = desk.clone();
        let closed = model.closed.clone();
        let work = async move {
            let recall = async move {
                for command in recalled {
                    // The desk is there for as long as this future.
                    first.send(command).await.ok();
                }
            };
            let over = CancellationToken::new();
            let working = async {
                tokio::join!(work, recall);
                over.cancel();
            };
            tokio::join!(working, retention::keep(kept, over.clone()));
            closed.cancel();
        };
        Ok((Self { model, desk }, work))
    }

    /// The packages that runs are made from.
    pub fn packages(&self) -> &Packages {
        &self.model.packages
    }

    /// A place to receive a package in, which others have while it is held.
    pub(crate) async fn receive(&self) -> Result<OwnedSemaphorePermit, Error> {
        // Nobody closes it.
        Arc::clone(&self.model.receiving).acquire_owned().await.map_err(|_| Error::Stopping)
    }

    /// Takes a run that is to begin when its turn has come. It is in the store when this returns.
    pub async fn begin(&self, request: Request) -> Result<Begun, Error> {
        let desk = self.desk.clone().reserve_owned().await.map_err(|_| Error::Stopping)?;
        let model = Arc::clone(&self.model);
        // Also when whoever asked is gone meanwhile: what is in the store has its turn.
        blocking(move || {
            let begun = model.create(&request)?;
            if !begun.is_repeated {
                let (run, caller) = (begun.run.clone(), request.caller);
                desk.send(Command::Begin { run, caller, redo: Vec::new() });
            }
            Ok(begun)
        })
        .await
    }

    /// Ends a run that has not ended.
    pub async fn cancel(&self, run: &str) -> Result<(), Error> {
        let stored = self.stored(run).await?;
        let (answer, answered) = oneshot::channel();
        let command = Command::Cancel { run: stored.id.clone(), answer };
        self.desk.send(command).await.map_err(|_| Error::Stopping)?;
        if answered.await.map_err(|_| Error::Stopping)?? {
            return Ok(());
        }
        let model = Arc::clone(&self.model);
        blocking(move || {
            let run = stored.id.clone();
            match model.state_of(&stored) {
                // Nobody works on it: what it was cut off from is its end.
                State::Interrupted | State::NeedsKey if model.enter_if_free(&run) => {
                    // It may have ended since it was looked at, or be gone.
                    match model.store.run(&run)?.map(|stored| stored.ending) {
                        Some(Ending::Open) => Ok(model.end_unbegun(&run)?),
                        ending => {
                            model.leave_waiting(&run);
                            let (state, needs) = ("ended", "only what has not ended can be cancelled");
                            let ended = Error::WrongState { run: run.clone(), state, needs };
                            Err(if ending.is_some() { ended } else { Error::NoRun { run: run.to_string() } })
                        }
                    }
                }
                state => Err(Error::WrongState {
                    run,
                    state: state.as_str(),
                    needs: "only what has not ended can be cancelled",
                }),
            }
        })
        .await
    }

    /// Goes on with a run that has failed, was cancelled, or could not go on. Steps in `redo`, and all behind them, are called
    /// again; finished ones otherwise never.
    /// A run whose services are shown a key needs it again when the server has forgotten it.
    pub async fn resume(
        &self,
        run: &str,
        redo: Vec<String>,
        service_key: Option<ServiceKey>,
    ) -> Result<(), Error> {
        let stored = self.stored(run).await?;
        self.model.check_key(service_key.as_ref())?;
        if let Some(step) = redo.iter().find(|step| !stored.steps.contains(step)) {
            return Err(Error::NoStep { run: stored.id, step: step.clone() });
        }
        if service_key.is_some() && !stored.labels.contains_key(labels::SERVICE_KEY) {
            let reason = "can only be given to a run that was begun with one".to_owned();
            return Err(Error::BadServiceKey { reason });
        }
        let desk = self.desk.clone().reserve_owned().await.map_err(|_| Error::Stopping)?;
        let needs = match self.model.state_of(&stored) {
            _ if stored.labels.contains_key(labels::SERVICE_KEY)
                && service_key.is_none()
                && !self.model.has_key(&stored.id) =>
            {
                Some("its services want a key, which the server has forgotten: give it again")
            }
            State::Failed | State::Cancelled | State::Unreachable | State::Interrupted | State::NeedsKey
                if labels::mode(&stored) == Mode::Live =>
            {
                Some("a live run cannot be gone on with: no messages are stored of it")
            }
            State::Failed | State::Cancelled | State::Unreachable | State::Interrupted | State::NeedsKey => {
                None
            }
            State::Succeeded if !redo.is_empty() => None,
            State::Succeeded => Some("all of it has finished; `redo` names what is to be called again"),
            State::Waiting | State::Running => Some("only what has ended can be gone on with"),
        };
        if let Some(needs) = needs {
            let state = self.model.state_of(&stored).as_str();
            return Err(Error::WrongState { run: stored.id, state, needs });
        }
        if !self.model.enter_if_free(&stored.id) {
            let needs = "only what has ended can be gone on with";
            return Err(Error::WrongState { run: stored.id, state: State::Waiting.as_str(), needs });
        }
        if let Some(key) = service_key {
            self.model.keep_key(&stored.id, key);
        }
        let caller = labels::caller(&stored).into();
        let model = Arc::clone(&self.model);
        blocking(move || {
            // It may have been forgotten since it was found.
            if matches!(model.store.run(&stored.id), Ok(None)) {
                model.leave(&stored.id);
                return Err(Error::NoRun { run: stored.id.to_string() });
            }
            // It is to be gone on with, whatever becomes of this process until its turn has come.
            if let Err(error) = model.reopen(&stored.id, &redo) {
                model.leave_waiting(&stored.id);
                return Err(error.into());
            }
            desk.send(Command::Begin { run: stored.id, caller, redo });
            Ok(())
        })
        .await
    }

    /// Forgets a run that has ended.
    pub async fn forget(&self, run: &str) -> Result<(), Error> {
        let stored = self.stored(run).await?;
        let model = Arc::clone(&self.model);
        blocking(move || match model.forget(&stored.id)? {
            Forgotten::Gone => Ok(()),
            Forgotten::Kept => {
                let state = model.state_of(&stored).as_str();
                let needs = "only what has ended can be deleted; cancel it first";
                Err(Error::WrongState { run: stored.id, state, needs })
            }
        })
        .await
    }

    /// How a run is, with its steps.
    pub async fn view(&self, run: &str) -> Result<RunView, Error> {
        let stored = self.stored(run).await?;
        let model = Arc::clone(&self.model);
        blocking(move || model.view(stored)).await
    }

    /// A run's events, from the one at `from` on, each with its position; at most so many.
    pub(crate) async fn next_events(
        &self,
        run: &str,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Entry)>, Error> {
        let stored = self.stored(run).await?;
        let model = Arc::clone(&self.model);
        blocking(move || Ok(model.store.part(&stored.id, from, most)?)).await
    }

    /// Changes whenever a run has more events; closed once nobody works on it. `None` when nobody does.
    pub async fn news(&self, run: &str) -> Result<Option<watch::Receiver<u64>>, Error> {
        let stored = self.stored(run).await?;
        Ok(self.model.store.counts(&stored.id))
    }

    /// The results of the steps that have finished, as one JSON object by `node:operation`.
    pub async fn results(&self, run: &str) -> Result<Vec<u8>, Error> {
        let stored = self.stored(run).await?;
        let model = Arc::clone(&self.model);
        blocking(move || {
            let plan = model.packages.plan(&labels::wanted(&stored))?;
            let store: Arc<dyn RunStore> = Arc::clone(&model.store) as _;
            let memo = Memo::recall(&plan, store, stored.id, &Default::default())?;
            let mut reports = memo.reports(&plan)?;
            let mut written = Vec::new();
            let not_read = |error| StoreError::not_read(memo.streams_folder(), &error);
            // What is no message of its type is null in it.
            write_results(&plan, &mut reports, &mut written).map_err(not_read)?;
            Ok(written)
        })
        .await
    }

    /// Where what goes into a run's steps comes from.
    pub async fn wiring(&self, run: &str) -> Result<Wiring, Error> {
        let stored = self.stored(run).await?;
        let model = Arc::clone(&self.model);
        blocking(move || {
            let plan = model.packages.plan(&labels::wanted(&stored))?;
            let sources = plan.steps().map(|(_, step)| {
                let from = step.inputs.iter().map(|link| plan.step(plan.link(*link).from).name.to_string());
                (step.name.to_string(), from.collect())
            });
            Ok(Wiring { initial_data: stored.initial_data, sources: sources.collect() })
        })
        .await
    }

    /// Whether the store can be read and written. That it can is believed for a second, whoever asks.
    pub async fn check(&self) -> Result<(), Error> {
        let mut checked = self.model.checked.lock().await;
        if checked.is_some_and(|at: Instant| at.elapsed() < Duration::from_secs(1)) {
            return Ok(());
        }
        *checked = None;
        let model = Arc::clone(&self.model);
        blocking(move || Ok(model.store.check()?)).await?;
        *checked = Some(Instant::now());
        Ok(())
    }

    /// What is counted of all this, as it is now.
    pub(crate) fn metrics(&self, form: Form) -> String {
        self.model.count();
        self.model.metrics.shown(form)
    }

    /// Nothing more begins, no run and no step of one. What is being called has the grace to end.
    pub async fn stop(&self) {
        let (answer, answered) = oneshot::channel();
        // It has stopped already otherwise.
        if self.desk.send(Command::Stop { answer }).await.is_ok() {
            answered.await.ok();
        }
    }

    async fn stored(&self, run: &str) -> Result<StoredRun, Error> {
        let unknown = || Error::NoRun { run: run.chars().take(80).collect() };
        let id = RunId::new(run).map_err(|_| unknown())?;
        let model = Arc::clone(&self.model);
        let stored = blocking(move || Ok(model.store.run(&id)?)).await?;
        stored.filter(|run| run.labels.contains_key(labels::PACKAGE)).ok_or_else(unknown)
    }
}

/// On a thread that may wait for a disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down.
            Err(_) => Err(Error::Stopping),
        },
    }
}
