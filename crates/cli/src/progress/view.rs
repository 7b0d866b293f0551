//! What is seen of a run at one moment: [`View`].

use std::time::{Duration, SystemTime};

use aieffect_orchestrator::engine::Passed;

use super::board::{Look, Phase, State};
use super::rates::Rates;

/// What is seen of a run at one moment.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    pub(super) phase: &'a Phase,
    /// How many nodes it has.
    pub(super) nodes: usize,
    /// Since it began.
    pub(super) time: Duration,
    /// In plan order.
    pub(super) steps: Vec<StepView<'a>>,
}

/// What is seen of a step.
#[derive(Debug, Clone)]
pub(super) struct StepView<'a> {
    pub(super) name: &'a str,
    pub(super) state: State,
    /// Since it was first called.
    pub(super) time: Option<Duration>,
    /// When something last happened, where that is over.
    pub(super) last: Option<SystemTime>,
    /// Messages that it gave.
    pub(super) messages: u64,
    /// Their size.
    pub(super) bytes: u64,
    /// Messages per second, of one that gives many.
    pub(super) rate: Option<f64>,
    /// How far its call says it is, in thousandths, while it is open.
    pub(super) progress: Option<u16>,
    /// Calls that failed, of a step that goes on.
    pub(super) failed: u64,
}

impl<'a> View<'a> {
    /// What is seen `now`; a run that has ended looks as it did at its end.
    pub(super) fn new(
        look: &'a Look,
        names: &'a [String],
        passed: &[Passed],
        rates: &Rates,
        now: SystemTime,
    ) -> Self {
        let now = look.ended.unwrap_or(now);
        let since = |begin: SystemTime, end: SystemTime| end.duration_since(begin).unwrap_or_default();
        let steps =
            look.notes.iter().zip(names).zip(passed).enumerate().map(|(index, ((note, name), passed))| {
                let state = note.state(&look.phase);
                let is_open =
                    matches!(state, State::Running | State::Retrying | State::Queued | State::Waiting);
                let end = if is_open { now } else { note.last.unwrap_or(now) };
                let time = note.began.map(|began| since(began, end)).filter(|_| state != State::Reused);
                let mean = time.map(|time| passed.messages as f64 / time.as_secs_f64().max(0.001));
                let rate = if is_open { rates.of(index) } else { mean };
                StepView {
                    name,
                    state,
                    time,
                    last: note.last.filter(|_| !is_open),
                    messages: passed.messages,
                    bytes: passed.bytes,
                    rate: rate.filter(|_| note.gives_many && passed.messages > 0),
                    progress: passed.progress.filter(|_| state == State::Running),
                    failed: note.failed,
                }
            });
        let steps = steps.collect();
        Self { phase: &look.phase, nodes: look.nodes, time: since(look.began, now), steps }
    }
}
