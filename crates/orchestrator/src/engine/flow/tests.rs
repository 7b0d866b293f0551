//! Queues, and what is taken from them, without a network.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use proptest::prelude::*;
use tokio::time::timeout;

use super::course::Course;
use super::feed::{Feed, Next, NextOfCall, Set};
use super::giving::Giving;
use super::intake::{Intake, Requesting, Source, Taking};
use super::outlet::Outlet;
use super::queue::{Queue, Taken};
use super::stop::stopper;
use crate::engine::judge::Judge;
use crate::engine::meter::Meters;
use crate::engine::results::Keep;
use crate::messages::{Messages, row};
use crate::plan::{Overflow, StepId};
use crate::run::sample;

fn queue(overflow: Overflow, most: usize) -> Arc<Queue> {
    Arc::new(Queue::new(overflow, most, Arc::default()))
}

fn message(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn now<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Option<T> {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn put(queue: &Queue, texts: &[&str]) {
    texts.iter().for_each(|text| queue.put(message(text)).unwrap());
}

/// What can be taken at once, as text.
fn taken(queue: &Queue) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(taken) = now(|context| queue.poll_take(context)) {
        match taken.unwrap() {
            Taken::Message(message) => all.push(String::from_utf8(message.to_vec()).unwrap()),
            Taken::Ended => return [all, vec!["end".into()]].concat(),
            Taken::Broken => return [all, vec!["broken".into()]].concat(),
        }
    }
    all
}

fn nexts(feed: &mut Feed) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(next) = now(|context| feed.poll_next(context)) {
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        match next.unwrap() {
            Next::Set(Set::Joined(messages)) => {
                all.push(messages.iter().map(text).collect::<Vec<_>>().join("+"));
            }
            Next::Set(Set::One(message)) => all.push(text(&message)),
            Next::Set(Set::Merged(input, message)) => all.push(format!("{input}:{}", text(&message))),
            end => {
                all.push(format!("{end:?}"));
                return all;
            }
        }
    }
    all
}

#[test]
fn a_full_queue_waits_for_room_by_number_and_by_size() {
    let small = queue(Overflow::Wait, 2);
    put(&small, &["a", "b"]);
    assert!(now(|context| small.poll_room(context)).is_none());
    assert_eq!(taken(&small), ["a", "b"]);
    assert!(now(|context| small.poll_room(context)).is_some());
    let large = queue(Overflow::Wait, 64);
    large.put(Bytes::from(vec![0; 9 << 20])).unwrap();
    assert!(now(|context| large.poll_room(context)).is_none(), "one message is over the size");
}

#[test]
fn whoever_wants_the_latest_gets_the_latest() {
    let queue = queue(Overflow::KeepLatest, 2);
    put(&queue, &["a", "b", "c"]);
    assert_eq!(taken(&queue), ["c"]);
}

#[test]
fn what_spools_comes_back_in_order_however_it_is_taken() {
    let queue = queue(Overflow::Spool, 2);
    put(&queue, &["a", "b", "c", "d"]);
    assert_eq!(now(|context| queue.poll_take(context)).unwrap().unwrap(), Taken::Message(message("a")));
    put(&queue, &["e"]);
    queue.complete();
    assert_eq!(taken(&queue), ["b", "c", "d", "e", "end"]);
}

#[test]
fn a_queue_tells_how_it_ended() {
    let whole = queue(Overflow::Wait, 2);
    put(&whole, &["a"]);
    whole.complete();
    whole.break_off();
    assert_eq!(taken(&whole), ["a", "end"]);
    let broken = queue(Overflow::Wait, 2);
    broken.break_off();
    assert_eq!(taken(&broken), ["broken"]);
    let abandoned = queue(Overflow::Wait, 1);
    put(&abandoned, &["a"]);
    abandoned.abandon();
    assert!(now(|context| abandoned.poll_room(context)).is_some(), "nobody waits for what nobody takes");
    put(&abandoned, &["b", "c"]);
    assert_eq!(taken(&abandoned), ["broken"]);
}

#[tokio::test]
async fn whoever_waits_is_woken() {
    let queue = queue(Overflow::Wait, 1);
    let producer = async {
        for text in ["a", "b", "c"] {
            poll_fn(|context| queue.poll_room(context)).await;
            queue.put(message(text)).unwrap();
        }
        queue.complete();
    };
    let consumer = async {
        let mut all = Vec::new();
        while let Taken::Message(message) = poll_fn(|context| queue.poll_take(context)).await.unwrap() {
            all.push(message);
        }
        all
    };
    let ((), all) = tokio::join!(producer, consumer);
    assert_eq!(all, ["a", "b", "c"].map(message));
}

#[test]
fn joined_links_give_their_nth_messages_together() {
    let (left, right) = (queue(Overflow::Wait, 4), queue(Overflow::Wait, 4));
    let mut feed = Feed::join(vec![Arc::clone(&left), Arc::clone(&right)]);
    put(&left, &["1", "2"]);
    assert!(nexts(&mut feed).is_empty());
    put(&right, &["a"]);
    assert_eq!(nexts(&mut feed), ["1+a"]);
    put(&right, &["b"]);
    left.complete();
    right.complete();
    assert_eq!(nexts(&mut feed), ["2+b", "Ended"]);
}

#[test]
fn joined_links_of_different_length_are_uneven_and_a_broken_one_breaks_all() {
    for (ends, expected) in [("complete", "Uneven"), ("break", "Broken")] {
        let (left, right) = (queue(Overflow::Wait, 4), queue(Overflow::Wait, 4));
        let mut feed = Feed::join(vec![Arc::clone(&left), Arc::clone(&right)]);
        put(&left, &["1", "2"]);
        put(&right, &["a"]);
        if ends == "complete" {
            right.complete();
        } else {
            right.break_off();
        }
        assert_eq!(nexts(&mut feed), ["1+a", expected]);
    }
}

#[test]
fn merged_links_take_turns() {
    let (left, right) = (queue(Overflow::Wait, 4), queue(Overflow::Wait, 4));
    let mut feed = Feed::merge(vec![(0, Arc::clone(&left)), (2, Arc::clone(&right))]);
    put(&left, &["1", "2"]);
    put(&right, &["a", "b"]);
    assert_eq!(nexts(&mut feed), ["0:1", "2:a", "0:2", "2:b"]);
    left.complete();
    assert!(nexts(&mut feed).is_empty());
    feed.close();
    assert!(nexts(&mut feed).is_empty(), "more may come");
    let of_call = now(|context| feed.poll_next_of_call(context)).unwrap().unwrap();
    assert_eq!(of_call, Next::Ended, "but an open call does not wait for it");
}

#[test]
fn firings_that_end_early_go_out_in_their_turn() {
    let queue = queue(Overflow::Wait, 8);
    let outlet = Outlet::new(vec![queue], StepId::new(0), Arc::new(Meters::new(1, Arc::default())));
    assert!(now(|context| outlet.poll_room(2, context)).is_none());
    outlet.over(1);
    assert!(now(|context| outlet.poll_room(2, context)).is_none());
    assert!(now(|context| outlet.poll_room(0, context)).is_some());
    outlet.over(0);
    assert!(now(|context| outlet.poll_room(2, context)).is_some());
}

#[test]
fn what_is_left_of_an_attempt_takes_nothing_more() {
    let plan = Arc::new(sample::plan(&["a:X"], &[]));
    let requests = vec![message("1"), message("2")].into_iter();
    let intake = Intake::new(
        plan,
        StepId::new(0),
        Vec::new(),
        Source::Made(requests),
        Arc::new(Meters::new(1, Arc::default())),
    );
    let intake = Arc::new(Mutex::new(intake));
    let attempt = || Requesting::new(Arc::clone(&intake), Arc::default(), stopper().0);
    let next = |attempt: &mut Requesting| now(|context| Pin::new(attempt).poll_next(context));
    let (mut first, taking) = (attempt(), Taking(Arc::clone(&intake)));
    assert_eq!(next(&mut first), Some(Some(message("1").into())));
    drop(taking);
    assert_eq!(next(&mut first), None, "its call is over");
    let mut second = attempt();
    let sent = [next(&mut second), next(&mut second), next(&mut second)];
    assert_eq!(
        sent,
        [Some(Some(message("1").into())), Some(Some(message("2").into())), Some(None)],
        "from the beginning"
    );
}

#[test]
fn what_is_taken_together_keeps_its_room_until_it_is_used_up() {
    let queue = queue(Overflow::Wait, 3);
    put(&queue, &["a", "b", "c"]);
    let mut feed = Feed::join(vec![Arc::clone(&queue)]);
    let mut next = || now(|context| feed.poll_next(context)).map(|next| next.unwrap());
    let one = |text| Some(Next::Set(Set::One(message(text))));
    assert_eq!(next(), one("a"));
    assert_eq!(queue.room(), 1, "one was used");
    put(&queue, &["d"]);
    assert_eq!(queue.room(), 0);
    assert_eq!([next(), next()], [one("b"), one("c")]);
    assert_eq!(next(), one("d"));
    assert_eq!(queue.room(), 3);
    assert_eq!(next(), None);
    assert!(queue.is_empty());
}

#[test]
fn the_latest_alone_is_kept_also_when_others_were_taken() {
    let queue = queue(Overflow::KeepLatest, 1);
    let mut feed = Feed::join(vec![Arc::clone(&queue)]);
    for text in ["a", "b", "c"] {
        put(&queue, &[text]);
    }
    assert_eq!(nexts(&mut feed), ["c"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_falls_silent_is_noticed_after_its_messages_had_to_wait() {
    let plan = Arc::new(sample::plan(&["a:X"], &[]));
    let (queue, course) = (queue(Overflow::Wait, 1), Arc::<Course>::default());
    let meters = Arc::new(Meters::new(1, Arc::default()));
    let mut giving = Giving {
        outlet: Arc::new(Outlet::new(vec![Arc::clone(&queue)], StepId::new(0), meters)),
        seq: 0,
        judge: Judge { plan, step: StepId::new(0), data: Arc::default() },
        accepts_all: true,
        keep: Keep::None,
        result: Arc::default(),
        course: Arc::clone(&course),
        stopper: stopper().0,
        most: None,
        given: 0,
        staged: VecDeque::new(),
        unjudged: Messages::default(),
        judging: None,
        failure: None,
    };
    for text in ["a", "b"] {
        Pin::new(&mut giving).start_send(message(text).into()).unwrap();
    }
    let limit = Duration::from_secs(1);
    assert!(now(|context| Pin::new(&mut giving).poll_flush(context)).is_none(), "there is room for one");
    assert!(timeout(10 * limit, course.idle(limit)).await.is_err(), "it is we who keep it waiting");
    assert_eq!(taken(&queue), ["a"]);
    assert!(now(|context| Pin::new(&mut giving).poll_flush(context)).is_some());
    assert!(timeout(10 * limit, course.idle(limit)).await.is_ok());
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_changes_places(
        turns in proptest::collection::vec((any::<bool>(), 0..3_usize), 1..200),
        spools in any::<bool>(),
        most in 1..5_usize,
    ) {
        let queue = queue(if spools { Overflow::Spool } else { Overflow::Wait }, most);
        let (mut given, mut got) = (0_u32, Vec::new());
        for (puts, times) in turns {
            for _ in 0..times {
                if puts {
                    if now(|context| queue.poll_room(context)).is_some() {
                        queue.put(Bytes::copy_from_slice(&given.to_be_bytes())).unwrap();
                        given += 1;
                    }
                } else if let Some(taken) = now(|context| queue.poll_take(context)) {
                    let Taken::Message(message) = taken.unwrap() else { panic!("it has not ended") };
                    got.push(u32::from_be_bytes(message.as_ref().try_into().unwrap()));
                }
            }
        }
        queue.complete();
        while let Some(Ok(Taken::Message(message))) = now(|context| queue.poll_take(context)) {
            got.push(u32::from_be_bytes(message.as_ref().try_into().unwrap()));
        }
        prop_assert_eq!(got, (0..given).collect::<Vec<_>>());
    }

    #[test]
    fn those_that_come_together_and_one_by_one_keep_their_order(
        turns in proptest::collection::vec((0..4_u8, 0..6_usize), 1..100),
        overflow in prop::sample::select(vec![Overflow::Wait, Overflow::Spool]),
        merges in any::<bool>(),
        most in 1..5_usize,
    ) {
        let queue = queue(overflow, most);
        let outlet = Outlet::new(vec![Arc::clone(&queue)], StepId::new(0), Arc::new(Meters::new(1, Arc::default())));
        let mut feed = if merges {
            Feed::merge(vec![(3, Arc::clone(&queue))])
        } else {
            Feed::join(vec![Arc::clone(&queue)])
        };
        let (mut given, mut waiting, mut got) = (0_u32, Messages::default(), Vec::new());
        let number = |message: &[u8]| u32::from_be_bytes(message.try_into().unwrap());
        for (turn, count) in turns {
            match turn {
                0 | 1 => {
                    let before = waiting.count();
                    let gone = outlet.offer(0, &mut waiting).unwrap();
                    prop_assert_eq!(gone.count() + waiting.count(), before);
                    if waiting.is_empty() {
                        waiting = row((given..).take(count).map(u32::to_be_bytes));
                        given += count as u32;
                    }
                    prop_assert!(overflow == Overflow::Spool || gone.count() <= most);
                }
                2 => match now(|context| feed.poll_next(context)) {
                    Some(Ok(Next::Set(Set::One(message) | Set::Merged(3, message)))) => got.push(number(&message)),
                    None => {}
                    Some(other) => panic!("{other:?}"),
                },
                _ => match now(|context| feed.poll_together(context)) {
                    Some(Ok(NextOfCall::Messages(input, messages))) => {
                        prop_assert_eq!(input, if merges { 3 } else { 0 });
                        got.extend(messages.iter().map(number));
                    }
                    None => {}
                    Some(other) => panic!("{other:?}"),
                },
            }
        }
        loop {
            outlet.offer(0, &mut waiting).unwrap();
            let Some(Ok(NextOfCall::Messages(_, messages))) = now(|context| feed.poll_together(context)) else {
                break;
            };
            got.extend(messages.iter().map(number));
        }
        prop_assert!(feed.is_empty() && waiting.is_empty());
        prop_assert_eq!(got, (0..given).collect::<Vec<_>>());
    }
}
