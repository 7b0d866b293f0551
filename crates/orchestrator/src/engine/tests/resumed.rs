//! Runs that go on from what is stored.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::piped::{Pipe, text, texts};
use super::*;
use crate::engine::Keep;
use crate::memo::Memo;
use crate::ports::{Entry, RunStore};
use crate::store::{Ending, Gave, MemoryStore, StoredEvent, StoredRun};

const GIVE: &str =
    "service S { rpc Give(None) returns (stream T); } message None {} message T { string text = 1; }";
const EACH: &str = "service S { rpc Each(T) returns (T); } message T { string text = 1; }";
const PASS: &str = "service S { rpc Pass(stream T) returns (stream T); } message T { string text = 1; }";
const ALL: &str = "service S { rpc All(stream T) returns (T); } message T { string text = 1; }";
const MEET: &str = "service S { rpc Meet(T) returns (T); } message T { string text = 1; string one = 2; }";

/// More than a queue holds.
const COUNT: usize = 100;

fn run_id() -> RunId {
    RunId::new("run-1").unwrap()
}

fn stored_run() -> StoredRun {
    StoredRun {
        id: run_id(),
        created: SystemTime::UNIX_EPOCH,
        pipeline: "p".into(),
        digest: String::new(),
        initial_data: String::new(),
        mode: "batch".into(),
        data: String::new(),
        version: "0".into(),
        steps: Vec::new(),
        labels: Default::default(),
        ending: Ending::Open,
    }
}

fn a_store() -> Arc<MemoryStore> {
    let store = MemoryStore::new().unwrap();
    store.create(&stored_run()).unwrap();
    Arc::new(store)
}

fn services() -> Bound {
    bound()
        .talk("/S/Give", |mut talk| async move {
            assert_eq!(talk.next().await.map(|message| message.len()), Some(0));
            for number in 0..COUNT {
                talk.say(text(&number.to_string())).await;
            }
            Ok(())
        })
        .talk("/S/Pass", |mut talk| async move {
            while let Some(message) = talk.next().await {
                talk.say(message).await;
            }
            Ok(())
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(&all.len().to_string())).await;
            Ok(())
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes))
        .on("/S/Meet", |call| Reply::Bytes(call.bytes))
}

/// A stream goes straight to where it meets itself, and through another stream; and each of its messages is a call.
fn pipe() -> Pipe {
    let pipe = Pipe::new().node("s", GIVE).node("p", PASS).node("m", MEET).node("e", EACH).node("a", ALL);
    let pipe = pipe.link("s:Give", "p:Pass").link("s:Give", "m:Meet");
    let pipe = pipe.link_with("p:Pass", "m:Meet", r#"{"one": "text", "text": null}"#);
    pipe.link("s:Give", "e:Each").link("e:Each", "a:All")
}

fn entries(store: &dyn RunStore) -> Vec<Entry> {
    let mut read = Vec::new();
    store.read(&run_id(), 0, &mut |position, entry| read.push((position, entry))).unwrap();
    let whole = |(position, entry): (u64, Entry)| {
        let is_message = matches!(&entry.event, StoredEvent::Done { gave: Gave::Message { .. }, .. });
        Entry { message: is_message.then(|| store.message(&run_id(), position).unwrap()), ..entry }
    };
    read.into_iter().map(whole).collect()
}

/// A store that has only the first of what another has.
fn cut(store: &dyn RunStore, count: usize) -> Arc<MemoryStore> {
    let copy = a_store();
    copy.append(&run_id(), 0, &entries(store)[..count]).unwrap();
    let (from, to) = (store.streams(&run_id()).unwrap(), copy.streams(&run_id()).unwrap());
    for file in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    copy
}

fn done(entry: &Entry) -> Option<(String, u64)> {
    match &entry.event {
        StoredEvent::Done { step, seq, .. } => Some((step.clone(), *seq)),
        _ => None,
    }
}

#[tokio::test]
async fn a_run_goes_on_from_anywhere_with_equal_results_and_calls_nothing_that_holds() {
    let store = a_store();
    let mut whole = pipe();
    whole.options.memo = Some(Arc::new(Memo::fresh(store.clone(), run_id()).unwrap()));
    let mut whole = whole.run(services()).await;
    whole.succeeded();
    let steps = ["s:Give", "p:Pass", "m:Meet", "e:Each", "a:All"];
    let expected: Vec<_> = steps.iter().map(|step| whole.results(step)).collect();
    assert_eq!(expected[2][99], "99/99");
    let all = entries(&*store);
    let is_whole_stream = |step: &str| {
        let ends = |entry: &Entry| done(entry).is_some_and(|(done, _)| done == step);
        all.iter().position(ends).unwrap()
    };
    let ends = [is_whole_stream("s:Give"), is_whole_stream("p:Pass"), is_whole_stream("a:All")];
    let cuts: BTreeSet<usize> = ends
        .iter()
        .flat_map(|end| [*end, end + 1])
        .chain((0..=all.len()).step_by(41))
        .chain([all.len()])
        .collect();
    for count in cuts {
        let store = cut(&*store, count);
        let mut resumed = pipe();
        let memo = Memo::recall(&whole.plan, store.clone(), run_id(), &BTreeSet::new()).unwrap();
        resumed.options.memo = Some(Arc::new(memo));
        let mut resumed = resumed.run(services()).await;
        resumed.succeeded();
        let found: Vec<_> = steps.iter().map(|step| resumed.results(step)).collect();
        assert_eq!(found, expected, "cut at {count}");
        let was_done: BTreeSet<_> = all[..count].iter().filter_map(done).collect();
        let has = |step: &str| was_done.contains(&(step.to_owned(), 0));
        // A stream that has not come to its end is given again, and what was made from it is void.
        let holds = |step: &str| match step {
            "s:Give" => has("s:Give"),
            "m:Meet" => has("s:Give") && has("p:Pass"),
            _ => has("s:Give"),
        };
        let held: BTreeSet<_> = was_done.iter().filter(|(step, _)| holds(step)).cloned().collect();
        let again: Vec<_> = entries(&*store)[count..].iter().filter_map(done).collect();
        assert_eq!(again.iter().find(|firing| held.contains(firing)), None, "cut at {count}");
        assert_eq!(again.len() + held.len(), 3 + 2 * COUNT, "cut at {count}");
        let calls = resumed.server.calls_of("/S/Each").len() + resumed.server.calls_of("/S/Meet").len();
        let of_messages = |(step, _): &&(String, u64)| step == "e:Each" || step == "m:Meet";
        assert_eq!(calls, 2 * COUNT - held.iter().filter(of_messages).count(), "cut at {count}");
    }
}

#[tokio::test]
async fn the_last_result_of_a_stored_stream_is_that_of_the_stream() {
    for keep in [Keep::Last, Keep::None] {
        let store = a_store();
        let mut first = Pipe::new().node("s", GIVE);
        first.options.keep = keep;
        first.options.memo = Some(Arc::new(Memo::fresh(store.clone(), run_id()).unwrap()));
        let mut first = first.run(services()).await;
        for (keep_now, expected) in [(keep, first.results("s:Give").len()), (Keep::All, COUNT)] {
            let memo = Memo::recall(&first.plan, store.clone(), run_id(), &BTreeSet::new()).unwrap();
            let mut again = Pipe::new().node("s", GIVE);
            again.options.keep = keep_now;
            again.options.memo = Some(Arc::new(memo));
            let mut again = again.run(bound()).await;
            again.succeeded();
            assert_eq!(again.results("s:Give").len(), expected);
            let last = again.results("s:Give").pop();
            assert!(last.is_none() || last == Some("99".to_owned()), "{last:?}");
            assert_eq!(again.report.steps[0].result.given(), COUNT as u64);
        }
    }
}

#[tokio::test]
async fn a_live_run_stores_counts_and_no_messages() {
    let store = a_store();
    let mut pipe = Pipe::new().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each");
    pipe = pipe.execution(r#""mode": "live""#);
    pipe.options.quiet = Duration::from_millis(50);
    pipe.options.memo = Some(Arc::new(Memo::fresh(store.clone(), run_id()).unwrap()));
    pipe.run(services()).await.succeeded();
    let entries = entries(&*store);
    let counted = |name: &str| -> u64 {
        let calls = entries.iter().filter_map(|entry| match &entry.event {
            StoredEvent::Counted { step, messages, .. } if step == name => Some(*messages),
            _ => None,
        });
        calls.sum()
    };
    assert_eq!((counted("s:Give"), counted("e:Each")), (100, 100));
    assert!(entries.iter().all(|entry| entry.message.is_none() && done(entry).is_none()));
    assert!(entries.len() < 20, "{}", entries.len());
}

#[tokio::test]
async fn failures_of_a_live_run_are_stored_one_by_one_up_to_a_bound() {
    let store = a_store();
    let mut pipe = Pipe::new().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each");
    // Not five in a row.
    let services = services().on("/S/Each", |call| match call.earlier % 5 {
        0 => Reply::status(Code::InvalidArgument, format!("not {}", call.earlier)),
        _ => Reply::Bytes(call.bytes),
    });
    pipe = pipe.execution(r#""mode": "live""#);
    pipe.options.quiet = Duration::from_millis(50);
    pipe.options.memo = Some(Arc::new(Memo::fresh(store.clone(), run_id()).unwrap()));
    pipe.run(services).await.succeeded();
    let (mut told, mut failed, mut last) = (Vec::new(), 0, None);
    for entry in entries(&*store) {
        match entry.event {
            StoredEvent::Failed { step, seq, attempt, failure } => {
                assert_eq!((step.as_str(), attempt), ("e:Each", 1));
                told.push(seq);
                assert_eq!(failure.text, format!("the service answered INVALID_ARGUMENT: not {seq}"));
            }
            StoredEvent::Counted { step, failed: more, failure, .. } if step == "e:Each" => {
                failed += more;
                last = failure.or(last);
            }
            _ => {}
        }
    }
    assert_eq!(failed, 20);
    assert_eq!(told[..10], [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
    // Where the run takes longer than a second, there is room for more.
    assert!(told.len() < 20 && last.is_some(), "{told:?}");
}
