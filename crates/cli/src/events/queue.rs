//! Events on their way to the thread that writes them: [`Queue`].

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::store::StoredEvent;

/// How many events wait at most.
const MOST: usize = 4096;
/// The writer sleeps so long where little happens, and is not woken for each event.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a run waits for a writer that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// One event, and when it was decided.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) at: SystemTime,
    pub(super) event: StoredEvent,
}

/// The writer hangs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unheard;

/// How the way to the file ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The writer has ended.
    Written,
    /// The writer hangs.
    Unheard,
    /// The writer hangs, and that has been said.
    GivenUp,
}

/// Takes events from one thread to another, and makes the first wait when they are too many.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    patience: Duration,
}

struct State {
    events: Vec<Happened>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// No more events come.
    Closed,
    /// The writer hung for too long; what comes is dropped.
    GivenUp,
    /// The writer has ended: all is written, or nothing more can be.
    Over,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self::with_patience(PATIENCE)
    }

    pub(super) fn with_patience(patience: Duration) -> Self {
        let state = State { events: Vec::with_capacity(MOST), stage: Stage::Open };
        Self { state: Mutex::new(state), changed: Condvar::new(), patience }
    }

    /// Hands an event on. After the one time that this fails, events are dropped.
    pub(super) fn put(&self, event: Happened) -> Result<(), Unheard> {
        let mut state = self.lock();
        if state.events.len() >= MOST {
            let is_full = |state: &mut State| state.events.len() >= MOST && state.stage == Stage::Open;
            state = self.wait(state, self.patience, is_full);
        }
        if state.stage != Stage::Open {
            return Ok(());
        }
        if state.events.len() >= MOST {
            state.stage = Stage::GivenUp;
            return Err(Unheard);
        }
        state.events.push(event);
        if state.events.len() == MOST / 2 {
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Waits for events, and swaps them for the empty list given. `false` when there are no more, or nobody is to
    /// write them.
    pub(super) fn take(&self, into: &mut Vec<Happened>) -> bool {
        let is_early = |state: &mut State| state.events.len() < MOST / 2 && state.stage == Stage::Open;
        let mut state = self.wait(self.lock(), PAUSE, is_early);
        if matches!(state.stage, Stage::GivenUp | Stage::Over) {
            return false;
        }
        std::mem::swap(&mut state.events, into);
        let goes_on = state.stage == Stage::Open || !into.is_empty();
        self.changed.notify_all();
        goes_on
    }

    /// The writer has ended.
    pub(super) fn written(&self) {
        self.lock().stage = Stage::Over;
        self.changed.notify_all();
    }

    /// No more events come. Waits until all are written.
    pub(super) fn close(&self) -> Closed {
        let mut state = self.lock();
        if state.stage == Stage::Open {
            state.stage = Stage::Closed;
        }
        self.changed.notify_all();
        let state = self.wait(state, self.patience, |state| state.stage == Stage::Closed);
        match state.stage {
            Stage::Over => Closed::Written,
            Stage::GivenUp => Closed::GivenUp,
            Stage::Open | Stage::Closed => Closed::Unheard,
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        time: Duration,
        goes_on: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, time, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
