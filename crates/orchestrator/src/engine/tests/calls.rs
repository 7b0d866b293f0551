//! Runs in which nothing goes wrong, and what they leave.

use super::piped::{ALL, GIVE, PASS, Pipe, texts};
use super::*;

#[tokio::test]
async fn a_chain_runs_over_real_connections() {
    let server = bound()
        .on(
            "/test.Service/A",
            |call| json!({ "text": format!("{} from A", call.json["text"].as_str().unwrap()) }),
        )
        .on("/test.Service/B", |_| json!({ "text": "from B" }))
        .start();
    let mut report = run(plan_at(server.port(), &["n:A", "m:B"], &[("n:A", "m:B")])).await;

    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.cause);
    assert_eq!(report.steps[0].result.messages().unwrap(), [text("hello from A")]);
    assert_eq!(report.steps[1].result.messages().unwrap(), [text("from B")]);
    let paths: Vec<String> = server.calls().into_iter().map(|call| call.path).collect();
    assert_eq!(paths, ["/test.Service/A", "/test.Service/B"]);
}

#[tokio::test]
async fn branches_that_do_not_depend_on_each_other_are_called_side_by_side() {
    let meeting = Meeting::of(2);
    let (left, right) = (meeting.clone(), meeting);
    let joined = |meeting: &Meeting| {
        let meeting = meeting.clone();
        Reply::from(json!({ "text": "met" })).after(async move { meeting.join().await })
    };
    let server = bound()
        .on("/test.Service/A", |_| json!({}))
        .on("/test.Service/B", move |_| joined(&left))
        .on("/test.Service/C", move |_| joined(&right))
        .on("/test.Service/D", |_| json!({}))
        .start();
    let links = [("s:A", "l:B"), ("s:A", "r:C"), ("l:B", "j:D"), ("r:C", "j:D")];
    let plan = plan_at(server.port(), &["s:A", "l:B", "r:C", "j:D"], &links);
    // Neither branch answers before the other was called.
    assert_eq!(run(plan).await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn every_call_says_which_run_step_firing_and_attempt_it_is() {
    let server = bound()
        .on("/test.Service/A", |call| match call.earlier {
            0 => Reply::status(Code::Unavailable, "warming up"),
            _ => json!({}).into(),
        })
        .start();
    let report = run(plan_at(server.port(), &["n:A"], &[])).await;
    assert_eq!(report.outcome, Outcome::Succeeded);

    let calls = server.calls();
    let said = |key: &str| calls.iter().map(|call| call.metadata[key].as_str()).collect::<Vec<_>>();
    assert_eq!(said("aieffect-run-id"), ["run-1", "run-1"]);
    assert_eq!(said("aieffect-step"), ["n:A", "n:A"]);
    assert_eq!(said("aieffect-seq"), ["0", "0"]);
    assert_eq!(said("aieffect-attempt"), ["1", "2"]);
    assert_eq!(said("grpc-timeout"), ["60000000u", "60000000u"]);
    let traces = said("traceparent");
    assert_eq!(traces[0][..36], traces[1][..36], "one trace");
    assert_ne!(traces[0], traces[1], "two spans");
    assert_eq!(traces[0].len(), 55);
}

#[tokio::test]
async fn streams_too_say_which_run_step_firing_and_attempt_they_are() {
    let each = "service S { rpc Each(T) returns (T); } message T { string text = 1; }";
    let bound = bound()
        .talk("/S/Give", |mut talk| async move {
            if talk.earlier == 0 {
                return Err(tonic::Status::unavailable("warming up"));
            }
            talk.say(piped::text("a")).await;
            talk.say(piped::text("b")).await;
            Ok(())
        })
        .talk("/S/Pass", |mut talk| async move {
            while let Some(message) = talk.next().await {
                talk.say(message).await;
            }
            Ok(())
        })
        .on("/S/Each", |call| Reply::Bytes(call.bytes))
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(piped::text(&all.join(" "))).await;
            Ok(())
        });
    let pipe = Pipe::new().node("s", GIVE).node("p", PASS).node("e", each).node("a", ALL);
    let pipe = pipe.link("s:Give", "p:Pass").link("p:Pass", "e:Each").link("e:Each", "a:All");
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["a b"]);

    let calls = ran.server.calls();
    let said = |call: &aieffect_testkit::Received| {
        let of = |key: &str| call.metadata[&format!("aieffect-{key}")].clone();
        // Only a unary call has a deadline that can be told before it begins.
        let deadline = call.metadata.contains_key("grpc-timeout");
        format!("{} {} #{} attempt {} {deadline}", of("run-id"), of("step"), of("seq"), of("attempt"))
    };
    let mut told: Vec<String> = calls.iter().map(said).collect();
    told.sort();
    insta::assert_snapshot!(told.join("\n"), @"
    run-1 a:All #0 attempt 1 false
    run-1 e:Each #0 attempt 1 true
    run-1 e:Each #1 attempt 1 true
    run-1 p:Pass #0 attempt 1 false
    run-1 s:Give #0 attempt 1 false
    run-1 s:Give #0 attempt 2 false
    ");
    let mut spans: Vec<&str> = calls.iter().map(|call| &*call.metadata["traceparent"]).collect();
    assert!(spans.iter().all(|span| span[..36] == spans[0][..36]), "one trace");
    spans.sort_unstable();
    spans.dedup();
    assert_eq!(spans.len(), 6, "a span for each call");
}

#[tokio::test]
async fn a_large_answer_arrives_whole_and_is_spooled() {
    let large = Bytes::from(vec![7; 64 << 20]);
    let answer = large.clone();
    let server = bound().on("/test.Service/A", move |_| Reply::Bytes(answer.clone())).start();
    let mut report = run(plan_at(server.port(), &["n:A"], &[])).await;
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert!(report.steps[0].result.is_spooled());
    assert!(report.steps[0].result.messages().unwrap() == [large]);
}

#[tokio::test]
async fn results_of_finished_steps_are_kept_when_the_run_fails() {
    let server = bound()
        .on("/test.Service/A", |_| json!({ "text": "kept" }))
        .on("/test.Service/B", |_| Reply::status(Code::Internal, "boom"))
        .start();
    let links = [("n:A", "n:B"), ("n:B", "n:C")];
    let mut report = run(plan_at(server.port(), &["n:A", "n:B", "n:C"], &links)).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(report.steps[0].result.messages().unwrap(), [text("kept")]);
    assert_eq!(report.steps[1].status, StepStatus::Failed);
    assert_eq!(report.steps[2].status, StepStatus::Skipped { because: report.steps[1].step });
}

#[tokio::test]
async fn runs_side_by_side_do_not_wait_for_each_other() {
    let gate = Gate::new();
    let held = gate.clone();
    let server = bound()
        .on("/test.Service/A", move |_| {
            let gate = held.clone();
            Reply::from(json!({})).after(async move { gate.opened().await })
        })
        .on("/test.Service/B", |_| json!({}))
        .start();
    let (slow, _) = submit(plan_at(server.port(), &["n:A"], &[]), Duration::from_secs(10));
    server.called(1).await;
    assert_eq!(run(plan_at(server.port(), &["n:B"], &[])).await.outcome, Outcome::Succeeded);
    gate.open();
    assert_eq!(slow.wait().await.outcome, Outcome::Succeeded);
}
