//! What is known of a run: [`RunRecord`], folded from what happens in it, in memory that does not grow with it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aieffect_blueprint::Mode;

use super::errors::{Errors, Fault, Place};
use super::histogram::Histogram;
use super::track::{Bar, BarKind, Bins, Track};

/// As many calls are remembered one by one, of all steps together.
const MOST_BARS: usize = 20_000;

/// What happened in a run, as far as a report tells it. Steps and nodes are named by their positions; times are counted
/// from the run's beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    pub(super) mode: Mode,
    pub(super) nodes: Vec<NodeRecord>,
    pub(super) steps: Vec<StepRecord>,
    pub(super) errors: Errors,
    /// The calls of all steps together.
    pub(super) whole: Bins,
    /// The latest moment that is known of.
    pub(super) end: Duration,
    open: HashMap<(usize, u64), Open>,
    /// In a batch run: calls that were given up, and are the same ones when they are made after all.
    given_up: HashSet<(usize, u64)>,
    bars: usize,
}

/// A node, and when it answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NodeRecord {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) answered: Option<Duration>,
}

/// A step, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepRecord {
    pub(super) name: String,
    pub(super) node: usize,
    pub(super) state: StepState,
    /// Calls that began, each counted once however often it was attempted.
    pub(super) calls: u64,
    /// Of these, the ones that failed.
    pub(super) failed: u64,
    /// Attempts that failed and were made again.
    pub(super) repeated: u64,
    /// Stored results in place of calls.
    pub(super) reused: u64,
    /// How long attempts took, of all that ended by themselves.
    pub(super) times: Histogram,
    /// In attempts, with those that were given up.
    pub(super) attempts: Duration,
    pub(super) queueing: Duration,
    pub(super) backoff: Duration,
    pub(super) storing: Duration,
    pub(super) amounts: Amounts,
    pub(super) track: Track,
    /// Since when what the next call is made of has been there.
    supplied: Option<Duration>,
    /// Failed calls that are known one by one, of those that will be counted.
    told: u64,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It has not been called.
    Waiting,
    /// It has been called, and has not ended.
    Called,
    /// All its calls ended well.
    Finished,
    /// Its results are stored ones, and it is not called.
    Reused,
    /// It failed.
    Failed,
    /// A step that it takes from failed.
    Skipped,
    /// Its call was given up.
    Cancelled,
}

/// What passed through a step, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Requests made for it, and their bytes.
    pub requests: Option<(u64, u64)>,
    /// Messages that it gave.
    pub messages: u64,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// Time spent on making its requests.
    pub transfer: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
struct Open {
    begin: Duration,
    attempt: u32,
    lane: u8,
    /// Its attempt failed, and the next one is waited for.
    is_waiting: bool,
}

impl StepState {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Finished => "finished",
            Self::Reused => "reused",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl RunRecord {
    /// Of a run in which nothing has happened yet.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            nodes: Vec::new(),
            steps: Vec::new(),
            errors: Errors::default(),
            whole: Bins::default(),
            end: Duration::ZERO,
            open: HashMap::new(),
            given_up: HashSet::new(),
            bars: 0,
        }
    }

    /// A node, which gets the next position.
    pub fn add_node(&mut self, name: &str, address: &str) {
        self.nodes.push(NodeRecord { name: name.to_owned(), address: address.to_owned(), answered: None });
    }

    /// A step of the node at a position; it gets the next position itself.
    pub fn add_step(&mut self, name: &str, node: usize) {
        self.steps.push(StepRecord {
            name: name.to_owned(),
            node,
            state: StepState::Waiting,
            calls: 0,
            failed: 0,
            repeated: 0,
            reused: 0,
            times: Histogram::default(),
            attempts: Duration::ZERO,
            queueing: Duration::ZERO,
            backoff: Duration::ZERO,
            storing: Duration::ZERO,
            amounts: Amounts::default(),
            track: Track::default(),
            supplied: None,
            told: 0,
        });
    }

    /// Nothing later than this is known of.
    pub fn until(&mut self, since: Duration) {
        self.end = self.end.max(since);
    }

    /// A node answers.
    pub fn node_answered(&mut self, node: usize, since: Duration) {
        self.until(since);
        if let Some(node) = self.nodes.get_mut(node) {
            node.answered.get_or_insert(since);
        }
    }

    /// What a step's next call is made of is there.
    pub fn supplied(&mut self, step: usize, since: Duration) {
        if let Some(step) = self.steps.get_mut(step) {
            step.supplied = Some(since);
        }
    }

    /// An attempt begins: it was decided on at `decided`, and what it takes began at `since`.
    pub fn called(&mut self, step: usize, seq: u64, attempt: u32, decided: Duration, since: Duration) {
        self.until(since);
        let Some(record) = self.steps.get_mut(step) else { return };
        record.state = StepState::Called;
        if let Some(supplied) = record.supplied.take() {
            record.queueing += decided.saturating_sub(supplied);
        }
        let lane = record.track.enter();
        let open = Open { begin: since, attempt, lane, is_waiting: false };
        match self.open.insert((step, seq), open) {
            Some(before) => record.backoff += since.saturating_sub(before.begin),
            // It goes on with what was given up when the process before this one ended.
            None if self.given_up.remove(&(step, seq)) => {}
            None => record.calls += 1,
        }
    }

    /// A stored result stands in place of a call.
    pub fn reused(&mut self, step: usize, seq: u64, since: Duration) {
        self.until(since);
        let Some(record) = self.steps.get_mut(step) else { return };
        record.reused += 1;
        record.supplied = None;
        self.draw(step, Bar { begin: since, end: since, seq, attempt: 0, lane: 0, kind: BarKind::Reused });
    }

    /// A call ended well.
    pub fn answered(&mut self, step: usize, seq: u64, since: Duration) {
        self.ended(step, seq, since, BarKind::Answered);
    }

    /// An attempt failed, and is made again.
    pub fn to_be_repeated(&mut self, step: usize, seq: u64, since: Duration, failure: &str) {
        let attempt = self.open.get(&(step, seq)).map_or(1, |open| open.attempt);
        self.ended(step, seq, since, BarKind::Repeated);
        // What is waited for now is the next attempt.
        self.open.insert((step, seq), Open { begin: since, attempt, lane: 0, is_waiting: true });
        if let Some(record) = self.steps.get_mut(step) {
            record.repeated += 1;
        }
        self.errors
            .add(Fault { step, place: Place::Attempt { seq, attempt }, since, is_last: false }, failure);
    }

    /// A call failed for good.
    pub fn failed(&mut self, step: usize, seq: u64, since: Duration, failure: &str) {
        let attempt = self.open.get(&(step, seq)).map_or(1, |open| open.attempt);
        self.ended(step, seq, since, BarKind::Failed);
        if let Some(record) = self.steps.get_mut(step) {
            record.failed += 1;
            if self.mode == Mode::Batch {
                record.state = StepState::Failed;
            }
        }
        self.errors
            .add(Fault { step, place: Place::Attempt { seq, attempt }, since, is_last: true }, failure);
    }

    /// A call was given up.
    pub fn cut(&mut self, step: usize, seq: u64, since: Duration) {
        self.ended(step, seq, since, BarKind::Cut);
    }

    /// What became of calls of which only their number is known. `failure` is that of the last one that failed and has not
    /// been told by [`failed_of_counted`](Self::failed_of_counted).
    pub fn counted(&mut self, step: usize, calls: u64, failed: u64, since: Duration, failure: Option<&str>) {
        self.until(since);
        let Some(record) = self.steps.get_mut(step) else { return };
        record.state = StepState::Called;
        record.calls += calls;
        record.failed += failed;
        let others = failed.saturating_sub(std::mem::take(&mut record.told));
        if let Some(failure) = failure
            && others > 0
        {
            self.errors.add_times(Fault { step, place: Place::Calls, since, is_last: true }, failure, others);
        }
    }

    /// A call failed that the next [`counted`](Self::counted) of its step counts.
    pub fn failed_of_counted(&mut self, step: usize, seq: u64, attempt: u32, since: Duration, failure: &str) {
        self.until(since);
        if let Some(record) = self.steps.get_mut(step) {
            record.told += 1;
        }
        self.errors
            .add(Fault { step, place: Place::Attempt { seq, attempt }, since, is_last: true }, failure);
    }

    /// A step failed other than by a call; or, in a live run, since too many of its calls did.
    pub fn step_failed(&mut self, step: usize, since: Duration, failure: &str) {
        self.stands(step, StepState::Failed);
        let is_told = self.mode == Mode::Live && self.steps.get(step).is_some_and(|step| step.failed > 0);
        if !is_told {
            self.errors.add(Fault { step, place: Place::Step, since, is_last: true }, failure);
        }
    }

    /// How a step stands from now on.
    pub fn stands(&mut self, step: usize, state: StepState) {
        if let Some(record) = self.steps.get_mut(step) {
            record.state = state;
        }
    }

    /// A step has no more calls to come.
    pub fn finished(&mut self, step: usize) {
        if let Some(record) = self.steps.get_mut(step) {
            record.state =
                if record.calls == 0 && record.reused > 0 { StepState::Reused } else { StepState::Finished };
        }
    }

    /// Whether a call has begun and not ended.
    pub fn is_open(&self, step: usize, seq: u64) -> bool {
        self.open.contains_key(&(step, seq))
    }

    /// How a step stands.
    pub fn state(&self, step: usize) -> Option<StepState> {
        self.steps.get(step).map(|step| step.state)
    }

    /// Something about a step was stored.
    pub fn stored(&mut self, step: usize, took: Duration) {
        if let Some(record) = self.steps.get_mut(step) {
            record.storing += took;
        }
    }

    /// What has passed through a step in all.
    pub fn passed(&mut self, step: usize, amounts: Amounts) {
        if let Some(record) = self.steps.get_mut(step) {
            record.amounts = amounts;
        }
    }

    /// The run ended at that time: calls that have not ended by then are given up.
    pub fn close(&mut self, since: Duration) {
        self.until(since);
        let mut open: Vec<(usize, u64)> = self.open.keys().copied().collect();
        open.sort_unstable();
        for (step, seq) in open {
            self.cut(step, seq, self.end);
        }
        for step in &mut self.steps {
            // What was not counted any more, since the process was killed.
            let told = std::mem::take(&mut step.told);
            step.calls += told;
            step.failed += told;
            // A live step goes on until the run ends, and past failures of single calls.
            if self.mode == Mode::Live && step.state == StepState::Called {
                let has_failed = step.failed > 0 && step.failed >= step.calls;
                step.state = if has_failed { StepState::Failed } else { StepState::Finished };
            }
        }
    }

    /// When the last node answered.
    pub(super) fn ready(&self) -> Option<Duration> {
        self.nodes.iter().filter_map(|node| node.answered).max()
    }

    fn ended(&mut self, step: usize, seq: u64, since: Duration, kind: BarKind) {
        self.until(since);
        let Some(open) = self.open.remove(&(step, seq)) else { return };
        let Some(record) = self.steps.get_mut(step) else { return };
        if kind == BarKind::Cut && self.mode == Mode::Batch {
            self.given_up.insert((step, seq));
        }
        let took = since.saturating_sub(open.begin);
        if open.is_waiting {
            // Given up between two attempts.
            record.backoff += took;
            // One that has failed, or is not called any more, stays so.
            if self.mode == Mode::Batch && record.state == StepState::Called {
                record.state = StepState::Cancelled;
            }
            return;
        }
        record.track.leave(open.lane);
        record.attempts += took;
        match kind {
            BarKind::Cut if self.mode == Mode::Batch && record.state == StepState::Called => {
                record.state = StepState::Cancelled;
            }
            BarKind::Cut | BarKind::Reused => {}
            BarKind::Answered | BarKind::Repeated | BarKind::Failed => record.times.add(took),
        }
        let Open { begin, attempt, lane, .. } = open;
        self.draw(step, Bar { begin, end: since.max(begin), seq, attempt, lane, kind });
    }

    fn draw(&mut self, step: usize, bar: Bar) {
        self.whole.add(&bar);
        let room = MOST_BARS.saturating_sub(self.bars);
        let Some(record) = self.steps.get_mut(step) else { return };
        self.bars = self.bars.saturating_add_signed(record.track.add(bar, room));
    }
}

impl StepRecord {
    /// In calls, without making their requests.
    pub(super) fn calling(&self) -> Duration {
        self.attempts.saturating_sub(self.transfer())
    }

    pub(super) fn transfer(&self) -> Duration {
        self.amounts.transfer.unwrap_or_default().min(self.attempts)
    }
}

#[cfg(test)]
mod tests;
