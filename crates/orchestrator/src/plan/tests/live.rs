//! Live mode: what is called, what each message makes, and what is said of the rest.

use std::num::{NonZeroU32, NonZeroU64};

use aieffect_blueprint::Mode;
use insta::assert_snapshot;

use super::fixture::{Setup, encoded};
use crate::plan::{Feed, Gather, Multiplicity, Overflow, PlanOptions, Requests};

const PASSES: &str = "service S { rpc Do(M) returns (M); } message M { int32 x = 1; }";
const SOURCE: &str = "service S { rpc Do(None) returns (M); } message M { int32 x = 1; } message None {}";
const SINK: &str = "service S { rpc Do(M) returns (None); } message M { int32 x = 1; } message None {}";

fn graph(nodes: &[(&str, &str)], links: &str) -> Setup {
    let setup = nodes.iter().fold(Setup::new(), |setup, (name, proto)| setup.node(name, proto));
    let ends = links.split(' ').filter_map(|link| link.split_once('>'));
    ends.fold(setup, |setup, (from, to)| setup.link(&format!("{from}:Do"), &format!("{to}:Do"))).live()
}

#[test]
fn every_message_of_a_cycle_is_an_input() {
    let setup = graph(&[("b", PASSES), ("c", PASSES), ("source", SOURCE)], "source>b b>c c>b");
    let planned = setup.options(PlanOptions::default()).planned();
    assert_snapshot!(planned.shown(), @"
    ---
    live mode; 64 messages wait on a link at most

    1. source:Do  unary
       calls   /S/Do on source:8061
       fires   by itself, again and again

    2. b:Do  unary
       calls   /S/Do on b:8061
       fires   for each message
       on      c:Do
       request M (bytes handed on as they are)
         x  ← c:Do x
       on      source:Do
       request M (bytes handed on as they are)
         x  ← source:Do x

    3. c:Do  unary
       calls   /S/Do on c:8061
       fires   for each message
       on      b:Do
       request M (bytes handed on as they are)
         x  ← b:Do x
    ");
    let plan = planned.expect();
    assert!(plan.steps.iter().all(|step| step.gather == Gather::Merge && step.gives == Multiplicity::Many));
    assert!(plan.links.iter().all(|link| link.carries == Multiplicity::Many));
}

#[test]
fn each_step_of_a_cycle_comes_after_one_that_leads_to_it() {
    let order = |nodes: &[(&str, &str)], links| graph(nodes, links).planned().order().replace(":Do", "");
    let (s, p) = (SOURCE, PASSES);
    assert_eq!(order(&[("d", p), ("c", p), ("b", p), ("s", s)], "s>b b>c c>b c>d"), "s b c d");
    assert_eq!(order(&[("d", p), ("c", p), ("b", p), ("s", s)], "s>b b>c c>b c>d s>d"), "s b c d");
    assert_eq!(
        order(&[("y", p), ("x", p), ("b", p), ("a", p), ("s", s)], "s>a a>b b>a b>x x>y y>x"),
        "s a b x y"
    );
    assert_eq!(order(&[("b", p), ("a", p), ("t", s), ("s", s)], "s>a t>a a>b b>b"), "t s a b");
}

#[test]
fn each_link_makes_requests_of_its_own() {
    let planned = Setup::new()
        .gives("one", "int32 x = 1; string own = 2;")
        .gives("two", "int32 x = 1;")
        .takes("end", "int32 x = 1; string own = 2; string unit = 3; int32 never = 4;")
        .operation("end:Take", r#"{"parameters": {"unit": "kW"}}"#)
        .link("one:Give", "end:Take")
        .link("two:Give", "end:Take")
        .live()
        .planned();
    assert_snapshot!(planned.shown(), @"
    warning[AE0402] end.proto:4:47: nothing fills the field `never` of `end:Take`: it keeps its default
      end.proto:4:47 `int32 never = 4;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ---
    live mode; 64 messages wait on a link at most

    1. one:Give  unary
       calls   /S/Give on one:8061
       fires   by itself, again and again

    2. two:Give  unary
       calls   /S/Give on two:8061
       fires   by itself, again and again

    3. end:Take  unary
       calls   /S/Take on end:8061
       fires   for each message
       on      one:Give
       request In (spliced from bytes)
         x      ← one:Give x
         own    ← one:Give own
         unit   ← parameter
         never  ← default
       on      two:Give
       request In (spliced from bytes)
         x      ← two:Give x
         own    ← default
         unit   ← parameter
         never  ← default
    ");
    let requests = &planned.step("end:Take").requests;
    let sources = planned.sources("end:Take");
    let merged =
        |input: usize, json: &str| requests.one(input, encoded(&sources[input], json)).unwrap().to_vec();
    assert_eq!(merged(0, r#"{"x": 1, "own": "o"}"#), b"\x08\x01\x12\x01o\x1a\x02kW");
    assert_eq!(merged(1, r#"{"x": 2}"#), b"\x08\x02\x1a\x02kW");
}

#[test]
fn sources_begin_by_themselves_and_streams_stay_open() {
    let stream = "service S { rpc Do(None) returns (stream M); } message M { int32 x = 1; } message None {}";
    let takes = "service S { rpc Do(stream M) returns (stream M); } message M { int32 x = 1; }";
    let planned = graph(
        &[("often", SOURCE), ("once", stream), ("again", stream), ("open", takes), ("end", SINK)],
        "often>open once>open again>open open>end",
    )
    .operation("again:Do", r#"{"restart": true}"#)
    .execution(r#""links": [{"from": "open:Do", "to": "end:Do", "keep_latest": true}]"#)
    .planned();
    assert_snapshot!(planned.shown(), @"
    ---
    live mode; 64 messages wait on a link at most

    1. often:Do  unary
       calls   /S/Do on often:8061
       fires   by itself, again and again

    2. once:Do  server stream
       calls   /S/Do on once:8061
       fires   by itself, once

    3. again:Do  server stream
       calls   /S/Do on again:8061
       fires   by itself, again when its stream has ended

    4. open:Do  bidirectional stream
       calls   /S/Do on open:8061
       fires   with the first message, fed with those behind it
       on      often:Do
       request M (bytes handed on as they are)
         x  ← often:Do x
       on      once:Do
       request M (bytes handed on as they are)
         x  ← once:Do x
       on      again:Do
       request M (bytes handed on as they are)
         x  ← again:Do x

    5. end:Do  unary
       calls   /S/Do on end:8061
       fires   for each message
       on      open:Do (keeps the latest)
       request M (bytes handed on as they are)
         x  ← open:Do x
    ");
    let feeds: Vec<_> = planned.expect().steps.iter().map(|step| step.feed).collect();
    assert_eq!(feeds, [Feed::Source, Feed::Source, Feed::Source, Feed::OpenStream, Feed::EachMessage]);
    assert_eq!(planned.expect().links[3].overflow, Overflow::KeepLatest);
}

#[test]
fn a_request_without_fields_is_triggered() {
    let planned =
        graph(&[("source", SOURCE), ("next", SOURCE), ("end", SINK)], "source>next next>end").planned();
    assert_snapshot!(planned.said(), @"");
    let step = planned.step("next:Do");
    assert_eq!((step.feed, step.inputs.len()), (Feed::EachMessage, 1));
    assert_eq!(step.requests.one(0, bytes::Bytes::from_static(b"\x08\x01")).unwrap(), "");
}

#[test]
fn a_link_that_fills_nothing_triggers_calls() {
    let end = "service S { rpc Do(M) returns (M); } message M { string y = 1; }";
    let planned = graph(&[("source", SOURCE), ("end", end)], "source>end").planned();
    assert_snapshot!(planned.said(), @"
    warning[AE0404] blueprint.json:4:1: the link from `source:Do` to `end:Do` fills nothing: its messages only trigger calls
      blueprint.json:4:1
      help: the response has `x`, the request has `y`; say which fills which with `fields` on this link
    warning[AE0402] end.proto:2:50: nothing fills the field `y` of `end:Do`: it keeps its default
      end.proto:2:50 `string y = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
}

#[test]
fn what_no_message_reaches_is_not_called() {
    let planned = graph(
        &[("source", SOURCE), ("end", SINK), ("waits", PASSES), ("behind", PASSES), ("after", PASSES)],
        "source>end waits>behind end>after",
    )
    .planned();
    assert_snapshot!(planned.said(), @r#"
    warning[AE0404] blueprint.json:7:1: the link from `end:Do` to `after:Do` triggers nothing in live mode
      blueprint.json:7:1
      help: `None` has no fields, so it is no message there; give it one, or remove the link
    warning[AE0411] blueprint.json:9:44: `waits:Do` is never called in live mode
      blueprint.json:9:44 `"Do"` its request has fields, and no link leads to it
      help: in live mode messages set calls going, and the first come from operations whose request has no fields
    warning[AE0411] blueprint.json:12:44: `behind:Do` is never called in live mode
      blueprint.json:12:44 `"Do"` nothing that is called leads to it
      help: in live mode messages set calls going, and the first come from operations whose request has no fields
    warning[AE0411] blueprint.json:14:44: `after:Do` is never called in live mode
      blueprint.json:14:44 `"Do"` nothing that is called leads to it
      help: in live mode messages set calls going, and the first come from operations whose request has no fields
    "#);
    let plan = planned.expect();
    assert_eq!(planned.order(), "source:Do end:Do");
    assert_eq!((plan.links.len(), planned.step("end:Do").outputs.len()), (1, 0));
}

#[test]
fn a_pipeline_that_nothing_starts_is_an_error() {
    assert_snapshot!(graph(&[("a", PASSES), ("b", PASSES)], "a>b").planned().said(), @r#"
    error[AE0416] blueprint.json:3:44: nothing starts this pipeline in live mode: every operation waits for a message
      blueprint.json:3:44 `"Do"`
      help: a live pipeline starts with operations whose request has no fields and that no link leads to; give it one, or run it in batch mode
    "#);
    let written =
        graph(&[("a", PASSES)], "").options(PlanOptions::default()).execution("\"mode\":\n\"live\"");
    assert_snapshot!(written.planned().said(), @r#"
    error[AE0416] execution.json:3:1: nothing starts this pipeline in live mode: every operation waits for a message
      execution.json:3:1 `"live"`
      help: a live pipeline starts with operations whose request has no fields and that no link leads to; give it one, or run it in batch mode
    "#);
}

#[test]
fn initial_data_goes_into_the_requests_that_messages_make() {
    let planned =
        graph(&[("source", SOURCE), ("end", SINK)], "source>end").initial(r#"{"end:Do": {"x": 5}}"#);
    let planned = planned.planned();
    assert_snapshot!(planned.said(), @"");
    assert_eq!(planned.step("end:Do").requests.one(0, bytes::Bytes::new()).unwrap(), "\x08\x05");
}

#[test]
fn initial_data_calls_nothing() {
    let nodes = [("source", SOURCE), ("end", SINK), ("alone", PASSES)];
    let setup = || graph(&nodes, "source>end");
    assert_snapshot!(setup().initial(r#"{"alone:Do": {"x": 5}}"#).planned().said(), @r#"
    error[AE0415] initial.json:1:2: `alone:Do` is given initial data, but is never called in live mode
      initial.json:1:2 `"alone:Do"`
      help: messages set calls going there, and none leads to this operation; remove the key
    "#);
    assert_snapshot!(setup().initial(r#"{"x": 5}"#).planned().said(), @r#"
    warning[AE0411] blueprint.json:8:44: `alone:Do` is not called
      blueprint.json:8:44 `"Do"` no link leads to it or from it
      help: link it
    error[AE0415] initial.json:1:2: no start step has a field `x`
      initial.json:1:2 `"x"`
      help: no start step takes any; name a step to reach it: {"node:Operation": {…}}
    "#);
    let takes = "service S { rpc Do(stream M) returns (M); } message M { int32 x = 1; }";
    let open = graph(&[("source", SOURCE), ("open", takes)], "source>open");
    assert_snapshot!(open.initial(r#"{"open:Do": [{"x": 5}]}"#).planned().said(), @"
    error[AE0415] initial.json:1:13: `open:Do` is given an array, but its links give it the messages of its stream
      initial.json:1:13
      help: give it an object: its fields go into every message
    ");
}

#[test]
fn a_restart_of_what_does_not_end_is_reported() {
    let planned = graph(&[("source", SOURCE), ("end", SINK)], "source>end").execution(
        "\"operations\": {\n\"source:Do\": {\"restart\": true},\n\"end:Do\": {\"restart\": true}}",
    );
    assert_snapshot!(planned.planned().said(), @r#"
    warning[AE0417] blueprint.json:3:44: `restart` of `source:Do` does nothing: it opens the stream of a live source again
      blueprint.json:3:44 `"Do"`
      help: a source without a stream is called again and again anyway; remove it
    warning[AE0417] blueprint.json:6:44: `restart` of `end:Do` does nothing: it opens the stream of a live source again
      blueprint.json:6:44 `"Do"`
      help: links lead to this operation: it is called again when the next message arrives; remove it
    "#);
}

#[test]
fn a_required_field_is_needed_from_each_link() {
    let end = "syntax = \"proto2\"; service S { rpc Do(Q) returns (Q); } message Q { required int32 x = 1; }";
    let other = SOURCE.replace(" x ", " y ");
    let planned = graph(&[("s1", SOURCE), ("s2", &other), ("end", end)], "s1>end s2>end").planned();
    assert_snapshot!(planned.said(), @"
    warning[AE0404] blueprint.json:7:1: the link from `s2:Do` to `end:Do` fills nothing: its messages only trigger calls
      blueprint.json:7:1
      help: the response has `y`, the request has `x`; say which fills which with `fields` on this link
    error[AE0406] end.proto:1:69: nothing fills `x` of `end:Do`, which is required
      end.proto:1:69 `required int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
}

#[test]
fn what_is_asked_for_beats_what_is_written() {
    let setup = graph(&[("source", SOURCE), ("end", SINK)], "source>end")
        .execution(r#""mode": "live""#)
        .execution(r#""queue_size": 7"#);
    let written = setup.options(PlanOptions::default());
    let planned = written.planned();
    let plan = planned.expect();
    assert_eq!((plan.mode, plan.queue_size.get(), plan.iterations), (Mode::Live, 7, None));
    let asked = PlanOptions {
        mode: Some(Mode::Batch),
        queue_size: NonZeroU32::new(3),
        iterations: NonZeroU64::new(5),
    };
    let planned = written.options(asked).planned();
    let plan = planned.expect();
    assert_eq!((plan.mode, plan.queue_size.get()), (Mode::Batch, 3));
    assert_eq!(plan.iterations, NonZeroU64::new(5));
}

#[test]
fn a_source_has_nothing_to_be_made_of() {
    let planned = graph(&[("source", SOURCE)], "").planned();
    let Requests::Merged(plans) = &planned.step("source:Do").requests else { panic!("not merged") };
    assert!(plans.is_empty());
    assert_eq!(planned.step("source:Do").requests.join(&[]).unwrap(), "");
}
