//! Links that carry many messages: no planner makes them yet, the core takes them already.

use std::num::NonZeroU32;

use super::driver::Driver;
use crate::plan::{Gather, Multiplicity, Plan};
use crate::run::sample;

/// `a` and `b` give to `j`, which gives to `end`; the links at those positions carry many.
fn plan(many: &[usize]) -> Plan {
    let links = [("a:X", "j:X"), ("b:X", "j:X"), ("j:X", "end:X")];
    let mut plan = sample::plan(&["a:X", "b:X", "j:X", "end:X"], &links);
    for link in many {
        plan.links[*link].carries = Multiplicity::Many;
    }
    plan
}

#[test]
fn the_nth_messages_meet_and_a_single_one_is_kept() {
    let (mut run, _) = Driver::started(plan(&[0, 2]));
    run.succeed_with("b:X", 0, &["b"]);
    assert_eq!(run.succeed_with("a:X", 0, &["1", "2"]), ["a:X ok", "a:X finished", "call j:X"]);
    assert_eq!(run.inputs("j:X", 0), ["1", "b"]);
    assert_eq!(run.succeed_with("j:X", 0, &["j1"]), ["j:X ok", "call j:X#1", "call end:X"]);
    assert_eq!(run.inputs("j:X", 1), ["2", "b"]);
    assert_eq!(run.succeed_with("j:X", 1, &["j2"]), ["j:X#1 ok", "j:X finished"]);
    assert_eq!(run.succeed_with("end:X", 0, &[]), ["end:X ok", "call end:X#1"]);
    assert_eq!(run.succeed_with("end:X", 1, &[]), ["end:X#1 ok", "end:X finished", "run Succeeded"]);
}

#[test]
fn links_of_different_length_fail_the_step() {
    let (mut run, _) = Driver::started(plan(&[0, 1]));
    run.succeed_with("a:X", 0, &["1", "2"]);
    run.succeed_with("b:X", 0, &["1"]);
    assert_eq!(
        run.succeed_with("j:X", 0, &["j"]),
        [
            "j:X ok",
            "j:X failed: its incoming links carried different numbers of messages",
            "end:X skipped for j:X",
            "run Failed"
        ]
    );
}

#[test]
fn an_empty_link_gives_no_firing_and_no_failure() {
    let (mut run, _) = Driver::started(plan(&[0, 1, 2]));
    run.succeed_with("a:X", 0, &[]);
    assert_eq!(
        run.succeed_with("b:X", 0, &[]),
        ["b:X ok", "b:X finished", "j:X finished", "end:X finished", "run Succeeded"]
    );
}

#[test]
fn parallel_firings_hand_on_in_order() {
    let mut plan = plan(&[0, 2]);
    plan.steps[2].parallel = NonZeroU32::new(2).unwrap();
    let (mut run, _) = Driver::started(plan);
    run.succeed_with("b:X", 0, &["b"]);
    assert_eq!(run.succeed_with("a:X", 0, &["1", "2"]), ["a:X ok", "a:X finished", "call j:X", "call j:X#1"]);
    assert_eq!(run.succeed_with("j:X", 1, &["second"]), ["j:X#1 ok"]);
    assert_eq!(run.succeed_with("j:X", 0, &["first"]), ["j:X ok", "j:X finished", "call end:X"]);
    assert_eq!(run.inputs("end:X", 0), ["first"]);
}

#[test]
fn a_merging_step_fires_for_every_message_of_any_link() {
    let mut plan = plan(&[0, 1, 2]);
    plan.steps[2].gather = Gather::Merge;
    let (mut run, _) = Driver::started(plan);
    assert_eq!(run.succeed_with("b:X", 0, &["b1"]), ["b:X ok", "b:X finished", "call j:X"]);
    assert_eq!(run.inputs("j:X", 0), ["b1"]);
    run.succeed_with("a:X", 0, &["a1"]);
    assert_eq!(run.succeed_with("j:X", 0, &[]), ["j:X ok", "call j:X#1"]);
    assert_eq!(run.inputs("j:X", 1), ["a1"]);
    assert_eq!(
        run.succeed_with("j:X", 1, &[]),
        ["j:X#1 ok", "j:X finished", "end:X finished", "run Succeeded"]
    );
}
