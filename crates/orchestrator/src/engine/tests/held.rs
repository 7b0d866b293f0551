//! Runs that are held, over real connections.

use super::piped::{ALL, GIVE, Pipe, text as message, texts};
use super::*;
use crate::engine::Left;

const EACH: &str = "service S { rpc Each(T) returns (T); } message T { string text = 1; }";
const TICK: &str = "service S { rpc Tick(None) returns (T); } message None {} message T { string text = 1; }";

#[tokio::test]
async fn a_held_run_begins_no_step_and_is_left_when_open_calls_have_ended() {
    let (gate, reached) = (Gate::new(), Gate::new());
    let (opens, reaches) = (gate.clone(), reached.clone());
    let server = bound()
        .on("/test.Service/A", move |_| {
            let (opens, reaches) = (opens.clone(), reaches.clone());
            Reply::from(json!({"text": "a"})).after(async move {
                reaches.open();
                opens.opened().await;
            })
        })
        .start();
    let plan = plan_at(server.port(), &["n:A", "m:B"], &[("n:A", "m:B")]);
    let options = RunOptions::new(RunId::new("run-1").unwrap());
    let hold = options.hold.clone();
    let endpoints = Arc::new(FixedEndpoints::new(Duration::from_secs(10)));
    let orchestrator = Orchestrator::new(Arc::new(GrpcTransport::new()));
    let handle = orchestrator.submit(Arc::new(plan), endpoints, options, Vec::new());
    reached.opened().await;
    hold.cancel();
    gate.open();
    let report = handle.wait().await;
    assert_eq!(report.left, Some(Left::Held));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_held_run_that_streams_goes_on_until_the_stream_has_ended() {
    let mut pipe = Pipe::new().node("s", GIVE).node("e", EACH).node("a", ALL).node("l", EACH);
    pipe = pipe.link("s:Give", "e:Each").link("e:Each", "a:All").link("a:All", "l:Each");
    let hold = pipe.options.hold.clone();
    let bound = bound()
        .talk("/S/Give", move |mut talk| {
            let hold = hold.clone();
            async move {
                talk.say(message("0")).await;
                hold.cancel();
                // More than its queue takes, so that it ends only when somebody takes from it.
                for number in 1..500 {
                    talk.say(message(&number.to_string())).await;
                }
                Ok(())
            }
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes))
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(message(&all.len().to_string())).await;
            Ok(())
        });
    let ran = pipe.run(bound).await;
    assert_eq!(ran.report.left, Some(Left::Held));
    let calls = |path| ran.server.calls_of(path).len();
    assert_eq!(
        (calls("/S/Give"), calls("/S/All"), calls("/S/Each")),
        (1, 1, 500),
        "the last step is not begun"
    );
}

#[tokio::test]
async fn a_held_live_run_comes_to_its_end() {
    let mut pipe = Pipe::new().execution("\"mode\": \"live\"");
    pipe.options.quiet = Duration::from_millis(200);
    let hold = pipe.options.hold.clone();
    let bound = bound()
        .on("/S/Tick", move |call| {
            if call.earlier == 9 {
                hold.cancel();
            }
            Reply::Bytes(message(&call.earlier.to_string()))
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes));
    let pipe = pipe.node("t", TICK).node("e", EACH).link("t:Tick", "e:Each");
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.report.left, None);
    let given = ran.results("t:Tick");
    assert!(given.len() >= 9, "{given:?}");
    assert_eq!(ran.results("e:Each"), given, "what the source gave is worked off");
}
