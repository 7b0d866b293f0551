//! Events on their way to the thread that writes them: [`Queue`].

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::store::StoredEvent;

use super::form;
use super::spool::Spool;

/// How many events wait in memory at most; the lines of those that come then wait in a temporary file.
const MOST: usize = 4096;
/// The writer sleeps so long where little happens, and is not woken for each event.
const PAUSE: Duration = Duration::from_millis(100);

/// One event, and when it was decided.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) at: SystemTime,
    pub(super) event: StoredEvent,
}

/// What the writer takes at once. The events come before the lines.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Happened>,
    /// Bytes of lines, which may begin and end anywhere.
    pub(super) lines: Vec<u8>,
}

/// Takes events from one thread to another. Whoever hands one over never waits for whoever takes it.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Older than all that is in the spool.
    events: Vec<Happened>,
    spool: Spool,
    stage: Stage,
    /// How many were handed over.
    put: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// No more events come; what is there is to be written.
    Closed,
    /// The writer has ended: all is written, or nothing more can be.
    Over,
}

impl Queue {
    pub(super) fn new() -> Self {
        let events = Vec::with_capacity(MOST);
        let state = State { events, spool: Spool::default(), stage: Stage::Open, put: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Hands an event on. After the one time that this fails, since there is no room on the disk, events are dropped.
    pub(super) fn put(&self, event: Happened) -> io::Result<()> {
        let mut state = self.lock();
        state.put += 1;
        if state.stage != Stage::Open {
            return Ok(());
        }
        if state.events.len() < MOST && state.spool.is_empty() {
            state.events.push(event);
            if state.events.len() == MOST / 2 {
                self.changed.notify_all();
            }
            return Ok(());
        }
        let kept = state.spool.put(|lines| form::write_line(event.at, &event.event, lines));
        if kept.is_err() {
            state.stage = Stage::Closed;
        }
        kept
    }

    /// Waits for events, and gives them in place of what was in `batch`. `false` when there are no more.
    pub(super) fn take(&self, batch: &mut Batch) -> io::Result<bool> {
        batch.events.clear();
        batch.lines.clear();
        let is_early = |state: &mut State| {
            state.events.len() < MOST / 2 && state.spool.is_empty() && state.stage == Stage::Open
        };
        let waited = self.changed.wait_timeout_while(self.lock(), PAUSE, is_early);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if !state.events.is_empty() {
            std::mem::swap(&mut state.events, &mut batch.events);
            return Ok(true);
        }
        state.spool.take(&mut batch.lines)?;
        Ok(state.stage == Stage::Open || !batch.lines.is_empty())
    }

    /// The writer has ended.
    pub(super) fn written(&self) {
        self.lock().stage = Stage::Over;
    }

    /// No more events come. Gives how many have come.
    pub(super) fn close(&self) -> u64 {
        let mut state = self.lock();
        if state.stage == Stage::Open {
            state.stage = Stage::Closed;
        }
        self.changed.notify_all();
        state.put
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
