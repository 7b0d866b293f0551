//! Failures, retries, readiness and cancelling.

use super::driver::{Driver, fatal, refused};
use crate::plan::NodeId;
use crate::run::{Failure, Input, Outcome, StepStatus, sample};

fn diamond() -> Driver {
    let links = [("s:X", "l:X"), ("s:X", "r:X"), ("l:X", "j:X"), ("r:X", "j:X"), ("j:X", "end:X")];
    let (mut run, _) = Driver::started(sample::plan(&["s:X", "l:X", "r:X", "j:X", "end:X"], &links));
    run.succeed("s:X");
    run
}

#[test]
fn a_failed_step_skips_those_after_it_and_lets_the_others_finish() {
    let mut run = diamond();
    assert_eq!(
        run.fail("l:X", fatal()),
        ["l:X failed: no rows", "j:X skipped for l:X", "end:X skipped for l:X"]
    );
    assert_eq!(run.succeed("r:X"), ["r:X ok", "r:X finished", "run Failed"]);
    assert_eq!(run.state.status(sample::step(&run.plan, "j:X")), {
        StepStatus::Skipped { because: sample::step(&run.plan, "l:X") }
    });
}

#[test]
fn the_first_failure_is_the_cause() {
    let mut run = diamond();
    run.fail("r:X", fatal());
    run.fail("l:X", Failure::Lost { reason: "broken pipe".into() });
    assert_eq!(run.state.outcome(), Some(Outcome::Failed));
    let first = run.state.first_failure().unwrap();
    assert_eq!((first.firing, &first.failure), (Some(run.firing("r:X", 0)), &fatal()));
}

#[test]
fn what_never_reached_the_service_is_called_again_up_to_the_attempts() {
    let (mut run, _) = Driver::started(sample::plan(&["a:X", "b:X"], &[("a:X", "b:X")]));
    let due = Input::RetryDue(run.firing("a:X", 0));
    assert_eq!(run.fail("a:X", refused()), ["a:X again in 250 ms"]);
    assert_eq!(run.give(due.clone()), ["a:X due", "call a:X again (2)"]);
    assert_eq!(run.fail("a:X", refused()), ["a:X again in 500 ms"]);
    assert_eq!(run.give(due.clone()), ["a:X due", "call a:X again (3)"]);
    assert_eq!(
        run.fail("a:X", refused()),
        [
            "a:X failed: the service could not be reached: connection refused",
            "b:X skipped for a:X",
            "run Failed"
        ]
    );
    assert!(run.give(due).is_empty(), "a timer that comes late does nothing");
}

#[test]
fn a_retry_has_the_inputs_of_the_first_attempt() {
    let (mut run, _) = Driver::started(sample::plan(&["a:X", "b:X"], &[("a:X", "b:X")]));
    run.succeed("a:X");
    run.fail("b:X", refused());
    assert_eq!(run.inputs("b:X"), ["a:X"]);
    run.give(Input::RetryDue(run.firing("b:X", 0)));
    assert_eq!(run.inputs("b:X"), ["a:X"]);
    run.succeed("b:X");
    assert!(run.inputs("b:X").is_empty(), "dropped once it has ended");
}

#[test]
fn nothing_fires_before_every_node_has_answered() {
    let mut run = Driver::new(sample::plan(&["a:X", "b:X"], &[]));
    assert_eq!(run.give(Input::Start), ["started"]);
    assert_eq!(run.give(Input::NodeReady(NodeId::new(1))), ["b ready"]);
    assert_eq!(run.give(Input::NodeReady(NodeId::new(0))), ["a ready", "call a:X", "call b:X"]);
}

#[test]
fn nodes_that_do_not_answer_end_the_run_once_all_are_known() {
    let mut run = Driver::new(sample::plan(&["a:X", "b:X", "c:X"], &[]));
    run.give(Input::Start);
    let unreachable = |node| Input::NodeUnreachable { node: NodeId::new(node), reason: "refused".into() };
    assert_eq!(run.give(unreachable(1)), ["b unreachable: refused"]);
    assert_eq!(run.give(Input::NodeReady(NodeId::new(0))), ["a ready"]);
    assert_eq!(run.give(unreachable(2)), ["c unreachable: refused", "run Unreachable"]);
    assert_eq!(run.state.unreachable().count(), 2);
}

#[test]
fn a_node_that_never_will_answer_ends_the_run_at_once() {
    let mut run = Driver::new(sample::plan(&["a:X", "b:X"], &[]));
    run.give(Input::Start);
    let lost = Input::NodeLost { node: NodeId::new(0), reason: "exited with 1".into() };
    assert_eq!(run.give(lost), ["a unreachable: exited with 1", "run Unreachable"]);
    assert!(run.give(Input::NodeReady(NodeId::new(1))).is_empty());
    assert_eq!(run.state.awaited().collect::<Vec<_>>(), [NodeId::new(1)]);
}

#[test]
fn a_cancelled_run_fires_nothing_more_and_ends_with_its_calls() {
    let mut run = diamond();
    assert_eq!(run.give(Input::Cancel), ["cancel"]);
    assert!(run.give(Input::Cancel).is_empty());
    assert_eq!(run.succeed("l:X"), ["l:X ok", "l:X finished"], "what was done is kept");
    let cut = Input::CallCut(run.firing("r:X", 0));
    assert_eq!(run.give(cut), ["r:X cancelled", "run Cancelled"]);
    assert_eq!(run.state.status(sample::step(&run.plan, "j:X")), StepStatus::Open);
}

#[test]
fn a_failure_after_the_cancellation_is_its_consequence() {
    let mut run = diamond();
    run.give(Input::Cancel);
    run.fail("l:X", Failure::Lost { reason: "broken pipe".into() });
    run.give(Input::CallCut(run.firing("r:X", 0)));
    assert_eq!(run.state.outcome(), Some(Outcome::Cancelled));
    assert_eq!(run.state.first_failure(), None);
}

#[test]
fn a_cancelled_run_in_which_a_step_had_failed_has_failed() {
    let mut run = diamond();
    run.fail("l:X", fatal());
    run.give(Input::Cancel);
    assert_eq!(run.give(Input::CallCut(run.firing("r:X", 0))), ["r:X cancelled", "run Failed"]);
}

#[test]
fn cancelling_gives_up_waiting_retries() {
    let (mut run, _) = Driver::started(sample::plan(&["a:X"], &[]));
    run.fail("a:X", refused());
    assert_eq!(run.give(Input::Cancel), ["cancel", "a:X cancelled", "run Cancelled"]);
}

#[test]
fn a_run_can_be_cancelled_while_its_nodes_are_waited_for() {
    let mut run = Driver::new(sample::plan(&["a:X"], &[]));
    run.give(Input::Start);
    assert_eq!(run.give(Input::Cancel), ["cancel", "run Cancelled"]);
    assert!(run.give(Input::NodeReady(NodeId::new(0))).is_empty());
}
