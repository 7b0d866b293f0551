//! Steps that fire many times, in batch and live.

use std::num::{NonZeroU32, NonZeroU64};

use aieffect_blueprint::{AtEnd, Mode};
use aieffect_contract::CallShape;

use super::driver::{Driver, fatal};
use crate::plan::{Feed, Gather, Multiplicity, Plan};
use crate::run::{Closing, Failure, Input, Outcome, Repeat, StatusCode, sample};

/// `s` streams to `j`, which is called for each message, with the one message of `o`, and gives to `end`.
fn batch() -> Plan {
    let links = [("s:X", "j:X"), ("o:X", "j:X"), ("j:X", "end:X")];
    let mut plan = sample::plan(&["s:X", "o:X", "j:X", "end:X"], &links);
    plan.steps[0].operation.shape = CallShape::ServerStream;
    for step in [0, 2, 3] {
        plan.steps[step].gives = Multiplicity::Many;
    }
    for step in [2, 3] {
        plan.steps[step].feed = Feed::EachMessage;
    }
    for link in [0, 2] {
        plan.links[link].carries = Multiplicity::Many;
    }
    plan
}

/// `s` gives to `a`, `a` and `b` to each other.
fn live() -> Plan {
    let links = [("s:X", "a:X"), ("a:X", "b:X"), ("b:X", "a:X")];
    let mut plan = sample::plan(&["s:X", "a:X", "b:X"], &links);
    plan.mode = Mode::Live;
    for step in &mut plan.steps {
        step.gives = Multiplicity::Many;
        step.gather = Gather::Merge;
        step.feed = Feed::EachMessage;
    }
    plan.steps[0].feed = Feed::Source;
    for link in &mut plan.links {
        link.carries = Multiplicity::Many;
    }
    plan
}

fn supplied(run: &mut Driver, step: &str) -> Vec<String> {
    let step = run.step(step);
    run.give(Input::Supplied(step))
}

fn has_all(run: &mut Driver, step: &str) -> Vec<String> {
    let step = run.step(step);
    run.give(Input::SupplyEnded(step))
}

fn delivered(run: &mut Driver, step: &str, seq: u64) -> Vec<String> {
    let firing = run.firing(step, seq);
    run.give(Input::Delivered(firing))
}

#[test]
fn a_step_is_called_for_each_message_once_the_single_one_is_there() {
    let (mut run, first) = Driver::started(batch());
    assert_eq!(first, ["call s:X", "call o:X"]);
    assert_eq!(supplied(&mut run, "j:X"), ["j:X supplied"], "`o` has not answered");
    assert_eq!(run.succeed_with("o:X", 0, "kept"), ["o:X ok", "o:X finished", "call j:X"]);
    assert_eq!(supplied(&mut run, "j:X"), ["j:X supplied"], "one call after the other");
    assert_eq!(run.succeed_with("j:X", 0, "1"), ["j:X ok"], "the queue behind it has not taken it");
    assert_eq!(delivered(&mut run, "j:X", 0), ["j:X delivered", "call j:X#1"]);
    assert_eq!(run.inputs("j:X"), ["kept"]);
    assert_eq!(run.stream("s:X", 0, 2), ["s:X ok", "s:X finished"]);
    assert_eq!(has_all(&mut run, "j:X"), ["j:X has all"]);
    run.succeed_with("j:X", 1, "2");
    assert_eq!(delivered(&mut run, "j:X", 1), ["j:X#1 delivered", "j:X finished"]);
    assert_eq!(has_all(&mut run, "end:X"), ["end:X has all", "end:X finished", "run Succeeded"]);
    assert_eq!(run.state.given(run.step("j:X")), 2);
}

#[test]
fn links_of_different_length_fail_the_step() {
    let (mut run, _) = Driver::started(batch());
    run.succeed("o:X");
    run.stream("s:X", 0, 2);
    let step = run.step("j:X");
    assert_eq!(
        run.give(Input::SupplyUneven(step)),
        [
            "j:X failed: its incoming links carried different numbers of messages",
            "end:X skipped for j:X",
            "run Failed"
        ]
    );
}

#[test]
fn an_empty_stream_gives_no_firing_and_no_failure() {
    let (mut run, _) = Driver::started(batch());
    run.succeed("o:X");
    run.stream("s:X", 0, 0);
    assert_eq!(has_all(&mut run, "j:X"), ["j:X has all", "j:X finished"]);
    assert_eq!(has_all(&mut run, "end:X"), ["end:X has all", "end:X finished", "run Succeeded"]);
}

#[test]
fn parallel_firings_are_called_side_by_side() {
    let mut plan = batch();
    plan.steps[2].parallel = NonZeroU32::new(2).unwrap();
    let (mut run, _) = Driver::started(plan);
    run.succeed("o:X");
    assert_eq!(supplied(&mut run, "j:X"), ["j:X supplied", "call j:X"]);
    assert_eq!(supplied(&mut run, "j:X"), ["j:X supplied", "call j:X#1"]);
    assert_eq!(supplied(&mut run, "j:X"), ["j:X supplied"]);
    assert_eq!(run.succeed_with("j:X", 1, "second"), ["j:X#1 ok"], "it waits for its turn to go out");
}

#[test]
fn open_streams_take_no_place_of_unary_calls() {
    let mut plan = batch();
    plan.max_parallel = NonZeroU32::MIN;
    let (_, first) = Driver::started(plan);
    assert_eq!(first, ["call s:X", "call o:X"]);
}

#[test]
fn a_stream_that_failed_cancels_what_it_feeds() {
    let mut plan = batch();
    plan.steps[2].feed = Feed::OpenStream;
    plan.steps[2].operation.shape = CallShape::ClientStream;
    let (mut run, _) = Driver::started(plan);
    run.succeed("o:X");
    assert_eq!(supplied(&mut run, "j:X"), ["j:X supplied", "call j:X"]);
    assert_eq!(
        run.fail("s:X", fatal()),
        ["s:X failed: no rows", "j:X skipped for s:X", "end:X skipped for s:X"]
    );
    let firing = run.firing("j:X", 0);
    assert_eq!(run.give(Input::CallCut(firing)), ["j:X cancelled", "run Failed"]);
}

#[test]
fn a_call_whose_messages_are_gone_is_not_made_again() {
    let refused = || Failure::NeverReached { reason: "no".into() };
    let (mut run, _) = Driver::started(batch());
    assert_eq!(run.fail_of("o:X", 0, refused(), Repeat::Possible), ["o:X again in 250 ms"]);
    let failed = run.fail_of("s:X", 0, refused(), Repeat::Impossible { given: 0 });
    assert_eq!(failed[0], "s:X failed: the service could not be reached: no");
}

#[test]
fn a_live_source_is_called_again_and_again_until_it_has_no_more() {
    let (mut run, first) = Driver::started(live());
    assert_eq!(first, ["call s:X"]);
    assert_eq!(run.succeed_with("s:X", 0, "1"), ["s:X ok"]);
    assert_eq!(delivered(&mut run, "s:X", 0), ["s:X delivered", "call s:X#1"]);
    let code = StatusCode::OutOfRange;
    let no_more = Failure::Status { code, message: String::new() };
    assert_eq!(
        run.fail_of("s:X", 1, no_more, Repeat::Possible),
        ["s:X#1 has no more", "s:X finished"],
        "which is no failure"
    );
    assert!(run.state.is_at_rest(&run.plan));
}

#[test]
fn a_live_source_gives_no_more_messages_than_asked_for() {
    let mut plan = live();
    plan.iterations = NonZeroU64::new(2);
    let (mut run, _) = Driver::started(plan);
    run.succeed("s:X");
    delivered(&mut run, "s:X", 0);
    run.succeed_with("s:X", 1, "2");
    assert_eq!(delivered(&mut run, "s:X", 1), ["s:X#1 delivered", "s:X finished"]);
}

#[test]
fn a_stream_that_ended_is_opened_again_where_that_is_wanted() {
    for (at_end, then) in [(AtEnd::Stop, "s:X finished"), (AtEnd::Restart, "call s:X#1")] {
        let mut plan = live();
        plan.steps[0].operation.shape = CallShape::ServerStream;
        plan.steps[0].at_end = at_end;
        let (mut run, _) = Driver::started(plan);
        assert_eq!(run.stream("s:X", 0, 3), ["s:X ok", then]);
    }
}

#[test]
fn in_a_live_run_the_next_message_goes_on_after_a_failure_up_to_five_in_a_row() {
    let (mut run, _) = Driver::started(live());
    supplied(&mut run, "a:X");
    for seq in 0..4 {
        supplied(&mut run, "a:X");
        let next = format!("call a:X#{}", seq + 1);
        let told = run.fail_of("a:X", seq, fatal(), Repeat::Possible);
        assert_eq!(told.last(), Some(&next), "{told:?}");
    }
    let told = run.fail_of("a:X", 4, fatal(), Repeat::Possible);
    assert_eq!(told, ["a:X#4 failed: no rows", "a:X failed: no rows", "cancel"]);
    let source = run.firing("s:X", 0);
    assert_eq!(run.give(Input::CallCut(source)), ["s:X cancelled", "run Failed"]);
    assert_eq!(run.state.failed_firings(run.step("a:X")), 5);
}

#[test]
fn a_quiet_run_closes_and_ends_once_nothing_waits() {
    let (mut run, _) = Driver::started(live());
    supplied(&mut run, "a:X");
    assert_eq!(run.give(Input::Close(Closing::TimeIsUp)), ["closing: TimeIsUp"]);
    let source = run.firing("s:X", 0);
    assert_eq!(run.give(Input::CallCut(source)), ["s:X cancelled", "s:X finished"]);
    assert!(run.give(Input::Drained).is_empty(), "a call is open");
    run.succeed("a:X");
    delivered(&mut run, "a:X", 0);
    assert_eq!(supplied(&mut run, "b:X"), ["b:X supplied", "call b:X"], "what waits is worked off");
    run.succeed("b:X");
    delivered(&mut run, "b:X", 0);
    assert_eq!(run.give(Input::Drained), ["a:X finished", "b:X finished", "run Succeeded"]);
    assert_eq!(run.state.outcome(), Some(Outcome::Succeeded));
}
