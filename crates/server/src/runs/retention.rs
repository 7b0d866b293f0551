//! Forgets runs that have ended long ago, or that are too many.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::ports::{Place, RunStore, StoreError};
use aieffect_orchestrator::store::{Ending, StoredRun};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::labels;
use super::model::Model;
use super::view::State;

/// Looks are at least so far apart, however many runs end.
const PAUSE: Duration = Duration::from_secs(1);
/// And so far at most, where age counts.
const LONGEST: Duration = Duration::from_secs(60);
/// Runs that are looked at together.
const PART: usize = 200;

/// Which runs that have ended are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Retention {
    /// The latest of them.
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
    let looking = async {
        loop {
            let sweeping = Arc::clone(&model);
            // What cannot be read or written now is tried again with the next look; `/readyz` says it.
            tokio::task::spawn_blocking(move || sweep(&sweeping, retention)).await.ok();
            sleep(PAUSE).await;
            timeout(interval, model.has_ended.notified()).await.ok();
        }
    };
    tokio::select! {
        () = looking => {}
        () = stop.cancelled() => {}
    }
}

/// Forgets what need not be kept any more.
fn sweep(model: &Model, retention: Retention) -> Result<(), StoreError> {
    let limit = retention.age.and_then(|age| SystemTime::now().checked_sub(age));
    let (mut place, mut kept) = (None, 0);
    loop {
        let part = model.store.runs_behind(place.as_ref(), PART)?;
        let Some(last) = part.last() else { return Ok(()) };
        place = Some(Place { created: last.created, run: last.id.clone() });
        for run in part.iter().filter(|run| has_ended(run)) {
            let is_one_too_many = retention.count.is_some_and(|count| kept >= count);
            if !is_one_too_many && !ended_before(model, run, limit)? {
                kept += 1;
                continue;
            }
            // Somebody may go on with it since.
            if !matches!(model.state_of(run), State::Waiting | State::Running) {
                model.forget(&run.id)?;
                model.metrics.runs.forgotten.inc();
            }
        }
    }
}

/// Whether it is one of the server's, and over.
fn has_ended(run: &StoredRun) -> bool {
    run.labels.contains_key(labels::PACKAGE) && matches!(run.ending, Ending::Ended(_))
}

fn ended_before(model: &Model, run: &StoredRun, limit: Option<SystemTime>) -> Result<bool, StoreError> {
    let Some(limit) = limit.filter(|limit| run.created < *limit) else { return Ok(false) };
    let mut last = run.created;
    model.store.read(&run.id, 0, &mut |_, entry| last = entry.at)?;
    Ok(last < limit)
}
