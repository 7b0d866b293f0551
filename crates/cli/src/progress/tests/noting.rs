//! What is noted of events, on the plan of a use case.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use aieffect_orchestrator::engine::{Origin, Recorded};
use aieffect_orchestrator::payload::Payload;
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, StepId};
use aieffect_orchestrator::run::{Failure, FiringId, Given, Outcome, RunEvent};
use aieffect_testkit::use_case;
use bytes::Bytes;

use super::super::board::{Board, Phase, State};
use crate::load;

/// A run of the use case `grid_diamond`, told event by event.
struct Told {
    plan: Plan,
    board: Board,
    at: SystemTime,
}

impl Told {
    /// All nodes answer.
    fn new() -> Self {
        let mut loaded = load::use_case(&use_case("grid_diamond")).unwrap();
        let plan = loaded.plan(&InitialData::default(), &PlanOptions::default()).unwrap();
        let mut told = Self { board: Board::new(&plan), plan, at: SystemTime::UNIX_EPOCH };
        told.tell(RunEvent::Started);
        for node in told.plan.node_ids() {
            assert!(matches!(told.board.look().phase, Phase::Preparing { .. }));
            told.tell(RunEvent::NodeReady { node });
        }
        assert_eq!(told.board.look().phase, Phase::Running);
        told
    }

    fn tell(&mut self, event: RunEvent) {
        self.tell_of(event, Origin::Now);
    }

    /// A second later.
    fn tell_of(&mut self, event: RunEvent, origin: Origin) {
        self.at += Duration::from_secs(1);
        let (since, storing) = (Duration::ZERO, Duration::ZERO);
        self.board.note(&Recorded { at: self.at, since, storing, event, origin });
    }

    fn step(&self, node: &str) -> StepId {
        self.plan.steps().find(|(_, step)| step.name.node.to_string() == node).unwrap().0
    }

    fn firing(&self, node: &str) -> FiringId {
        FiringId { step: self.step(node), seq: 0 }
    }

    fn called(&mut self, node: &str, attempt: u32, origin: Origin) {
        let attempt = NonZeroU32::new(attempt).unwrap();
        self.tell_of(RunEvent::FiringStarted { firing: self.firing(node), attempt }, origin);
    }

    fn answered(&mut self, node: &str, origin: Origin) {
        let (firing, given) = (self.firing(node), Given::Message(Payload::new(Bytes::new())));
        self.tell_of(RunEvent::FiringSucceeded { firing, given }, origin);
        self.tell_of(RunEvent::StepFinished { step: firing.step }, origin);
    }

    /// Nodes with their states, but for those that wait. What was called since the last look counts as running, so
    /// there are two.
    fn states(&mut self) -> String {
        self.board.look();
        let look = self.board.look();
        let states =
            self.plan.steps().zip(&look.notes).map(|((_, step), note)| (step, note.state(&look.phase)));
        let told = states.filter(|(_, state)| *state != State::Waiting);
        told.map(|(step, state)| format!("{} {state:?}", step.name.node)).collect::<Vec<_>>().join(", ")
    }
}

fn lost() -> Failure {
    Failure::NeverReached { reason: "refused".to_owned() }
}

#[test]
fn a_step_is_queued_once_all_that_it_takes_has_come() {
    let mut told = Told::new();
    assert_eq!(told.states(), "grid_source1 Queued");
    told.called("grid_source1", 1, Origin::Now);
    assert_eq!(told.states(), "grid_source1 Running");
    told.answered("grid_source1", Origin::Now);
    let queued =
        "grid_source1 Finished, load_forecast1 Queued, price_forecast1 Queued, solar_forecast1 Queued";
    assert_eq!(told.states(), queued);
}

#[test]
fn a_call_that_fails_is_retried_and_in_the_end_answered() {
    let mut told = Told::new();
    told.called("load_forecast1", 1, Origin::Now);
    assert!(told.states().contains("load_forecast1 Running"), "{}", told.states());
    let (firing, attempt) = (told.firing("load_forecast1"), NonZeroU32::MIN);
    let retry_after = Duration::from_secs(1);
    told.tell(RunEvent::AttemptFailed { firing, attempt, failure: lost(), retry_after });
    assert!(told.states().contains("load_forecast1 Retrying"), "{}", told.states());
    told.called("load_forecast1", 2, Origin::Now);
    assert!(told.states().contains("load_forecast1 Running"), "{}", told.states());
    told.answered("load_forecast1", Origin::Now);
    assert!(told.states().contains("load_forecast1 Finished"), "{}", told.states());
    let look = told.board.look();
    let note = look.notes[told.step("load_forecast1").index()];
    assert_eq!(note.last.unwrap().duration_since(note.began.unwrap()).unwrap(), Duration::from_secs(3));
}

#[test]
fn what_comes_from_the_store_is_reused() {
    let mut told = Told::new();
    told.called("load_forecast1", 1, Origin::Stored);
    told.answered("load_forecast1", Origin::Stored);
    assert!(told.states().contains("load_forecast1 Reused"), "{}", told.states());
}

#[test]
fn a_failure_skips_what_comes_after_it_and_the_end_cancels_what_is_open() {
    let mut told = Told::new();
    told.called("solar_forecast1", 1, Origin::Now);
    told.called("load_forecast1", 1, Origin::Now);
    let (firing, because) = (told.firing("load_forecast1"), told.step("load_forecast1"));
    told.tell(RunEvent::FiringFailed { firing, failure: lost(), given: 0 });
    let step = told.step("dispatch_planner1");
    told.tell(RunEvent::StepSkipped { step, because });
    assert!(told.states().contains("load_forecast1 Failed"), "{}", told.states());
    assert!(told.states().contains("dispatch_planner1 Skipped"), "{}", told.states());
    assert!(told.states().contains("solar_forecast1 Running"), "{}", told.states());
    told.tell(RunEvent::Finished { outcome: Outcome::Failed });
    assert!(told.states().contains("solar_forecast1 Cancelled"), "{}", told.states());
    assert_eq!(told.board.look().phase, Phase::Ended(Some(Outcome::Failed)));
}

#[test]
fn a_call_between_two_looks_is_seen() {
    let mut told = Told::new();
    told.called("load_forecast1", 1, Origin::Now);
    let firing = told.firing("load_forecast1");
    told.tell(RunEvent::FiringCancelled { firing });
    let state = |told: &mut Told| {
        let look = told.board.look();
        look.notes[told.step("load_forecast1").index()].state(&look.phase)
    };
    assert_eq!(state(&mut told), State::Running);
    assert_eq!(state(&mut told), State::Waiting);
}

#[test]
fn a_run_whose_end_was_not_waited_for_is_stopped() {
    let mut told = Told::new();
    told.tell(RunEvent::CancelRequested);
    assert_eq!(told.board.look().phase, Phase::Stopping);
    told.board.end();
    assert_eq!(told.board.look().phase, Phase::Ended(None));
}
