//! Live runs, over real connections.

use super::piped::{ALL, GIVE, PASS, Pipe, first_text, text, texts};
use super::*;

const TICK: &str = "service S { rpc Tick(None) returns (T); } message None {} message T { string text = 1; }";
const EACH: &str = "service S { rpc Each(T) returns (T); } message T { string text = 1; }";
const BACK: &str = "service S { rpc Back(stream T) returns (stream T); } message T { string text = 1; }";

fn live() -> Pipe {
    let mut pipe = Pipe::new().execution("\"mode\": \"live\"");
    pipe.options.quiet = Duration::from_millis(200);
    pipe
}

/// A source that answers so often, and then has no more.
fn ticks(bound: Bound, count: usize) -> Bound {
    bound.on("/S/Tick", move |call| match call.earlier {
        earlier if earlier < count => Reply::Bytes(text(&earlier.to_string())),
        _ => Reply::status(Code::OutOfRange, "no more"),
    })
}

#[tokio::test]
async fn a_unary_source_is_called_until_it_has_no_more() {
    let bound = ticks(bound(), 20).on("/S/Each", |call| Reply::Bytes(call.bytes));
    let pipe = live().node("t", TICK).node("e", EACH).link("t:Tick", "e:Each");
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("e:Each"), (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(ran.server.calls_of("/S/Tick").len(), 21);
}

#[tokio::test]
async fn so_many_messages_are_taken_of_each_source_as_are_asked_for() {
    let bound = ticks(bound(), 1000)
        .talk("/S/Give", |mut talk| async move {
            loop {
                talk.say(text("stream")).await;
            }
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes));
    let pipe = live().node("t", TICK).node("s", GIVE).node("e", EACH);
    let pipe = pipe.link("t:Tick", "e:Each").link("s:Give", "e:Each").iterations(3);
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    let mut results = ran.results("e:Each");
    results.sort();
    assert_eq!(results, ["0", "1", "2", "stream", "stream", "stream"]);
}

#[tokio::test]
async fn what_a_source_gave_before_it_failed_counts() {
    let bound = bound()
        .talk("/S/Give", |mut talk| async move {
            for _ in 0..2 {
                talk.say(text("stream")).await;
            }
            Err(tonic::Status::internal("no more for now"))
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes));
    let pipe = live().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each").iterations(5);
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("e:Each").len(), 5);
    assert_eq!(ran.server.calls_of("/S/Give").len(), 3, "two of each, and one of the last");
}

#[tokio::test]
async fn streams_in_a_cycle_settle_and_are_closed() {
    // Each of the two halves what it gets until nothing is left of it; then all is quiet.
    let halve = |mut talk: aieffect_testkit::Talk| async move {
        while let Some(message) = talk.next().await {
            let number: u64 = first_text(&message).parse().unwrap();
            if number > 0 {
                talk.say(text(&(number / 2).to_string())).await;
            }
        }
        Ok(())
    };
    let bound = ticks(bound(), 1).talk("/S/Pass", halve).talk("/S/Back", halve).on("/S/Tick", |call| {
        match call.earlier {
            0 => Reply::Bytes(text("1000")),
            _ => Reply::status(Code::NotFound, "no more"),
        }
    });
    let pipe = Pipe::new().node("t", TICK).node("p", PASS).node("b", BACK);
    let mut pipe = pipe.link("t:Tick", "p:Pass").link("p:Pass", "b:Back").link("b:Back", "p:Pass");
    pipe.options.quiet = Duration::from_millis(200);
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("p:Pass"), ["500", "125", "31", "7", "1"]);
    assert_eq!(ran.results("b:Back"), ["250", "62", "15", "3", "0"]);
    assert_eq!(ran.server.calls().len(), 4, "the streams stayed open");
}

#[tokio::test]
async fn a_service_may_wait_within_a_call_for_what_it_sent_through_the_pipeline() {
    // `p` gives a question by its stream, and goes on only once `e` has answered into another call of it.
    let (asks, answers) = (Gate::new(), Gate::new());
    let (told, wait) = (asks.clone(), asks);
    let bound = bound()
        .on("/S/Tick", |call| match call.earlier {
            0 => Reply::Bytes(text("solve")),
            _ => Reply::status(Code::OutOfRange, ""),
        })
        .talk("/S/Pass", move |mut talk| {
            let wait = wait.clone();
            async move {
                let task = talk.next().await.unwrap();
                talk.say(task).await;
                wait.opened().await;
                talk.say(text("solved")).await;
                texts(&mut talk).await;
                Ok(())
            }
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes))
        .on("/S/Hear", move |_| {
            told.open();
            Reply::Bytes(Bytes::new())
        });
    drop(answers);
    let hear = "service S { rpc Hear(T) returns (None); } message None {} message T { string text = 1; }";
    let pipe = live().node("t", TICK).node("p", PASS).node("e", EACH).node("h", hear);
    let pipe = pipe.link("t:Tick", "p:Pass").link("p:Pass", "e:Each").link("e:Each", "h:Hear");
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("p:Pass"), ["solve", "solved"]);
}

#[tokio::test]
async fn what_ends_a_call_is_called_again_with_the_next_message() {
    let bound = ticks(bound(), 4).talk("/S/All", |mut talk| async move {
        let first = talk.next().await.unwrap();
        talk.say(first).await;
        Ok(())
    });
    let pipe = live().node("t", TICK).node("a", ALL).link("t:Tick", "a:All");
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    // A call that ends may have been given a message that it did not take.
    let results = ran.results("a:All");
    assert!(results.len() >= 2 && results[0] == "0", "{results:?}");
}

#[tokio::test]
async fn an_input_without_fields_is_a_trigger_and_an_output_without_fields_is_none() {
    let go = "service S { rpc Go(None) returns (None); } message None {}";
    let after = "service S { rpc After(None) returns (T); } message None {} message T { string text = 1; }";
    let bound = ticks(bound(), 3)
        .on("/S/Go", |_| Reply::Bytes(Bytes::new()))
        .on("/S/After", |_| Reply::Bytes(text("never")));
    let pipe = live().node("t", TICK).node("g", go).node("a", after);
    let ran = pipe.link("t:Tick", "g:Go").link("g:Go", "a:After").run(bound).await;
    ran.succeeded();
    assert_eq!(ran.server.calls_of("/S/Go").len(), 3);
    assert_eq!(ran.server.calls_of("/S/After").len(), 0);
}

#[tokio::test]
async fn a_failed_call_is_counted_and_the_next_message_goes_on() {
    let bound = ticks(bound(), 9).on("/S/Each", |call| match call.earlier % 3 {
        0 => Reply::status(Code::InvalidArgument, "not this one"),
        _ => Reply::Bytes(call.bytes),
    });
    let pipe = live().node("t", TICK).node("e", EACH).link("t:Tick", "e:Each");
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("e:Each").len(), 6);
    let step = sample::step(&ran.plan, "e:Each");
    assert_eq!(ran.report.steps[step.index()].failed, 3);
}

#[tokio::test]
async fn five_failures_in_a_row_fail_the_run() {
    let bound = ticks(bound(), 1000).on("/S/Each", |_| Reply::status(Code::InvalidArgument, "none of them"));
    let pipe = live().node("t", TICK).node("e", EACH).link("t:Tick", "e:Each");
    let ran = pipe.run(bound).await;
    assert_eq!(ran.report.outcome, Outcome::Failed);
    assert_eq!(ran.server.calls_of("/S/Each").len(), 5);
}

#[tokio::test]
async fn a_run_lasts_as_long_as_it_is_given() {
    let bound = bound()
        .talk("/S/Give", |mut talk| async move {
            loop {
                talk.say(text("on")).await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(text(if all.is_empty() { "none" } else { "some" })).await;
            Ok(())
        });
    let mut pipe = live().node("s", GIVE).node("a", ALL).link("s:Give", "a:All");
    pipe.options.lasting = Some(Duration::from_millis(300));
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["some"], "its stream is closed, and its answer waited for");
    assert!(ran.report.took >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_slow_step_gets_the_latest_where_that_is_wanted() {
    let gate = Gate::new();
    let (held, open) = (gate.clone(), gate);
    let bound = bound()
        .talk("/S/Give", move |mut talk| {
            let open = open.clone();
            async move {
                for number in 0..100 {
                    talk.say(text(&number.to_string())).await;
                }
                open.open();
                Ok(())
            }
        })
        .on("/S/Each", move |call| {
            let gate = held.clone();
            Reply::Bytes(call.bytes).after(async move { gate.opened().await })
        });
    let latest = r#""links": [{"from": "s:Give", "to": "e:Each", "keep_latest": true}]"#;
    let pipe = live().node("s", GIVE).node("e", EACH).link("s:Give", "e:Each").execution(latest);
    let mut ran = pipe.execution("\"queue_size\": 1").run(bound).await;
    ran.succeeded();
    let results = ran.results("e:Each");
    assert!(results.len() < 50, "{results:?}");
    assert_eq!(results.last().unwrap(), "99");
}

#[tokio::test]
async fn a_live_run_stops_when_it_is_told_to() {
    let bound = ticks(bound(), usize::MAX).on("/S/Each", |call| Reply::Bytes(call.bytes));
    let pipe = live().node("t", TICK).node("e", EACH).link("t:Tick", "e:Each");
    let (handle, server) = pipe.submit(bound, |_| {});
    server.called(20).await;
    handle.cancel();
    assert_eq!(handle.wait().await.outcome, Outcome::Cancelled);
}
