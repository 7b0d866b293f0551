//! Who fires when.

use std::num::NonZeroU32;

use super::driver::{Driver, refused};
use crate::run::{Input, sample};

#[test]
fn a_chain_fires_one_after_another() {
    let (mut run, first) = Driver::started(sample::plan(&["a:X", "b:X"], &[("a:X", "b:X")]));
    assert_eq!(first, ["call a:X"]);
    assert_eq!(run.succeed("a:X"), ["a:X ok", "a:X finished", "call b:X"]);
    assert_eq!(run.inputs("b:X"), ["a:X"]);
    assert_eq!(run.succeed("b:X"), ["b:X ok", "b:X finished", "run Succeeded"]);
}

#[test]
fn branches_fire_as_soon_as_their_own_inputs_are_there() {
    let links = [("s:X", "l:X"), ("s:X", "r:X"), ("l:X", "l2:X"), ("l2:X", "j:X"), ("r:X", "j:X")];
    let (mut run, _) = Driver::started(sample::plan(&["s:X", "l:X", "r:X", "l2:X", "j:X"], &links));
    assert_eq!(run.succeed("s:X"), ["s:X ok", "s:X finished", "call l:X", "call r:X"]);
    assert_eq!(run.succeed("l:X"), ["l:X ok", "l:X finished", "call l2:X"], "`r` is still being called");
    assert_eq!(run.succeed("l2:X"), ["l2:X ok", "l2:X finished"]);
    assert_eq!(run.succeed("r:X"), ["r:X ok", "r:X finished", "call j:X"]);
    assert_eq!(run.inputs("j:X"), ["l2:X", "r:X"], "in the order of the links, not of arrival");
    assert_eq!(run.succeed("j:X"), ["j:X ok", "j:X finished", "run Succeeded"]);
}

#[test]
fn several_sources_and_sinks_share_a_run() {
    let links = [("a:X", "c:X"), ("b:X", "c:X"), ("b:X", "d:X")];
    let (mut run, first) = Driver::started(sample::plan(&["a:X", "b:X", "c:X", "d:X"], &links));
    assert_eq!(first, ["call a:X", "call b:X"]);
    assert_eq!(run.succeed("b:X"), ["b:X ok", "b:X finished", "call d:X"]);
    assert_eq!(run.succeed("d:X"), ["d:X ok", "d:X finished"]);
    assert_eq!(run.succeed("a:X"), ["a:X ok", "a:X finished", "call c:X"]);
    assert_eq!(run.succeed("c:X"), ["c:X ok", "c:X finished", "run Succeeded"]);
}

#[test]
fn operations_of_one_node_have_no_order_of_their_own() {
    let plan = sample::plan(&["n:X", "n:Y", "m:Z"], &[("n:X", "m:Z"), ("n:Y", "m:Z")]);
    assert_eq!(plan.nodes.len(), 2);
    let (mut run, first) = Driver::started(plan);
    assert_eq!(first, ["call n:X", "call n:Y"]);
    run.succeed("n:Y");
    assert_eq!(run.succeed("n:X"), ["n:X ok", "n:X finished", "call m:Z"]);
}

#[test]
fn two_links_between_the_same_steps_are_two_inputs() {
    let plan = sample::plan(&["a:X", "b:X"], &[("a:X", "b:X"), ("a:X", "b:X")]);
    let (mut run, _) = Driver::started(plan);
    run.succeed("a:X");
    assert_eq!(run.inputs("b:X"), ["a:X", "a:X"]);
}

#[test]
fn no_more_calls_are_open_than_the_plan_allows() {
    let mut plan = sample::plan(&["a:X", "b:X", "c:X"], &[]);
    plan.max_parallel = NonZeroU32::new(2).unwrap();
    let (mut run, first) = Driver::started(plan);
    assert_eq!(first, ["call a:X", "call b:X"]);
    assert_eq!(run.succeed("b:X"), ["b:X ok", "b:X finished", "call c:X"]);
}

#[test]
fn a_waiting_retry_leaves_its_place_to_others_and_takes_the_next_free_one() {
    let mut plan = sample::plan(&["a:X", "b:X", "c:X"], &[]);
    plan.max_parallel = NonZeroU32::MIN;
    let (mut run, first) = Driver::started(plan);
    assert_eq!(first, ["call a:X"]);
    assert_eq!(run.fail("a:X", refused()), ["a:X again in 250 ms", "call b:X"]);
    assert_eq!(run.give(Input::RetryDue(run.firing("a:X", 0))), ["a:X due"]);
    assert_eq!(run.succeed("b:X"), ["b:X ok", "b:X finished", "call a:X again (2)"]);
    assert_eq!(run.succeed("a:X"), ["a:X ok", "a:X finished", "call c:X"]);
}

#[test]
fn a_plan_without_steps_succeeds_at_once() {
    let mut run = Driver::new(sample::plan(&[], &[]));
    assert_eq!(run.give(Input::Start), ["started", "run Succeeded"]);
}
