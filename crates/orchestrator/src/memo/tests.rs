//! What is remembered of a run, and what of it is taken for granted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use aieffect_blueprint::Idempotence;
use bytes::Bytes;

use super::*;
use crate::plan::Plan;
use crate::ports::Entry;
use crate::run::sample;
use crate::store::{Ending, Gave, MemoryStore, StoredEvent, StoredFailure, StoredRun};

fn id() -> RunId {
    RunId::new("r").unwrap()
}

fn stored(plan: &Plan, run: RunId) -> StoredRun {
    StoredRun {
        id: run,
        created: SystemTime::UNIX_EPOCH,
        pipeline: "p".into(),
        digest: String::new(),
        initial_data: String::new(),
        mode: "batch".into(),
        data: String::new(),
        version: "0".into(),
        steps: plan.steps.iter().map(|step| step.name.to_string()).collect(),
        labels: Default::default(),
        ending: Ending::Open,
    }
}

/// `+a` was called, `.a` answered, `!a` failed, `-a` was given up; `>` is another process.
fn store(plan: &Plan, told: &str) -> Arc<dyn RunStore> {
    let store = MemoryStore::new().unwrap();
    store.create(&stored(plan, id())).unwrap();
    let event = |word: &str| {
        let step = || format!("{}:Do", &word[1..]);
        let failure = || StoredFailure { kind: "lost".into(), text: "gone".into() };
        match &word[..1] {
            "+" => StoredEvent::Fired { step: step(), seq: 0, attempt: 1 },
            "." => StoredEvent::Done { step: step(), seq: 0, attempt: 1, gave: Gave::Message { bytes: 1 } },
            "!" => StoredEvent::Failed { step: step(), seq: 0, attempt: 1, failure: failure() },
            "-" => StoredEvent::Cancelled { step: step(), seq: 0, attempt: 1 },
            ">" => StoredEvent::Resumed { version: "0".into(), redo: vec![] },
            other => panic!("no `{other}`"),
        }
    };
    let message =
        |event: &StoredEvent| matches!(event, StoredEvent::Done { .. }).then(|| Bytes::from_static(b"m"));
    let started = std::iter::once(StoredEvent::Started);
    let entries: Vec<Entry> = started
        .chain(told.split_whitespace().map(event))
        .map(|event| Entry { at: SystemTime::UNIX_EPOCH, message: message(&event), event })
        .collect();
    store.append(&id(), 0, &entries).unwrap();
    Arc::new(store)
}

/// `a` feeds `b` and `c`, which feed `d`.
fn diamond() -> Plan {
    let links = [("a:Do", "b:Do"), ("a:Do", "c:Do"), ("b:Do", "d:Do"), ("c:Do", "d:Do")];
    sample::plan(&["a:Do", "b:Do", "c:Do", "d:Do"], &links)
}

fn names(plan: &Plan, steps: impl Iterator<Item = StepId>) -> String {
    let names: Vec<String> = steps.map(|step| plan.step(step).name.node.to_string()).collect();
    names.join(" ")
}

fn held(told: &str, redo: &[&str]) -> String {
    let plan = diamond();
    let redo: BTreeSet<StepId> = redo.iter().map(|name| sample::step(&plan, &format!("{name}:Do"))).collect();
    let memo = Memo::recall(&plan, store(&plan, told), id(), &redo).unwrap();
    let first = |step: &StepId| memo.result(FiringId { step: *step, seq: 0 }).is_some();
    names(&plan, plan.steps().map(|(step, _)| step).filter(first))
}

#[test]
fn what_was_answered_holds_and_nothing_else() {
    assert_eq!(held("", &[]), "");
    assert_eq!(held("+a .a +b +c .b !c", &[]), "a b");
    assert_eq!(held("+a .a +b +c .b .c +d", &[]), "a b c");
    assert_eq!(held("+a .a +b +c .b .c +d .d", &[]), "a b c d");
}

#[test]
fn a_step_that_is_redone_takes_all_behind_it_along() {
    let whole = "+a .a +b +c .b .c +d .d";
    assert_eq!(held(whole, &["b"]), "a c");
    assert_eq!(held(whole, &["d"]), "a b c");
    assert_eq!(held(whole, &["a"]), "");
}

#[test]
fn what_ended_before_its_input_was_made_anew_does_not_hold() {
    assert_eq!(held("+a .a +b +c .b .c +d .d > +b .b", &[]), "a b c");
    assert_eq!(held("+a .a +b +c .b .c +d .d > +b .b +d .d", &[]), "a b c d");
    assert_eq!(held("+a .a +b +c .b .c +d .d > +a", &[]), "");
}

#[test]
fn a_call_that_was_open_is_said_and_where_it_must_not_be_made_twice_asked_about() {
    for told in ["+a .a +b", "+a .a +b -b", "+a .a +b > +b"] {
        let mut plan = diamond();
        let memo = Memo::recall(&plan, store(&plan, told), id(), &BTreeSet::new()).unwrap();
        assert_eq!(memo.interrupted().iter().map(ToString::to_string).collect::<Vec<_>>(), ["b:Do"]);
        assert!(memo.undecided().is_empty());

        plan.steps[1].policy.idempotence = Idempotence::NotIdempotent;
        let memo = Memo::recall(&plan, store(&plan, told), id(), &BTreeSet::new()).unwrap();
        assert_eq!(memo.undecided().iter().map(ToString::to_string).collect::<Vec<_>>(), ["b:Do"]);
        let asked = BTreeSet::from([sample::step(&plan, "b:Do")]);
        let memo = Memo::recall(&plan, store(&plan, told), id(), &asked).unwrap();
        assert!(memo.undecided().is_empty() && memo.interrupted().is_empty());
    }
    let mut plan = diamond();
    plan.steps[1].policy.idempotence = Idempotence::NotIdempotent;
    let memo = Memo::recall(&plan, store(&plan, "+a .a +b !b"), id(), &BTreeSet::new()).unwrap();
    assert!(memo.undecided().is_empty(), "it is known to have failed");
}

#[test]
fn a_node_is_settled_when_all_its_steps_are() {
    let plan = sample::plan(&["n:A", "m:Do", "n:B"], &[("n:A", "m:Do"), ("m:Do", "n:B")]);
    let answered = |steps: &[&str]| {
        let store = MemoryStore::new().unwrap();
        store.create(&stored(&plan, id())).unwrap();
        let done = |step: &&str| Entry {
            at: SystemTime::UNIX_EPOCH,
            event: StoredEvent::Done {
                step: (*step).into(),
                seq: 0,
                attempt: 1,
                gave: Gave::Message { bytes: 0 },
            },
            message: Some(Bytes::new()),
        };
        let started = Entry { at: SystemTime::UNIX_EPOCH, event: StoredEvent::Started, message: None };
        let entries: Vec<Entry> = std::iter::once(started).chain(steps.iter().map(done)).collect();
        store.append(&id(), 0, &entries).unwrap();
        let memo = Memo::recall(&plan, Arc::new(store), id(), &BTreeSet::new()).unwrap();
        let settled: Vec<&str> = plan
            .node_ids()
            .filter(|node| memo.is_node_settled(*node))
            .map(|node| plan.nodes[node.index()].name.as_str())
            .collect();
        settled.join(" ")
    };
    assert_eq!(answered(&["n:A", "m:Do"]), "m");
    assert_eq!(answered(&["n:A", "m:Do", "n:B"]), "n m");
}

#[test]
fn a_new_run_begins_with_what_holds_of_another() {
    let plan = diamond();
    let store = store(&plan, "+a .a +b +c .b .c +d .d");
    let to = RunId::new("new").unwrap();
    store.create(&stored(&plan, to.clone())).unwrap();
    let redo = BTreeSet::from([sample::step(&plan, "b:Do")]);
    let old = Memo::recall(&plan, Arc::clone(&store), id(), &redo).unwrap();
    let memo = old.continue_as(&plan, to.clone()).unwrap();
    let settled = plan.steps().map(|(step, _)| step).filter(|step| memo.is_settled(*step));
    assert_eq!(names(&plan, settled), "a c");
    assert!(!memo.is_resumed(), "it has not begun");
    let Some(Remembered::Message(position)) =
        memo.result(FiringId { step: sample::step(&plan, "c:Do"), seq: 0 })
    else {
        panic!("it holds")
    };
    assert_eq!(store.message(&to, *position).unwrap(), Bytes::from_static(b"m"));
}

#[test]
fn a_run_that_has_not_got_all_results_of_another_is_told_from_one_that_has() {
    let plan = diamond();
    let store = store(&plan, "+a .a +b .b");
    let to = RunId::new("new").unwrap();
    store.create(&stored(&plan, to.clone())).unwrap();
    let gave = Gave::Message { bytes: 1 };
    let event = StoredEvent::Done { step: "a:Do".into(), seq: 0, attempt: 0, gave };
    let copied = Entry { at: SystemTime::UNIX_EPOCH, event, message: Some(Bytes::from_static(b"m")) };
    store.append(&to, 0, &[copied]).unwrap();
    let error = Memo::recall(&plan, store, to, &BTreeSet::new()).unwrap_err();
    assert!(matches!(error, StoreError::CutShort { .. }), "{error}");
}
