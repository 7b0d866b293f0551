//! Which of the stored results still hold.
//!
//! A result holds when the inputs that it was made from are certain. A message is certain when the firing that gave
//! it holds. A stream that did not come to its end may come out otherwise the next time, so what was made from it is
//! void; and so is what ended before the firing that it was made from was last called.

use std::collections::BTreeMap;

use super::log::{Log, Stage};
use crate::plan::{Feed, LinkId, Multiplicity, Plan, Step, StepId};
use crate::run::FiringId;

/// What is known of each step.
pub(super) struct Known(Vec<Certain>);

#[derive(Default)]
struct Certain {
    firings: BTreeMap<u64, Held>,
    /// Behind each firing of the unbroken first ones: how many messages there are by then, and when it was called.
    prefix: Vec<(u64, u64)>,
    /// How many messages it gives, once that is certain.
    messages: Option<u64>,
    /// When it was last called.
    fired: u64,
}

struct Held {
    fired: u64,
    messages: u64,
}

impl Known {
    pub(super) fn of(plan: &Plan, log: &Log) -> Self {
        let mut known = Self(plan.steps.iter().map(|_| Certain::default()).collect());
        // Each step comes after those that it takes from.
        for (id, step) in plan.steps() {
            let mut certain = Certain::default();
            for (seq, logged) in log.firings(id) {
                if let Stage::Done { position, messages, .. } = &logged.stage
                    && known.has_inputs(plan, step, seq, *position)
                {
                    certain.firings.insert(seq, Held { fired: logged.fired, messages: *messages });
                }
            }
            certain.sum_up(known.firings_to_come(plan, step));
            known.0[id.index()] = certain;
        }
        known
    }

    /// Whether a firing's stored result holds.
    pub(super) fn holds(&self, firing: FiringId) -> bool {
        self.0[firing.step.index()].firings.contains_key(&firing.seq)
    }

    /// Whether every firing of a step holds, and there are no more.
    pub(super) fn is_complete(&self, step: StepId) -> bool {
        self.0[step.index()].messages.is_some()
    }

    /// Whether what a firing that ended at `done` was made from is certain.
    fn has_inputs(&self, plan: &Plan, step: &Step, seq: u64, done: u64) -> bool {
        step.inputs.iter().all(|link| {
            let link = plan.link(*link);
            let from = &self.0[link.from.index()];
            let fired = match (link.carries, step.feed) {
                (Multiplicity::One, _) => from.firings.get(&0).map(|held| held.fired),
                (Multiplicity::Many, Feed::EachMessage) => {
                    from.message(seq, plan.step(link.from).gives_stream())
                }
                (Multiplicity::Many, _) => from.messages.map(|_| from.fired),
            };
            fired.is_some_and(|fired| fired < done)
        })
    }

    /// How many firings a step comes to, once that is certain.
    fn firings_to_come(&self, plan: &Plan, step: &Step) -> Option<u64> {
        let given = |link: &LinkId| self.0[plan.link(*link).from.index()].messages;
        if step.inputs.iter().any(|link| given(link) == Some(0)) {
            return Some(0);
        }
        let carries_many = |link: &&LinkId| plan.link(**link).carries == Multiplicity::Many;
        match step.feed {
            Feed::Once => Some(1),
            Feed::OpenStream if step.inputs.is_empty() => Some(1),
            Feed::OpenStream => {
                step.inputs.iter().find(carries_many).map_or(Some(1), |link| given(link).map(|_| 1))
            }
            Feed::EachMessage => step.inputs.iter().find(carries_many).and_then(given),
            Feed::Source => None,
        }
    }
}

impl Certain {
    fn sum_up(&mut self, firings: Option<u64>) {
        let mut messages = 0;
        for (expected, (seq, held)) in (0..).zip(&self.firings) {
            if *seq != expected {
                break;
            }
            messages += held.messages;
            self.prefix.push((messages, held.fired));
        }
        self.fired = self.firings.values().map(|held| held.fired).max().unwrap_or_default();
        let is_complete = firings.is_some_and(|firings| self.prefix.len() as u64 >= firings);
        self.messages = is_complete.then_some(messages);
    }

    /// When the firing was called that gave the n-th message, if that is certain.
    fn message(&self, n: u64, gives_stream: bool) -> Option<u64> {
        if !gives_stream {
            return self.firings.get(&n).map(|held| held.fired);
        }
        let place = self.prefix.partition_point(|(messages, _)| *messages <= n);
        self.prefix.get(place).map(|(_, fired)| *fired)
    }
}
