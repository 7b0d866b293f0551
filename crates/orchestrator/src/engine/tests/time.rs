//! How long things take, with a clock that stands still while there is work to do.

use aieffect_blueprint::TransportKind;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep};

use super::offline::{submit, submit_with};
use super::piped::{ALL, GIVE, PASS, Pipe, text};
use super::*;
use crate::ports::NotReady;
use crate::run::{Closing, Given};
use crate::transport::fake::FakeTransport;
use crate::transport::grpc::Access;
use crate::transport::wait_until_ready;

const TICK: &str = "service S { rpc Tick(None) returns (T); } message None {} message T { string text = 1; }";
const EACH: &str = "service S { rpc Each(T) returns (T); } message T { string text = 1; }";
const BACK: &str = "service S { rpc Back(stream T) returns (stream T); } message T { string text = 1; }";
const SECOND: Duration = Duration::from_secs(1);

/// Between so long and a little more.
#[track_caller]
fn took(found: Duration, least: Duration, slack: Duration) {
    assert!(found >= least && found <= least + slack, "{found:?}, not {least:?}");
}

fn options() -> RunOptions {
    RunOptions::new(RunId::new("run-1").unwrap())
}

#[tokio::test(start_paused = true)]
async fn waits_between_attempts_double_up_to_their_cap_and_are_a_random_share() {
    let fake = FakeTransport::new(|_, _| {
        std::future::ready(Err(Failure::NeverReached { reason: "refused".into() }))
    });
    let mut plan = sample::plan(&["n:A"], &[]);
    plan.steps[0].policy.attempts = 200.try_into().unwrap();
    let (handle, seen) = submit(plan, &fake);
    let report = handle.wait().await;
    let waits: Vec<Duration> = seen.lock().unwrap().iter().filter_map(waited).collect();
    assert_eq!((fake.calls().len(), waits.len()), (200, 199));
    took(report.took, waits.iter().sum(), SECOND);
    for (index, wait) in waits.iter().enumerate() {
        let cap = Duration::from_millis(500 << index.min(6)).min(30 * SECOND);
        assert!(*wait < cap, "{index}: {wait:?}");
    }
    // Of 193 shares of 30 s: that all lie in one half is as likely as 193 heads in a row.
    let capped = &waits[6..];
    assert!(capped.iter().any(|wait| *wait > 15 * SECOND) && capped.iter().any(|wait| *wait < 15 * SECOND));
}

fn waited(event: &RunEvent) -> Option<Duration> {
    match event {
        RunEvent::AttemptFailed { retry_after, .. } => Some(*retry_after),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_whole_deadline() {
    // The first two are given up at the end of their minute, the third answers just before.
    let fake = FakeTransport::new(move |call, _| {
        let patience = if call.metadata.attempt.get() < 3 { 3600 * SECOND } else { 59 * SECOND };
        async move {
            sleep(patience).await;
            Ok(vec![Bytes::new()])
        }
    });
    let mut plan = sample::plan(&["n:A"], &[]);
    plan.steps[0].policy.idempotence = Idempotence::Idempotent;
    plan.steps[0].policy.backoff = Duration::ZERO;
    let report = submit(plan, &fake).0.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    took(report.took, 179 * SECOND, SECOND);
    assert_eq!(fake.abandoned(), 2);
}

/// A stream of as many messages, that far apart, and then nothing.
fn dripping(messages: usize, pause: Duration) -> FakeTransport {
    FakeTransport::talking(move |_, inputs, answers| async move {
        drop(inputs);
        for _ in 0..messages {
            sleep(pause).await;
            let _ = answers.send(text("drop")).await;
        }
        std::future::pending().await
    })
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_go_on_for_ever_as_long_as_messages_pass() {
    let pipe = Pipe::new().node("s", GIVE).operation("s:Give", r#"{"deadline": "60s"}"#);
    let report = submit(pipe.planned(1), &dripping(100, 59 * SECOND)).0.wait().await;
    assert_eq!(failure(&report), &Failure::Idle { after: 60 * SECOND });
    // Silence is looked for now and then.
    took(report.took, (100 * 59 + 60) * SECOND, 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_with_silence_is_given_up_and_called_again_where_that_does_no_harm() {
    let pipe = Pipe::new().node("s", GIVE);
    let pipe = pipe.operation("s:Give", r#"{"deadline": "60s", "attempts": 2, "idempotent": true}"#);
    let fake = dripping(1, 61 * SECOND);
    let report = submit(pipe.planned(1), &fake).0.wait().await;
    assert_eq!(failure(&report), &Failure::Idle { after: 60 * SECOND });
    assert_eq!((fake.calls().len(), fake.abandoned()), (2, 2));
    took(report.took, 120 * SECOND, 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_slow_source_is_no_silence_of_what_it_feeds() {
    // `p` and `a` have a minute, and wait for ten.
    let fake = FakeTransport::talking(|call, mut inputs, answers| {
        let path = call.path.clone();
        async move {
            match &*path {
                "/S/Give" => {
                    for _ in 0..3 {
                        sleep(600 * SECOND).await;
                        let _ = answers.send(text("late")).await;
                    }
                }
                "/S/Pass" => {
                    while let Some(message) = inputs.next().await {
                        let _ = answers.send(message).await;
                    }
                }
                _ => {
                    let all = inputs.count().await;
                    let _ = answers.send(text(&all.to_string())).await;
                }
            }
            Ok(())
        }
    });
    let pipe = Pipe::new().node("s", GIVE).node("p", PASS).node("a", ALL);
    let pipe = pipe.link("s:Give", "p:Pass").link("p:Pass", "a:All");
    let minute = r#"{"deadline": "60s"}"#;
    let pipe = pipe.execution(&format!(
        r#""operations": {{"s:Give": {{"deadline": "1h"}}, "p:Pass": {minute}, "a:All": {minute}}}"#
    ));
    let mut report = submit(pipe.planned(1), &fake).0.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(report.steps[2].result.messages().unwrap(), [text("3")]);
    took(report.took, 1800 * SECOND, SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_get_ready_is_waited_for_as_long_as_was_asked() {
    let refusing = bound();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [refusing.port(), silent.local_addr().unwrap().port()] {
        let address = Address { host: "127.0.0.1".into(), port: Port::new(port).unwrap() };
        let begun = Instant::now();
        let ready = wait_until_ready(&address, TransportKind::Grpc, 60 * SECOND, &Access::plain()).await;
        assert!(
            matches!(ready, Err(NotReady::TimedOut { waited, .. }) if waited == 60 * SECOND),
            "{ready:?}"
        );
        // The last try begins when there is time for one.
        took(begun.elapsed(), 59 * SECOND, SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_waits_for_nobody_who_lets_go() {
    let fake = FakeTransport::new(|_, _| std::future::pending());
    let (handle, seen) = submit(sample::plan(&["n:A", "m:B"], &[]), &fake);
    sleep(5 * SECOND).await;
    handle.cancel();
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    took(report.took, 5 * SECOND, SECOND / 10);
    assert_eq!(fake.abandoned(), 2);
    let cancelled = |event: &&RunEvent| matches!(event, RunEvent::FiringCancelled { .. });
    assert_eq!(seen.lock().unwrap().iter().filter(cancelled).count(), 2);
}

/// A source that answers every second, so often; what comes to `Each` takes that long, and what comes to `Pass` is
/// given on at once, to `Back`, where it ends.
fn ticking(count: u64, each: Duration) -> FakeTransport {
    FakeTransport::talking(move |call, mut inputs, answers| {
        let (seq, path) = (call.metadata.seq, call.path.clone());
        async move {
            if path.ends_with("/Tick") {
                if seq >= count {
                    return Err(Failure::Status { code: StatusCode::OutOfRange, message: "no more".into() });
                }
                sleep(SECOND).await;
                let _ = answers.send(text(&seq.to_string())).await;
                return Ok(());
            }
            while let Some(message) = inputs.next().await {
                if path.ends_with("/Each") {
                    sleep(each).await;
                }
                if !path.ends_with("/Back") {
                    let _ = answers.send(message).await;
                }
            }
            Ok(())
        }
    })
}

fn live() -> Pipe {
    let pipe = Pipe::new().execution("\"mode\": \"live\"");
    pipe.node("t", TICK).node("e", EACH).link("t:Tick", "e:Each")
}

/// Two streams that feed each other: neither ends by itself.
fn with_a_cycle(pipe: Pipe) -> Pipe {
    let pipe = pipe.node("p", PASS).node("b", BACK).link("t:Tick", "p:Pass");
    pipe.link("p:Pass", "b:Back").link("b:Back", "p:Pass")
}

#[tokio::test(start_paused = true)]
async fn a_live_run_of_calls_alone_ends_with_the_last_of_them() {
    let fake = ticking(3, 10 * SECOND);
    let options = RunOptions { quiet: 20 * SECOND, ..options() };
    let report = submit_with(live().planned(1), &fake, options).0.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(report.steps[1].result.given(), 3);
    took(report.took, 31 * SECOND, SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_live_run_with_streams_in_a_cycle_ends_when_nothing_has_moved_for_so_long() {
    let fake = ticking(3, Duration::ZERO);
    let pipe = with_a_cycle(Pipe::new().execution("\"mode\": \"live\"").node("t", TICK));
    let options = RunOptions { quiet: 20 * SECOND, ..options() };
    let (handle, seen) = submit_with(pipe.planned(1), &fake, options);
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(report.steps[1].result.given(), 3);
    // Quiet is looked for now and then.
    took(report.took, 23 * SECOND, SECOND);
    assert!(seen.lock().unwrap().contains(&RunEvent::Closing { why: Closing::Quiet }));
}

#[tokio::test(start_paused = true)]
async fn an_open_call_is_no_quiet() {
    let fake = ticking(1, 50 * SECOND);
    let options = RunOptions { quiet: 2 * SECOND, ..options() };
    let pipe = with_a_cycle(live());
    let (handle, seen) = submit_with(pipe.planned(1), &fake, options);
    let report = handle.wait().await;
    assert_eq!(report.steps[1].result.given(), 1);
    took(report.took, 53 * SECOND, SECOND);
    assert!(seen.lock().unwrap().contains(&RunEvent::Closing { why: Closing::Quiet }));
}

#[tokio::test(start_paused = true)]
async fn a_live_run_ends_when_its_time_is_up_and_what_waits_is_worked_off() {
    let fake = ticking(u64::MAX, SECOND / 2);
    let options = RunOptions { lasting: Some(30 * SECOND + SECOND / 4), ..options() };
    let (handle, seen) = submit_with(live().planned(1), &fake, options);
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    took(report.took, 30 * SECOND + SECOND / 4, SECOND);
    let given =
        |event: &&RunEvent| matches!(event, RunEvent::FiringSucceeded { given: Given::Message(_), .. });
    // Thirty of the source, and the same of what it feeds: the last one was under way.
    assert_eq!(seen.lock().unwrap().iter().filter(given).count(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_with_a_live_run_is_cut_after_the_grace_period() {
    let fake = ticking(u64::MAX, 3600 * SECOND);
    let options = RunOptions { lasting: Some(30 * SECOND), grace: 10 * SECOND, ..options() };
    let pipe = live().operation("e:Each", r#"{"deadline": "120m"}"#);
    let report = submit_with(pipe.planned(1), &fake, options).0.wait().await;
    took(report.took, 40 * SECOND, SECOND);
    assert_eq!(report.steps[1].result.given(), 0);
}
