//! Forgets runs that have ended long ago, or that are too many.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::{Place, RunStore, StoreError};
use aieffect_orchestrator::store::{Ending, StoredRun};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::labels;
use super::model::{Forgotten, Model};
use crate::notices::Notice;

/// Looks are at least so far apart, however many runs end.
const PAUSE: Duration = Duration::from_secs(1);
/// And so far at most, where age counts.
const LONGEST: Duration = Duration::from_secs(60);
/// Runs that are looked at together.
const PART: usize = 200;

/// Which runs that have ended are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// Those that ended latest.
    pub count: Option<usize>,
    /// Those that ended no longer ago.
    pub age: Option<Duration>,
}

/// Looks whenever runs have ended, and now and then where age counts, until it is told to stop.
pub(super) async fn keep(model: Arc<Model>, stop: CancellationToken) {
    let retention = model.settings.retention;
    let interval = match retention.age {
        Some(age) => (age / 4).clamp(PAUSE, LONGEST),
        None if retention.count.is_some() => Duration::MAX,
        None => return,
    };
    let sweep = Arc::new(Mutex::new(Sweep::default()));
    let looking = async {
        loop {
            let (sweeping, sweep) = (Arc::clone(&model), Arc::clone(&sweep));
            // What cannot be read or written now is tried again with the next look; `/readyz` says it.
            let look = move || {
                let mut sweep = sweep.lock().unwrap_or_else(PoisonError::into_inner);
                sweep.look(&sweeping, retention)
            };
            tokio::task::spawn_blocking(look).await.ok();
            sleep(PAUSE).await;
            timeout(interval, model.has_ended.notified()).await.ok();
        }
    };
    tokio::select! {
        () = looking => {}
        () = stop.cancelled() => {}
    }
}

/// Forgets what need not be kept any more, and knows between looks what it has seen.
#[derive(Default)]
struct Sweep {
    /// When runs ended: of each, its events are read once.
    ends: HashMap<RunId, SystemTime>,
    /// Runs that could not be forgotten, which is told once.
    told: HashSet<RunId>,
}

/// A run that has ended.
struct Candidate {
    run: RunId,
    created: SystemTime,
}

impl Sweep {
    fn look(&mut self, model: &Model, retention: Retention) -> Result<(), StoreError> {
        let candidates = candidates(model)?;
        let there: HashSet<&RunId> = candidates.iter().map(|candidate| &candidate.run).collect();
        self.ends.retain(|run, _| there.contains(run));
        self.told.retain(|run| there.contains(run));
        let limit = retention.age.and_then(|age| SystemTime::now().checked_sub(age));
        let are_too_many = retention.count.is_some_and(|count| candidates.len() > count);
        // The end of others need not be known.
        let in_question = candidates
            .iter()
            .filter(|candidate| are_too_many || limit.is_some_and(|limit| candidate.created < limit));
        let mut ended = Vec::new();
        for Candidate { run, created } in in_question {
            match self.end(model, run, *created) {
                Ok(at) => ended.push((at, run)),
                Err(error) => self.tell(model, run, &error),
            }
        }
        // The latest first.
        ended.sort_unstable_by(|one, other| other.cmp(one));
        // Of those that go, the earliest goes first.
        for (place, (at, run)) in ended.into_iter().enumerate().rev() {
            let is_one_too_many = retention.count.is_some_and(|count| place >= count);
            if !is_one_too_many && limit.is_none_or(|limit| at >= limit) {
                continue;
            }
            match forget(model, run, at) {
                Ok(Forgotten::Gone) => {
                    model.metrics.runs.forgotten.inc();
                }
                // Somebody goes on with it, or has since it was looked at.
                Ok(Forgotten::Kept) => {
                    self.ends.remove(run);
                }
                Err(error) => self.tell(model, run, &error),
            }
        }
        Ok(())
    }

    fn end(&mut self, model: &Model, run: &RunId, created: SystemTime) -> Result<SystemTime, StoreError> {
        if let Some(end) = self.ends.get(run) {
            return Ok(*end);
        }
        let end = last_event(model, run)?.unwrap_or(created);
        self.ends.insert(run.clone(), end);
        Ok(end)
    }

    fn tell(&mut self, model: &Model, run: &RunId, error: &StoreError) {
        if self.told.insert(run.clone()) {
            (model.notices)(&Notice::NotForgotten { run, reason: &error.to_string() });
        }
    }
}

/// Forgets a run that ended then, and has not been gone on with since.
fn forget(model: &Model, run: &RunId, ended: SystemTime) -> Result<Forgotten, StoreError> {
    let has_ended = model.store.run(run)?.is_some_and(|run| has_ended(&run));
    if !has_ended || last_event(model, run)?.is_some_and(|last| last != ended) {
        return Ok(Forgotten::Kept);
    }
    model.forget(run)
}

fn last_event(model: &Model, run: &RunId) -> Result<Option<SystemTime>, StoreError> {
    let mut last = None;
    model.store.read(run, 0, &mut |_, entry| last = Some(entry.at))?;
    Ok(last)
}

fn candidates(model: &Model) -> Result<Vec<Candidate>, StoreError> {
    let (mut place, mut candidates) = (None, Vec::new());
    loop {
        let part = model.store.runs_behind(place.as_ref(), PART)?;
        let Some(last) = part.last() else { return Ok(candidates) };
        place = Some(Place { created: last.created, run: last.id.clone() });
        let ended = part.into_iter().filter(has_ended);
        candidates.extend(ended.map(|run| Candidate { run: run.id, created: run.created }));
    }
}

/// Whether it is one of the server's, and over.
fn has_ended(run: &StoredRun) -> bool {
    run.labels.contains_key(labels::PACKAGE) && matches!(run.ending, Ending::Ended(_))
}
