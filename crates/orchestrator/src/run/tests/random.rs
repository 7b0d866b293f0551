//! Whatever the graph and whatever happens, in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use bytes::Bytes;
use proptest::prelude::*;

use super::driver::{Driver, fatal, refused};
use crate::payload::Payload;
use crate::plan::{NodeId, Plan, StepId};
use crate::run::{
    FiringId, Given, Input, Jitter, Outcome, Pace, Repeat, RunEvent, RunState, StepStatus, decide, sample,
};

/// Up to 12 steps; each pair in plan order is linked or not.
fn dag() -> impl Strategy<Value = Plan> {
    let sized = |size: usize| (Just(size), proptest::collection::vec(0..3_u8, size * size), 1..5_u32);
    (1..12_usize).prop_flat_map(sized).prop_map(|(size, linked, limit)| {
        let pairs = (0..size).flat_map(|from| (from + 1..size).map(move |to| (from, to)));
        let links: Vec<(usize, usize)> = pairs.filter(|(from, to)| linked[from * size + to] == 0).collect();
        let mut plan = sample::numbered(size, &links);
        plan.max_parallel = NonZeroU32::new(limit).unwrap();
        plan
    })
}

/// What happens next: `which` of the open calls or waits it concerns, and what becomes of it.
#[derive(Debug, Clone, Copy)]
struct Turn {
    which: usize,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Success,
    Refused,
    Failure,
    Cancel,
}

fn turns(fates: &'static [Fate]) -> impl Strategy<Value = Vec<Turn>> {
    let turn =
        (any::<usize>(), proptest::sample::select(fates)).prop_map(|(which, fate)| Turn { which, fate });
    proptest::collection::vec(turn, 1..200)
}

/// What a run came to, gathered from its events alone.
#[derive(Default)]
struct Seen {
    started: BTreeMap<StepId, usize>,
    open: Vec<FiringId>,
    waiting: Vec<FiringId>,
    most_open: usize,
    ended: BTreeSet<StepId>,
    fired_too_early: Vec<StepId>,
    outcomes: Vec<Outcome>,
}

impl Seen {
    fn take(&mut self, plan: &Plan, events: &[RunEvent]) {
        for event in events {
            match event {
                RunEvent::FiringStarted { firing, attempt } => {
                    let complete = plan
                        .step(firing.step)
                        .inputs
                        .iter()
                        .all(|link| self.ended.contains(&plan.link(*link).from));
                    if !complete {
                        self.fired_too_early.push(firing.step);
                    }
                    if attempt.get() == 1 {
                        *self.started.entry(firing.step).or_default() += 1;
                    }
                    self.open.push(*firing);
                    self.most_open = self.most_open.max(self.open.len());
                }
                RunEvent::AttemptFailed { firing, .. } => {
                    self.open.retain(|open| open != firing);
                    self.waiting.push(*firing);
                }
                RunEvent::RetryDue { firing } => self.waiting.retain(|waiting| waiting != firing),
                RunEvent::FiringSucceeded { firing, .. } => {
                    self.open.retain(|open| open != firing);
                    self.ended.insert(firing.step);
                }
                RunEvent::FiringFailed { firing, .. } | RunEvent::FiringCancelled { firing } => {
                    self.open.retain(|open| open != firing);
                    self.waiting.retain(|waiting| waiting != firing);
                }
                RunEvent::Finished { outcome } => self.outcomes.push(*outcome),
                _ => {}
            }
        }
    }
}

/// Plays the turns; when they run out everything succeeds. The driver checks replay at every turn.
fn play(plan: Plan, turns: &[Turn]) -> (Driver, Seen) {
    let mut run = Driver::new(plan);
    let mut seen = Seen::default();
    let mut step = |run: &mut Driver, input| {
        let events = run.events(input);
        seen.take(&run.plan, &events);
        (seen.open.clone(), seen.waiting.clone())
    };
    step(&mut run, Input::Start);
    let mut at_work = (Vec::new(), Vec::new());
    for node in 0..run.plan.nodes.len() {
        at_work = step(&mut run, Input::NodeReady(NodeId::new(node)));
    }
    let mut turns = turns.iter().copied();
    while run.state.outcome().is_none() {
        let turn = turns.next().unwrap_or(Turn { which: 0, fate: Fate::Success });
        let (open, waiting) = &at_work;
        let choices = open.len() + waiting.len();
        assert!(choices > 0, "a run that has not ended waits for something");
        let which = turn.which % choices;
        let input = match open.get(which) {
            _ if turn.fate == Fate::Cancel => Input::Cancel,
            None => Input::RetryDue(waiting[which - open.len()]),
            Some(firing) => match turn.fate {
                Fate::Refused | Fate::Failure => Input::CallFailed {
                    firing: *firing,
                    failure: if turn.fate == Fate::Refused { refused() } else { fatal() },
                    repeat: Repeat::Possible,
                    jitter: Jitter::new(7),
                },
                Fate::Success | Fate::Cancel => Input::CallSucceeded {
                    firing: *firing,
                    given: Given::Message(Payload::new(firing.to_string().into())),
                },
            },
        };
        at_work = step(&mut run, input);
    }
    (run, seen)
}

proptest! {
    #[test]
    fn every_step_fires_exactly_once_after_its_inputs(plan in dag(), turns in turns(&[Fate::Success])) {
        let (run, seen) = play(plan, &turns);
        prop_assert_eq!(&seen.outcomes, &[Outcome::Succeeded]);
        prop_assert_eq!(seen.started.len(), run.plan.steps.len());
        prop_assert!(seen.started.values().all(|times| *times == 1));
        prop_assert!(seen.fired_too_early.is_empty());
        prop_assert!(seen.most_open <= run.plan.max_parallel.get() as usize);
    }

    #[test]
    fn failures_keep_back_exactly_what_comes_after_them(
        plan in dag(),
        turns in turns(&[Fate::Success, Fate::Success, Fate::Refused, Fate::Failure]),
    ) {
        let (run, seen) = play(plan, &turns);
        let failed: BTreeSet<StepId> =
            run.plan.steps().map(|(id, _)| id).filter(|id| run.state.status(*id) == StepStatus::Failed).collect();
        let mut after = BTreeSet::new();
        for (id, step) in run.plan.steps() {
            let sources = || step.inputs.iter().map(|link| run.plan.link(*link).from);
            if sources().any(|source| failed.contains(&source) || after.contains(&source)) {
                after.insert(id);
            }
        }
        for (id, _) in run.plan.steps() {
            let skipped = matches!(run.state.status(id), StepStatus::Skipped { .. });
            prop_assert_eq!(skipped, after.contains(&id));
            prop_assert_eq!(seen.started.get(&id).copied().unwrap_or(0), usize::from(!skipped));
        }
        let outcome = if failed.is_empty() { Outcome::Succeeded } else { Outcome::Failed };
        prop_assert_eq!(&seen.outcomes, &[outcome]);
        prop_assert!(seen.most_open <= run.plan.max_parallel.get() as usize);
    }

    #[test]
    fn a_cancelled_run_ends_once_and_fires_nothing_more(
        plan in dag(),
        turns in turns(&[Fate::Success, Fate::Refused, Fate::Failure, Fate::Cancel]),
    ) {
        let (_, seen) = play(plan, &turns);
        prop_assert_eq!(seen.outcomes.len(), 1);
        prop_assert!(seen.open.is_empty() && seen.waiting.is_empty());
    }
}

#[test]
fn a_large_plan_is_decided_in_time_that_grows_with_what_is_affected() {
    // 10,000 steps in 100 layers, 40,000 links: with a scan per decision this would take minutes.
    let width = 100;
    let links: Vec<(usize, usize)> = (0..99 * width)
        .flat_map(|from| {
            let layer = (from / width + 1) * width;
            (0..4).map(move |shift| (from, layer + (from + shift * 7) % width))
        })
        .collect();
    let plan = sample::numbered(100 * width, &links);
    let mut state = RunState::new(&plan);
    let nodes = (0..plan.nodes.len()).map(|node| Input::NodeReady(NodeId::new(node)));
    let mut inputs: Vec<Input> = nodes.rev().chain([Input::Start]).collect();
    let mut fired = 0;
    while let Some(input) = inputs.pop() {
        for event in decide(&plan, &mut state, input, Pace::Going) {
            if let RunEvent::FiringStarted { firing, .. } = event {
                fired += 1;
                let given = Given::Message(Payload::new(Bytes::from_static(b"x")));
                inputs.push(Input::CallSucceeded { firing, given });
            }
        }
    }
    assert_eq!(fired, 100 * width);
    assert_eq!(state.outcome(), Some(Outcome::Succeeded));
}
