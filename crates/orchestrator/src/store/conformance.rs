//! What every store does alike.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::engine::RunId;
use crate::ports::{Entry, Place, RunStore, StoreError};
use crate::run::Outcome;

fn id(text: &str) -> RunId {
    RunId::new(text).unwrap()
}

fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(second)
}

fn a_run(name: &str, created: u64) -> StoredRun {
    StoredRun {
        id: id(name),
        created: at(created),
        pipeline: "wind".into(),
        digest: "d".into(),
        initial_data: "{\"day\": \"ü\"}".into(),
        mode: "batch".into(),
        data: "/data".into(),
        version: "0.1.0".into(),
        steps: vec!["a:Do".into(), "b:Do".into()],
        labels: [("of".to_owned(), "ü".to_owned())].into(),
        ending: Ending::Open,
    }
}

fn done(seq: u64, message: Bytes) -> Entry {
    let gave = Gave::Message { bytes: message.len() as u64 };
    let event = StoredEvent::Done { step: "a:Do".into(), seq, attempt: 1, gave };
    Entry { at: at(seq), event, message: Some(message) }
}

fn plain(event: StoredEvent) -> Entry {
    Entry { at: at(1), event, message: None }
}

/// Every event with the message that is asked for behind it.
fn all(store: &dyn RunStore, run: &RunId) -> Vec<Entry> {
    let mut read = Vec::new();
    store.read(run, 0, &mut |position, entry| read.push((position, entry))).unwrap();
    let with_message = |(position, entry): (u64, Entry)| {
        let message = matches!(&entry.event, StoredEvent::Done { gave: Gave::Message { .. }, .. })
            .then(|| store.message(run, position).unwrap());
        Entry { message, ..entry }
    };
    read.into_iter().map(with_message).collect()
}

fn every_store(check: impl Fn(&dyn RunStore)) {
    check(&MemoryStore::new().unwrap());
    let folder = tempfile::tempdir().unwrap();
    check(&SqliteStore::open(folder.path(), Durability::Process).unwrap());
    let folder = tempfile::tempdir().unwrap();
    check(&SqliteStore::open(folder.path(), Durability::Power).unwrap());
}

#[test]
fn a_run_is_found_as_it_was_begun_and_the_latest_comes_first() {
    every_store(|store| {
        store.create(&a_run("r1", 1)).unwrap();
        store.create(&a_run("r2", 2)).unwrap();
        assert_eq!(store.run(&id("r1")).unwrap(), Some(a_run("r1", 1)));
        assert_eq!(store.run(&id("r3")).unwrap(), None);
        assert_eq!(store.runs().unwrap(), [a_run("r2", 2), a_run("r1", 1)]);
    });
}

#[test]
fn runs_come_in_parts_too_also_when_the_last_one_is_gone() {
    every_store(|store| {
        // Three of them began at the same moment.
        let runs: Vec<_> =
            [("a", 1), ("b", 2), ("c", 2), ("d", 2), ("e", 3)].map(|(id, at)| a_run(id, at)).into();
        runs.iter().for_each(|run| store.create(run).unwrap());
        let place = |run: &StoredRun| Place { created: run.created, run: run.id.clone() };
        let names = |part: Vec<StoredRun>| part.iter().map(|run| run.id.to_string()).collect::<String>();
        assert_eq!(names(store.runs_behind(None, 9).unwrap()), "edcba");
        for (at, behind) in [(4, "dcb"), (3, "cba"), (2, "ba"), (1, "a"), (0, "")] {
            assert_eq!(names(store.runs_behind(Some(&place(&runs[at])), 3).unwrap()), behind);
        }
        store.forget(&id("e")).unwrap();
        assert_eq!(names(store.runs_behind(Some(&place(&runs[4])), 2).unwrap()), "dc");
        store.forget(&id("c")).unwrap();
        assert_eq!(names(store.runs_behind(Some(&place(&runs[2])), 9).unwrap()), "ba");
    });
}

#[test]
fn an_append_behind_others_than_were_expected_is_refused_and_changes_nothing() {
    every_store(|store| {
        store.create(&a_run("r", 1)).unwrap();
        assert_eq!(store.append(&id("r"), 0, &[plain(StoredEvent::Started)]).unwrap(), 1);
        for after in [0, 2] {
            let error = store.append(&id("r"), after, &[plain(StoredEvent::CancelRequested)]).unwrap_err();
            let conflict =
                matches!(error, StoreError::Conflict { found: 1, expected, .. } if expected == after);
            assert!(conflict, "{error}");
        }
        assert_eq!(all(store, &id("r")), [plain(StoredEvent::Started)]);
    });
}

#[test]
fn a_run_that_is_forgotten_is_gone_with_all_that_is_stored_of_it() {
    every_store(|store| {
        for name in ["r1", "r2"] {
            store.create(&a_run(name, 1)).unwrap();
            store.append(&id(name), 0, &[done(0, Bytes::from(vec![7; 100_000]))]).unwrap();
        }
        let streams = store.streams(&id("r1")).unwrap();
        drop(store.claim(&id("r1")).unwrap());
        store.forget(&id("r1")).unwrap();
        assert_eq!(store.runs().unwrap(), [a_run("r2", 1)]);
        assert!(!streams.exists());
        assert_eq!(all(store, &id("r2")).len(), 1);
        assert!(matches!(store.forget(&id("r1")), Err(StoreError::NoRun { .. })));
    });
}

#[test]
fn a_run_that_is_not_there_is_named() {
    every_store(|store| {
        let error = store.append(&id("r9"), 0, &[plain(StoredEvent::Started)]).unwrap_err();
        assert!(error.to_string().starts_with("there is no run r9 in "), "{error}");
        let error = store.read(&id("r9"), 0, &mut |_, _| ()).unwrap_err();
        assert!(matches!(error, StoreError::NoRun { .. }), "{error}");
    });
}

#[test]
fn the_last_end_or_resumption_says_how_a_run_ended() {
    every_store(|store| {
        store.create(&a_run("r", 1)).unwrap();
        let ending = || store.run(&id("r")).unwrap().unwrap().ending;
        let finished = |outcome: Outcome| plain(StoredEvent::Finished { outcome: outcome.as_str().into() });
        for (after, outcome) in (0..).zip(Outcome::ALL) {
            store.append(&id("r"), after * 2, &[finished(outcome)]).unwrap();
            assert_eq!(ending(), Ending::Ended(outcome));
            let resumed = StoredEvent::Resumed { version: "1".into(), redo: vec![] };
            store.append(&id("r"), after * 2 + 1, &[plain(resumed)]).unwrap();
            assert_eq!(ending(), Ending::Open);
        }
    });
}

#[test]
fn runs_do_not_see_each_others_events_and_reading_begins_where_asked() {
    every_store(|store| {
        store.create(&a_run("r1", 1)).unwrap();
        store.create(&a_run("r2", 2)).unwrap();
        let entries: Vec<Entry> = (0..3).map(|seq| done(seq, Bytes::from(vec![1]))).collect();
        store.append(&id("r1"), 0, &entries).unwrap();
        store.append(&id("r2"), 0, &entries[..1]).unwrap();
        assert_eq!(all(store, &id("r2")), entries[..1]);
        let mut positions = Vec::new();
        store.read(&id("r1"), 1, &mut |position, _| positions.push(position)).unwrap();
        assert_eq!(positions, [1, 2]);
    });
}

fn any_event() -> impl Strategy<Value = Entry> {
    let failure = || ("[a-z]{1,6}", ".{0,20}").prop_map(|(kind, text)| StoredFailure { kind, text });
    let firing = || ("[a-z]{1,4}:[A-Z]{1,4}", 0..u64::MAX >> 1, 1..u32::MAX);
    let size = prop_oneof![0..200_usize, 65_530..65_550_usize];
    let event = prop_oneof![
        Just(StoredEvent::Started),
        ".{0,9}".prop_map(|node| StoredEvent::NodeReady { node }),
        firing().prop_map(|(step, seq, attempt)| StoredEvent::Fired { step, seq, attempt }),
        (firing(), failure(), 0..100_u32).prop_map(|((step, seq, attempt), failure, after)| {
            StoredEvent::AttemptFailed { step, seq, attempt, failure, retry_after: f64::from(after) / 8.0 }
        }),
        (firing(), failure()).prop_map(|((step, seq, attempt), failure)| StoredEvent::Failed {
            step,
            seq,
            attempt,
            failure
        }),
        (firing(), proptest::option::of(failure())).prop_map(|((step, calls, failed), failure)| {
            StoredEvent::Counted { step, calls, failed: failed.into(), messages: calls, failure }
        }),
        (".{0,9}", ".{0,9}").prop_map(|(step, because)| StoredEvent::StepSkipped { step, because }),
        (firing(), 0..9_u64).prop_map(|((step, seq, attempt), messages)| {
            let gave = Gave::Stream { messages, bytes: Some(messages * 4), file: Some("f".into()) };
            StoredEvent::Done { step, seq, attempt, gave }
        }),
    ]
    .prop_map(plain);
    let message =
        (size, any::<u8>(), 0..9_u64).prop_map(|(size, byte, seq)| done(seq, Bytes::from(vec![byte; size])));
    prop_oneof![event, message]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_sequence_of_appends_reads_back_equal(appends in proptest::collection::vec(
        proptest::collection::vec(any_event(), 0..4), 0..8,
    )) {
        let folder = tempfile::tempdir().unwrap();
        let memory = MemoryStore::new().unwrap();
        let sqlite = SqliteStore::open(folder.path(), Durability::Process).unwrap();
        for store in [&memory as &dyn RunStore, &sqlite] {
            store.create(&a_run("r", 1)).unwrap();
            let mut count = 0;
            for events in &appends {
                count = store.append(&id("r"), count, events).unwrap();
            }
            prop_assert_eq!(all(store, &id("r")), appends.concat());
        }
        // Also by the next process.
        drop(sqlite);
        let again = SqliteStore::existing(folder.path()).unwrap().unwrap();
        prop_assert_eq!(all(&again, &id("r")), appends.concat());
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(folder.path(), Durability::Process).unwrap());
    let file = folder.path().join("runs.sqlite");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let before = std::fs::read(&file).unwrap();
    let opened = [
        SqliteStore::open(folder.path(), Durability::Process).map(Some),
        SqliteStore::existing(folder.path()),
    ];
    for opened in opened {
        let Err(error) = opened else { panic!("it was opened") };
        assert!(matches!(error, StoreError::Newer { found: 7, known: 3, .. }), "{error}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_run_is_claimed_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Durability::Process).unwrap();
    let claim = store.claim(&id("r")).unwrap();
    assert!(store.is_claimed(&id("r")));
    let error = store.claim(&id("r")).unwrap_err();
    let expected =
        format!("run r is under way in process {}; wait for its end, or stop it", std::process::id());
    assert_eq!(error.to_string(), expected);
    store.claim(&id("r2")).unwrap();
    drop(claim);
    assert!(!store.is_claimed(&id("r")));
    store.claim(&id("r")).unwrap();
}

#[test]
fn a_large_message_that_was_changed_is_not_taken_for_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Durability::Process).unwrap();
    store.create(&a_run("r", 1)).unwrap();
    store.append(&id("r"), 0, &[done(0, Bytes::from(vec![7; 100_000]))]).unwrap();
    let messages = folder.path().join("r/messages");
    let file = std::fs::read_dir(messages).unwrap().next().unwrap().unwrap().path();
    std::fs::write(file, "else").unwrap();
    let error = store.message(&id("r"), 0).unwrap_err();
    assert!(error.to_string().contains("is not what was written"), "{error}");
}

#[test]
fn a_forgotten_run_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Durability::Process).unwrap();
    for name in ["r1", "r2"] {
        store.create(&a_run(name, 1)).unwrap();
        store.append(&id(name), 0, &[done(0, Bytes::from(vec![7; 100_000]))]).unwrap();
    }
    store.forget(&id("r1")).unwrap();
    assert!(!folder.path().join("r1").exists());
    assert_eq!(store.runs().unwrap(), [a_run("r2", 1)]);
    assert_eq!(all(&store, &id("r2")).len(), 1);
}

#[test]
fn a_journal_that_is_folded_in_by_somebody_else_is_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Durability::Process).unwrap();
    store.folded_apart().unwrap();
    store.create(&a_run("r", 1)).unwrap();
    let events = vec![plain(StoredEvent::Started); 2000];
    assert_eq!(store.append(&id("r"), 0, &events).unwrap(), 2000);
    let size = || std::fs::metadata(folder.path().join("runs.sqlite")).unwrap().len();
    let before = size();
    store.fold().unwrap();
    assert!(size() > before + 50_000, "{before}, {}", size());
    assert_eq!(all(&store, &id("r")).len(), 2000);
}
