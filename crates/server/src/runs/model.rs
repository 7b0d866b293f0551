//! What all that deal with runs have in common: [`Model`].

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use aieffect_blueprint::Mode;
use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::plan::PlannedNode;
use aieffect_orchestrator::ports::{Entry, RunStore, StoreError};
use aieffect_orchestrator::run::Outcome;
use aieffect_orchestrator::store::{Ending, StoredEvent, StoredRun};
use aieffect_orchestrator::transport::Breakers;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::announce::Announcing;
use super::{Begun, Error, Means, MeansFor, Naming, Request, ServiceKey, Settings, State, labels};
use crate::metrics::{Measured, Metrics};
use crate::notices::{Notice, Notices, ObserverFor};
use crate::packages::Packages;

/// What all have in common.
pub(super) struct Model {
    pub(super) store: Arc<Announcing>,
    pub(super) packages: Arc<Packages>,
    pub(super) means: MeansFor,
    pub(super) breakers: Arc<Breakers>,
    pub(super) observers: ObserverFor,
    pub(super) notices: Notices,
    pub(super) settings: Settings,
    pub(super) now: Mutex<Now>,
    /// Held by those who begin a run, and alone by who takes a package away.
    pub(super) beginning: RwLock<()>,
    /// Held while a request that has a name becomes a run.
    pub(super) naming: Mutex<()>,
    /// Cancelled once no run is worked on any more.
    pub(super) closed: CancellationToken,
    /// When the store could be read and written last. Held by who looks.
    pub(super) checked: tokio::sync::Mutex<Option<tokio::time::Instant>>,
    /// Told whenever a run has ended.
    pub(super) has_ended: Notify,
    /// Places for packages that come in.
    pub(super) receiving: Arc<Semaphore>,
    pub(super) metrics: Arc<Metrics>,
    /// The store below the other, which knows what runs came to.
    pub(super) measured: Arc<Measured>,
}

/// What the store does not say.
#[derive(Default)]
pub(super) struct Now {
    pub(super) phases: HashMap<RunId, Phase>,
    /// What the services of runs that have not ended are shown.
    pub(super) keys: HashMap<RunId, ServiceKey>,
    /// Runs that are being forgotten: nobody goes on with them.
    forgetting: HashSet<RunId>,
    /// Which run a caller's request of that name began.
    pub(super) requests: HashMap<(String, String), RunId>,
}

impl Now {
    /// Whether somebody is at it, or it is to have its turn.
    fn is_taken(&self, run: &RunId) -> bool {
        matches!(self.phases.get(run), Some(Phase::Waiting | Phase::Running)) || self.forgetting.contains(run)
    }
}

/// What became of a run that was to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgotten {
    Gone,
    /// Somebody is at it.
    Kept,
}

/// How far a run is that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Running,
    /// The server has forgotten the key for its services.
    NeedsKey,
    /// It could not go on.
    Interrupted(String),
}

impl Model {
    pub(super) fn create(&self, request: &Request) -> Result<Begun, Error> {
        let named = request.idempotency.as_ref().map(|key| (request.caller.to_string(), key.clone()));
        // Of two that come at once, the second finds the first in the store.
        let _turn = named.as_ref().map(|_| self.naming.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(begun) = named.as_ref().map(|named| self.repeated(request, named)).transpose()?.flatten()
        {
            return Ok(begun);
        }
        self.check_key(request.service_key.as_ref())?;
        // Its package is there until the run is in the store, and then as long as the run is.
        let _kept = self.beginning.read().unwrap_or_else(PoisonError::into_inner);
        let plan = self.packages.plan(&request.wanted)?;
        self.check_endpoints(&plan.nodes)?;
        let run = StoredRun {
            id: new_id(request.naming),
            created: SystemTime::now(),
            pipeline: plan.name.clone(),
            digest: request.wanted.package.clone(),
            initial_data: request.wanted.initial_data.clone(),
            mode: plan.mode.as_str().to_owned(),
            data: String::new(),
            version: self.settings.version.clone(),
            steps: plan.steps.iter().map(|step| step.name.to_string()).collect(),
            labels: labels::of(request),
            ending: Ending::Open,
        };
        let id = run.id.clone();
        {
            let mut now = self.lock();
            let waiting = now.phases.values().filter(|phase| **phase == Phase::Waiting).count();
            if waiting >= self.settings.most_waiting {
                self.metrics.runs.refused.inc();
                return Err(Error::Full { waiting });
            }
            now.requests.extend(named.map(|named| (named, id.clone())));
            now.phases.insert(id.clone(), Phase::Waiting);
            now.keys.extend(request.service_key.clone().map(|key| (id.clone(), key)));
        }
        self.store.open(&id);
        if let Err(error) = self.store.create(&run) {
            let mut now = self.lock();
            now.phases.remove(&id);
            now.keys.remove(&id);
            now.requests.retain(|_, known| *known != id);
            drop(now);
            self.store.close(&id);
            return Err(error.into());
        }
        Ok(Begun { run: id, is_repeated: false })
    }

    pub(super) fn repeated(
        &self,
        request: &Request,
        named: &(String, String),
    ) -> Result<Option<Begun>, Error> {
        let Some(run) = self.lock().requests.get(named).cloned() else { return Ok(None) };
        // One that is gone can be begun anew.
        let Some(stored) = self.store.run(&run)? else { return Ok(None) };
        if labels::wanted(&stored) != request.wanted {
            return Err(Error::OtherRequest { key: named.1.clone() });
        }
        Ok(Some(Begun { run, is_repeated: true }))
    }

    pub(super) fn enter(&self, run: &RunId, phase: Phase) {
        let is_interrupted = matches!(phase, Phase::Interrupted(_));
        match &phase {
            Phase::Interrupted(reason) => (self.notices)(&Notice::Interrupted { run, reason }),
            Phase::NeedsKey => (self.notices)(&Notice::NeedsKey { run }),
            Phase::Waiting | Phase::Running => {}
        }
        self.lock().phases.insert(run.clone(), phase);
        if is_interrupted {
            self.store.close(run);
        } else {
            self.store.open(run);
        }
    }

    /// It waits for its turn, unless it does already, is being worked on or forgotten: of two who ask at once, one is the first.
    pub(super) fn enter_if_free(&self, run: &RunId) -> bool {
        let mut now = self.lock();
        if now.is_taken(run) {
            return false;
        }
        now.phases.insert(run.clone(), Phase::Waiting);
        drop(now);
        self.store.open(run);
        true
    }

    /// Stores that a run is to be gone on with.
    pub(super) fn reopen(&self, run: &RunId, redo: &[String]) -> Result<(), StoreError> {
        if !self.has_begun(run)? {
            return Ok(());
        }
        let event = StoredEvent::Resumed { version: self.settings.version.clone(), redo: redo.to_vec() };
        let entry = Entry { at: SystemTime::now(), event, message: None };
        self.store.append(run, self.length(run)?, &[entry]).map(drop)
    }

    /// It waits no longer.
    pub(super) fn leave_waiting(&self, run: &RunId) {
        self.lock().phases.remove(run);
        self.store.close(run);
    }

    /// Nobody works on it any more. Why it could not go on is still known.
    pub(super) fn leave(&self, run: &RunId) {
        let mut now = self.lock();
        if !matches!(now.phases.get(run), Some(Phase::Interrupted(_))) {
            now.phases.remove(run);
            now.keys.remove(run);
        }
        drop(now);
        self.store.close(run);
    }

    /// Stores that a run has ended, and why where that is no failure of a step.
    pub(super) fn store_end(&self, run: &RunId, outcome: Outcome) -> Result<(), StoreError> {
        let at = SystemTime::now();
        let entry = |event| Entry { at, event, message: None };
        let asked = (outcome == Outcome::Cancelled).then(|| entry(StoredEvent::CancelRequested));
        let end = entry(StoredEvent::Finished { outcome: outcome.as_str().to_owned() });
        let events: Vec<Entry> = asked.into_iter().chain([end]).collect();
        self.store.append(run, self.length(run)?, &events).map(drop)
    }

    /// The end of a run that nobody works on, since somebody cancelled it.
    pub(super) fn end_unbegun(&self, run: &RunId) -> Result<(), StoreError> {
        if let Err(error) = self.store_end(run, Outcome::Cancelled) {
            self.enter(run, Phase::Interrupted(error.to_string()));
            return Err(error);
        }
        (self.notices)(&Notice::Cancelled { run });
        let mut now = self.lock();
        now.phases.remove(run);
        now.keys.remove(run);
        drop(now);
        self.store.close(run);
        Ok(())
    }

    /// Nothing is known of a run any more; nothing happens when somebody is at it. While it goes, nobody begins to go on with it.
    pub(super) fn forget(&self, run: &RunId) -> Result<Forgotten, StoreError> {
        {
            let mut now = self.lock();
            if now.is_taken(run) {
                return Ok(Forgotten::Kept);
            }
            now.forgetting.insert(run.clone());
        }
        let forgotten = self.store.forget(run);
        let mut now = self.lock();
        now.forgetting.remove(run);
        // One that is still there is as it was; of one that is not, a file may be left that could not be removed.
        if forgotten.is_err() && self.store.run(run).map_or(true, |run| run.is_some()) {
            return forgotten.map(|()| Forgotten::Gone);
        }
        now.phases.remove(run);
        now.keys.remove(run);
        now.requests.retain(|_, known| known != run);
        drop(now);
        self.store.close(run);
        forgotten.map(|()| Forgotten::Gone)
    }

    /// What carries a run out.
    pub(super) fn means_of(&self, run: &RunId) -> Result<Means, String> {
        let key = self.lock().keys.get(run).cloned();
        (self.means)(key.as_ref())
    }

    pub(super) fn check_key(&self, key: Option<&ServiceKey>) -> Result<(), Error> {
        let Some(key) = key else { return Ok(()) };
        (self.means)(Some(key)).map(drop).map_err(|reason| Error::BadServiceKey { reason })
    }

    /// An error for the first node that packages may not name.
    pub(super) fn check_endpoints(&self, nodes: &[PlannedNode]) -> Result<(), Error> {
        let allowed = &self.settings.allowed;
        let is_refused = |node: &&PlannedNode| {
            !allowed.is_empty() && !allowed.iter().any(|some| some.holds(&node.address))
        };
        match nodes.iter().find(is_refused) {
            Some(node) => {
                Err(Error::NotAllowed { node: node.name.to_string(), address: node.address.to_string() })
            }
            None => Ok(()),
        }
    }

    pub(super) fn has_key(&self, run: &RunId) -> bool {
        self.lock().keys.contains_key(run)
    }

    pub(super) fn keep_key(&self, run: &RunId, key: ServiceKey) {
        self.lock().keys.insert(run.clone(), key);
    }

    /// What a run that has no end in the store would have come to, had the process lived: a step had failed for good, which is
    /// called again only when somebody asks, or it was to be cancelled.
    pub(super) fn was_to_end(&self, run: &StoredRun) -> Result<Option<Outcome>, StoreError> {
        let is_live = labels::mode(run) == Mode::Live;
        let (mut has_failed, mut is_cancelled) = (false, false);
        self.store.read(&run.id, 0, &mut |_, entry| match entry.event {
            StoredEvent::CancelRequested => is_cancelled = true,
            StoredEvent::StepFailed { .. } => has_failed = true,
            // A live run goes on with the next message.
            StoredEvent::Failed { .. } if !is_live => has_failed = true,
            StoredEvent::Started | StoredEvent::Resumed { .. } => (has_failed, is_cancelled) = (false, false),
            _ => {}
        })?;
        Ok(match (has_failed, is_cancelled) {
            (true, _) => Some(Outcome::Failed),
            (false, true) => Some(Outcome::Cancelled),
            (false, false) => None,
        })
    }

    /// Whether any service may have been called for a live run: what is done in one is stored a while later.
    pub(super) fn has_called(&self, run: &StoredRun) -> Result<bool, StoreError> {
        let node = |step: &String| step.split(':').next().unwrap_or_default().to_owned();
        let mut awaited: BTreeSet<String> = run.steps.iter().map(node).collect();
        let mut has_more = false;
        self.store.read(&run.id, 0, &mut |_, entry| match entry.event {
            StoredEvent::Started | StoredEvent::Resumed { .. } | StoredEvent::NodeUnreachable { .. } => {}
            StoredEvent::NodeReady { node } => drop(awaited.remove(&node)),
            _ => has_more = true,
        })?;
        Ok(has_more || awaited.is_empty())
    }

    pub(super) fn has_begun(&self, run: &RunId) -> Result<bool, StoreError> {
        Ok(self.length(run)? > 0)
    }

    pub(super) fn length(&self, run: &RunId) -> Result<u64, StoreError> {
        let mut count = 0;
        self.store.read(run, 0, &mut |position, _| count = position + 1)?;
        Ok(count)
    }

    /// Counts how runs stand now. One that goes from one state to another may be counted in both for a moment.
    pub(super) fn count(&self) {
        let mut standing = [0_usize; State::ALL.len()];
        for phase in self.lock().phases.values() {
            let state = match phase {
                Phase::Waiting => State::Waiting,
                Phase::Running => State::Running,
                Phase::NeedsKey => State::NeedsKey,
                Phase::Interrupted(_) => State::Interrupted,
            };
            standing[state as usize] += 1;
        }
        for outcome in Outcome::ALL {
            standing[State::from(outcome) as usize] += self.measured.ended(outcome);
        }
        State::ALL.into_iter().zip(standing).for_each(|(state, runs)| self.metrics.runs.stand(state, runs));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Now> {
        // Nothing in here panics between two changes.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `run-` or `wf-`, and twelve digits. There are 281 trillion of them.
pub(super) fn new_id(naming: Naming) -> RunId {
    let digits = Uuid::new_v4().simple().to_string();
    let begins = match naming {
        Naming::Run => "run",
        Naming::Workflow => "wf",
    };
    let name = format!("{begins}-{}", digits.get(..12).unwrap_or(&digits));
    // Letters, digits and a hyphen: this ends with the first turn.
    RunId::new(&name).unwrap_or_else(|_| new_id(naming))
}
