//! When a live run comes to its end: its time is up, or it has gone quiet, and then what waited is worked off.

use std::future::pending;
use std::time::Duration;

use aieffect_blueprint::Mode;
use tokio::time::{Instant, sleep_until};

use super::effects::Effects;
use super::options::RunOptions;
use crate::plan::Plan;
use crate::run::{Closing, FiringId, Input, RunState};

/// How often a closing run is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Watches a live run.
pub(super) struct Watch {
    is_live: bool,
    quiet: Duration,
    grace: Duration,
    lasting: Option<Duration>,
    /// When its time is up; from when it fires.
    end: Option<Instant>,
    moves: u64,
    moved: Instant,
    closing_since: Option<Instant>,
    /// Calls that did not end in time, and are cut one by one.
    to_cut: Vec<FiringId>,
    /// What had passed when nothing was left to do, at the last look.
    drained_at: Option<u64>,
    next_look: Instant,
}

impl Watch {
    pub(super) fn new(plan: &Plan, options: &RunOptions) -> Self {
        let now = Instant::now();
        Self {
            is_live: plan.mode == Mode::Live,
            quiet: options.quiet,
            grace: options.grace,
            lasting: options.lasting,
            end: None,
            moves: 0,
            moved: now,
            closing_since: None,
            to_cut: Vec::new(),
            drained_at: None,
            next_look: now,
        }
    }

    /// Waits until it is time to look at the run. Dropping the future loses nothing.
    pub(super) async fn due(&self) {
        if !self.is_live {
            return pending().await;
        }
        sleep_until(self.next_look).await;
    }

    /// Looks at the run: what there is to tell it.
    pub(super) fn look(&mut self, state: &RunState, plan: &Plan, effects: &Effects) -> Option<Input> {
        let pause = if state.is_closing() { TICK } else { (self.quiet / 8).clamp(TICK, 25 * TICK) };
        let now = Instant::now();
        self.next_look = self.end.map_or(now + pause, |end| end.clamp(now, now + pause));
        if state.is_closing() {
            return self.ending(state, effects);
        }
        self.running(state, plan, effects)
    }

    fn running(&mut self, state: &RunState, plan: &Plan, effects: &Effects) -> Option<Input> {
        let now = Instant::now();
        if !state.is_running() {
            self.moved = now;
            return None;
        }
        if let Some(lasting) = self.lasting.take() {
            self.end = Some(now + lasting);
        }
        if self.end.is_some_and(|end| now >= end) {
            self.end = None;
            return Some(Input::Close(Closing::TimeIsUp));
        }
        let moves = effects.flow().moves();
        let is_still = moves == self.moves && state.is_at_rest(plan) && effects.flow().is_empty();
        if !is_still {
            (self.moves, self.moved) = (moves, now);
        }
        (now - self.moved >= self.quiet).then_some(Input::Close(Closing::Quiet))
    }

    fn ending(&mut self, state: &RunState, effects: &Effects) -> Option<Input> {
        let since = *self.closing_since.get_or_insert_with(Instant::now);
        if !state.has_work() && effects.flow().is_empty() {
            // A message may be on its way from a queue to the run: it has arrived by the next look.
            let moves = Some(effects.flow().moves());
            let is_drained = self.drained_at == moves;
            self.drained_at = moves;
            return is_drained.then_some(Input::Drained);
        }
        self.drained_at = None;
        if since.elapsed() < self.grace {
            return None;
        }
        if self.to_cut.is_empty() {
            self.to_cut = effects.open_calls();
        }
        if self.to_cut.is_empty() {
            // What waits for room behind it waits for ever: a cycle that is full.
            effects.flow().abandon_all();
        }
        self.to_cut.pop().map(Input::CallCut)
    }
}
