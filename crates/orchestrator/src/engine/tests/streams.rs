//! Streams in batch, over real connections.

use tonic::Status;

use super::piped::{ALL, GIVE, PASS, Pipe, text, texts};
use super::*;

/// `s` streams these texts.
fn source(bound: Bound, count: usize) -> Bound {
    bound.talk("/S/Give", move |mut talk| async move {
        for number in 0..count {
            talk.say(text(&number.to_string())).await;
        }
        Ok(())
    })
}

const ONE: &str = "service S { rpc One(None) returns (O); } message None {} message O { string one = 1; }";
const EACH: &str = "service S { rpc Each(T) returns (T); } message T { string text = 1; string one = 2; }";
const MEET: &str =
    "service S { rpc Meet(T) returns (T); } message T { string text = 1; string one = 2; string all = 3; }";

#[tokio::test]
async fn each_message_of_a_stream_is_a_call_in_order() {
    let bound = source(bound(), 100).on("/S/Each", |call| Reply::Bytes(call.bytes));
    let mut ran = Pipe::new().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each").run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("e:Each"), (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(ran.results("s:Give").len(), 100);
}

#[tokio::test]
async fn parallel_calls_hand_on_in_order() {
    let meeting = Meeting::of(2);
    let bound = source(bound(), 10)
        .on("/S/Each", move |call| {
            let meeting = meeting.clone();
            let first_two = call.earlier < 2;
            // The first two meet: they are open at the same time.
            Reply::Bytes(call.bytes).after(async move {
                if first_two {
                    meeting.join().await;
                }
            })
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(&all.join(" "))).await;
            Ok(())
        });
    let pipe = Pipe::new().node("s", GIVE).node("e", EACH).node("a", ALL);
    let pipe =
        pipe.link("s:Give", "e:Each").link("e:Each", "a:All").operation("e:Each", r#"{"parallel": 4}"#);
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["0 1 2 3 4 5 6 7 8 9"]);
}

#[tokio::test]
async fn parallel_calls_that_end_early_are_shown_in_their_place() {
    let gate = Gate::new();
    let bound = source(bound(), 6).on("/S/Each", move |call| {
        let (gate, place) = (gate.clone(), call.earlier);
        // The first answers once the last has come.
        Reply::Bytes(call.bytes).after(async move {
            if place == 0 {
                gate.opened().await;
            } else if place == 3 {
                gate.open();
            }
        })
    });
    let pipe = Pipe::new().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each");
    let mut ran = pipe.operation("e:Each", r#"{"parallel": 4}"#).run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("e:Each"), ["0", "1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_single_message_meets_every_one_of_a_stream() {
    let bound = source(bound(), 3)
        .on("/S/One", |_| Reply::Bytes(text("kept")))
        .on("/S/Each", |call| Reply::Bytes(call.bytes));
    let pipe = Pipe::new().node("s", GIVE).node("o", ONE).node("e", EACH);
    let mut ran = pipe.link("s:Give", "e:Each").link("o:One", "e:Each").run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("e:Each"), ["0/kept", "1/kept", "2/kept"]);
}

#[tokio::test]
async fn streams_of_different_length_fail_the_step_that_joins_them() {
    for shape in [EACH, PASS] {
        let bound = source(bound(), 3)
            .talk("/S/Other", |mut talk| async move {
                talk.say(text("a")).await;
                Ok(())
            })
            .on("/S/Each", |call| Reply::Bytes(call.bytes))
            .talk("/S/Pass", |mut talk| async move {
                texts(&mut talk).await;
                Ok(())
            });
        let other =
            "service S { rpc Other(None) returns (stream O); } message None {} message O { string one = 1; }";
        let shape = shape.replace("string text = 1; }", "string text = 1; string one = 2; }");
        let to = if shape.contains("Each") { "e:Each" } else { "e:Pass" };
        let pipe = Pipe::new().node("s", GIVE).node("o", other).node("e", &shape);
        let ran = pipe.link("s:Give", to).link("o:Other", to).run(bound).await;
        assert_eq!(failure(&ran.report), &Failure::Uneven);
    }
}

#[tokio::test]
async fn an_empty_stream_gives_an_empty_list() {
    let bound = source(bound(), 0);
    let pipe = Pipe::new().node("s", GIVE).node("e", EACH).node("a", ALL);
    let ran = pipe.link("s:Give", "e:Each").link("s:Give", "a:All").run(bound).await;
    ran.succeeded();
    assert_eq!(ran.server.calls_of("/S/Each").len() + ran.server.calls_of("/S/All").len(), 0);
    assert!(ran.report.steps.iter().all(|step| step.status == StepStatus::Finished));
}

#[tokio::test]
async fn a_stream_goes_through_streams_and_is_closed_behind_the_last_message() {
    let bound = source(bound(), 1000)
        .talk("/S/Pass", |mut talk| async move {
            while let Some(message) = talk.next().await {
                talk.say(message).await;
            }
            talk.say(text("end")).await;
            Ok(())
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(&format!("{} {}", all.len(), all.last().unwrap()))).await;
            Ok(())
        });
    let pipe = Pipe::new().node("s", GIVE).node("p", PASS).node("a", ALL);
    let mut ran = pipe.link("s:Give", "p:Pass").link("p:Pass", "a:All").run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["1001 end"]);
    assert_eq!(ran.server.calls().len(), 3);
}

#[tokio::test]
async fn a_full_queue_holds_the_source_up() {
    let gate = Gate::new();
    let (held, said) = (gate.clone(), Arc::new(Mutex::new(0)));
    let count = Arc::clone(&said);
    let bound = bound()
        .talk("/S/Give", move |mut talk| {
            let count = Arc::clone(&count);
            async move {
                for _ in 0..2000 {
                    talk.say(
                        vec![0x0a; 1]
                            .into_iter()
                            .chain([0x80, 0x80, 0x04])
                            .chain(vec![b'x'; 1 << 16])
                            .collect::<Vec<u8>>(),
                    )
                    .await;
                    *count.lock().unwrap() += 1;
                }
                Ok(())
            }
        })
        .on("/S/Each", move |call| {
            let gate = held.clone();
            Reply::Bytes(call.bytes.slice(0..0)).after(async move { gate.opened().await })
        });
    let pipe =
        Pipe::new().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each").execution("\"queue_size\": 4");
    let (handle, server) = pipe.submit(bound, |_| {});
    server.called(2).await;
    // What is under way: windows of both sides and the queue, far less than all.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(*said.lock().unwrap() < 1000, "{}", said.lock().unwrap());
    gate.open();
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(*said.lock().unwrap(), 2000);
}

#[tokio::test]
async fn branches_that_meet_again_do_not_wait_for_each_other_for_ever() {
    let bound = source(bound(), 5000)
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(&all.len().to_string())).await;
            Ok(())
        })
        .on("/S/Meet", |call| Reply::Bytes(call.bytes));
    let pipe = Pipe::new().node("s", GIVE).node("a", ALL).node("m", MEET);
    let pipe = pipe.link("s:Give", "a:All").link("s:Give", "m:Meet").link_with(
        "a:All",
        "m:Meet",
        r#"{"all": "text", "text": null}"#,
    );
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    let results = ran.results("m:Meet");
    assert_eq!((results.len(), &*results[0], &*results[4999]), (5000, "0//5000", "4999//5000"));
}

#[tokio::test]
async fn a_source_that_fails_cancels_what_it_feeds_and_does_not_end_it() {
    let ended = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&ended);
    let gate = Gate::new();
    let (opens, held) = (gate.clone(), gate);
    let bound = bound()
        .talk("/S/Give", move |mut talk| {
            let gate = held.clone();
            async move {
                talk.say(text("1")).await;
                gate.opened().await;
                Err(Status::data_loss("half of it"))
            }
        })
        .talk("/S/All", move |mut talk| {
            let (seen, gate) = (Arc::clone(&seen), opens.clone());
            async move {
                talk.next().await;
                gate.open();
                talk.next().await;
                // Only reached when the caller has closed its half, or is gone; then this is dropped.
                *seen.lock().unwrap() = true;
                Ok(())
            }
        });
    let ran = Pipe::new().node("s", GIVE).node("a", ALL).link("s:Give", "a:All").run(bound).await;
    let status = Failure::Status { code: StatusCode::DataLoss, message: "half of it".into() };
    assert_eq!(failure(&ran.report), &status);
    ran.server.abandoned(1).await;
    assert!(!*ended.lock().unwrap());
}

#[tokio::test]
async fn a_cancelled_run_leaves_no_stream_open_with_its_services() {
    let bound = bound()
        .talk("/S/Give", |mut talk| async move {
            talk.say(text("1")).await;
            std::future::pending().await
        })
        .talk("/S/Pass", |mut talk| async move {
            let first = talk.next().await.unwrap();
            talk.say(first).await;
            texts(&mut talk).await;
            Ok(())
        });
    let pipe = Pipe::new().node("s", GIVE).node("p", PASS).link("s:Give", "p:Pass");
    let (handle, server) = pipe.submit(bound, |_| {});
    server.called(2).await;
    let meters = handle.meters();
    while meters.passed(crate::plan::StepId::new(1)).messages == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    handle.cancel();
    assert_eq!(handle.wait().await.outcome, Outcome::Cancelled);
    server.abandoned(2).await;
}

#[tokio::test]
async fn a_stream_is_called_again_only_before_its_first_message() {
    for (says_first, expected) in [(false, Outcome::Succeeded), (true, Outcome::Failed)] {
        let bound = bound().talk("/S/Give", move |mut talk| async move {
            if talk.earlier == 0 {
                if says_first {
                    talk.say(text("0")).await;
                }
                return Err(Status::unavailable("warming up"));
            }
            talk.say(text("1")).await;
            Ok(())
        });
        let ran = Pipe::new().node("s", GIVE).run(bound).await;
        assert_eq!(ran.report.outcome, expected);
        assert_eq!(ran.server.calls().len(), if says_first { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_stream_that_is_taken_is_sent_again_from_its_beginning() {
    let bound = source(bound(), 10).talk("/S/All", |mut talk| async move {
        if talk.earlier == 0 {
            talk.next().await;
            talk.next().await;
            return Err(Status::unavailable("warming up"));
        }
        let all = texts(&mut talk).await;
        talk.say(text(&all.join(" "))).await;
        Ok(())
    });
    let mut ran = Pipe::new().node("s", GIVE).node("a", ALL).link("s:Give", "a:All").run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["0 1 2 3 4 5 6 7 8 9"]);
}

#[tokio::test]
async fn any_message_of_a_stream_can_say_that_it_failed() {
    let proto = "service S { rpc Give(None) returns (stream T); } message None {}
        message T { bool success = 1; string message = 2; }";
    let bound = bound().talk("/S/Give", |mut talk| async move {
        talk.say(vec![0x08, 1]).await;
        talk.say(vec![0x12, 3, b'b', b'a', b'd']).await;
        std::future::pending().await
    });
    let ran = Pipe::new().node("s", proto).run(bound).await;
    assert_eq!(failure(&ran.report).to_string(), "the service answered `success: false`: bad");
    ran.server.abandoned(1).await;
}

#[tokio::test]
async fn one_branch_that_fails_does_not_hold_up_the_other() {
    let bound = source(bound(), 500).on("/S/Each", |_| Reply::status(Code::Internal, "no")).talk(
        "/S/All",
        |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(&all.len().to_string())).await;
            Ok(())
        },
    );
    let pipe = Pipe::new().node("s", GIVE).node("e", EACH).node("a", ALL);
    let mut ran = pipe.link("s:Give", "e:Each").link("s:Give", "a:All").run(bound).await;
    assert_eq!(ran.report.outcome, Outcome::Failed);
    assert_eq!(ran.results("a:All"), ["500"]);
}

#[tokio::test]
async fn a_stream_on_which_nothing_moves_is_given_up() {
    let bound = bound().talk("/S/Give", |mut talk| async move {
        talk.say(text("1")).await;
        std::future::pending().await
    });
    let pipe = Pipe::new().node("s", GIVE).operation("s:Give", r#"{"deadline": "200ms"}"#);
    let ran = pipe.run(bound).await;
    assert_eq!(failure(&ran.report), &Failure::Idle { after: Duration::from_millis(200) });
}

#[tokio::test]
async fn a_service_that_hangs_once_it_has_all_is_given_up() {
    let bound = bound()
        .talk("/S/Give", |mut talk| async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            talk.say(text("1")).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        })
        .talk("/S/All", |mut talk| async move {
            texts(&mut talk).await;
            std::future::pending().await
        });
    let pipe = Pipe::new().node("s", GIVE).node("a", ALL).link("s:Give", "a:All");
    let ran = pipe.operation("a:All", r#"{"deadline": "200ms"}"#).run(bound).await;
    assert_eq!(failure(&ran.report), &Failure::Idle { after: Duration::from_millis(200) });
}

#[tokio::test]
async fn waiting_for_one_another_is_no_silence_of_a_service() {
    // `a` is open for longer than its deadline, and waits for a slow source.
    let bound = bound()
        .talk("/S/Give", |mut talk| async move {
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_millis(120)).await;
                talk.say(text("1")).await;
            }
            Ok(())
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(&all.len().to_string())).await;
            Ok(())
        });
    let pipe = Pipe::new().node("s", GIVE).node("a", ALL).link("s:Give", "a:All");
    let mut ran = pipe.operation("a:All", r#"{"deadline": "60ms"}"#).run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["4"]);
}

#[tokio::test]
async fn stalled_streams_hold_up_no_call_to_the_same_service() {
    let gate = Gate::new();
    let held = gate.clone();
    let large = || vec![0x0a, 0x80, 0x80, 0x40].into_iter().chain(vec![b'x'; 1 << 20]).collect::<Vec<u8>>();
    let bound = bound()
        .talk("/S/Give", move |mut talk| async move {
            for _ in 0..40 {
                talk.say(large()).await;
            }
            Ok(())
        })
        .on("/S/Each", move |_| {
            let gate = held.clone();
            Reply::Bytes(Bytes::new()).after(async move { gate.opened().await })
        })
        .on("/S/One", |_| Reply::Bytes(text("kept")));
    let mut pipe = Pipe::new().node("o", ONE);
    for branch in ["1", "2", "3"] {
        let (s, e) = (format!("s{branch}"), format!("e{branch}"));
        pipe = pipe.node(&s, GIVE).node(&e, EACH).link(&format!("{s}:Give"), &format!("{e}:Each"));
    }
    let pipe = pipe.initial(r#"{"o:One": {}}"#);
    let (opened, after) = (gate.clone(), Arc::new(Mutex::new(false)));
    let answered = Arc::clone(&after);
    let (handle, server) = pipe.submit(bound, move |event| {
        if let RunEvent::FiringSucceeded { given: crate::run::Given::Message(message), .. } = event
            && message.bytes() == &text("kept")
        {
            *answered.lock().unwrap() = true;
            opened.open();
        }
    });
    let report = handle.wait().await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert!(*after.lock().unwrap());
    assert_eq!(server.calls_of("/S/Each").len(), 120);
}
