//! Data given by hand for one run.

use insta::assert_snapshot;
use prost_reflect::DynamicMessage;

use super::fixture::{Setup, json};
use crate::plan::Requests;

/// Two start steps, both with a field `name`, that lead to a third.
fn setup(initial: &str) -> Setup {
    let start = |own: &str| {
        format!(
            "service S {{ rpc Go(Q) returns (R); }} message Q {{ string name = 1; int32 {own} = 2; }} message R {{ string x = 1; }}"
        )
    };
    Setup::new()
        .node("one", &start("left"))
        .node("two", &start("right"))
        .takes("end", "string x = 1; string name = 2;")
        .link("one:Go", "end:Take")
        .link_with("two:Go", "end:Take", r#"{"name": null, "x": null}"#)
        .initial(initial)
}

fn check(initial: &str) -> String {
    setup(initial).planned().said()
}

#[test]
fn plain_keys_go_to_each_start_step_that_knows_them() {
    let planned = setup(r#"{"name": "n", "left": 1, "right": 2}"#).planned();
    assert_eq!(planned.filled("one:Go", &[]), r#"{"name":"n","left":1}"#);
    assert_eq!(planned.filled("two:Go", &[]), r#"{"name":"n","right":2}"#);
    assert_eq!(planned.filled("end:Take", &["{}", "{}"]), "{}");
}

#[test]
fn keys_of_steps_go_to_these_and_beat_plain_ones() {
    let planned = setup(
        r#"{"two:Go": {"name": "own", "right": 3}, "name": "n", "left": 1, "end:Take": {"x": "mine"}}"#,
    )
    .planned();
    assert_snapshot!(planned.shown(), @"
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ---
    1. one:Go  unary
       calls   /S/Go on one:8061
       request Q (always the same)
         name  ← initial data
         left  ← initial data

    2. two:Go  unary
       calls   /S/Go on two:8061
       request Q (always the same)
         name   ← initial data
         right  ← initial data

    3. end:Take  unary
       calls   /S/Take on end:8061
       after   one:Go, two:Go
       request In (always the same)
         x     ← initial data
         name  ← default
    ");
    assert_eq!(planned.filled("two:Go", &[]), r#"{"name":"own","right":3}"#);
    assert_eq!(planned.filled("end:Take", &[r#"{"x": "theirs"}"#, "{}"]), r#"{"x":"mine"}"#);
}

#[test]
fn a_field_that_no_start_step_knows_is_reported() {
    assert_snapshot!(check("{\"name\": \"n\", \"left\": 1,\n\"rihgt\": 2}"), @r#"
    error[AE0415] initial.json:2:1: no start step has a field `rihgt`
      initial.json:2:1 `"rihgt"`
      help: did you mean `right`?
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"name": "n", "left": 1, "right": 2, "x": "only the end has it"}"#), @r#"
    error[AE0415] initial.json:1:38: no start step has a field `x`
      initial.json:1:38 `"x"`
      help: known fields of start steps: `left`, `name`, `right`
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
}

#[test]
fn a_step_that_is_not_there_is_reported() {
    assert_snapshot!(check(r#"{"name": "n", "left": 1, "right": 2, "tow:Go": {}}"#), @r#"
    error[AE0414] initial.json:1:38: there is no step `tow:Go`
      initial.json:1:38 `"tow:Go"`
      help: did you mean `two:Go`?
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"name": "n", "left": 1, "right": 2, "two:Come": {"a": 1}}"#), @r#"
    error[AE0414] initial.json:1:38: there is no step `two:Come`
      initial.json:1:38 `"two:Come"`
      help: known steps: `end:Take`, `one:Go`, `two:Go`
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"name": "n", "left": 1, "right": 2, "two:": {}, ":": 1}"#), @r#"
    error[AE0415] initial.json:1:38: `` is not an operation name: a letter or `_`, then letters, digits or `_`, at most 256
      initial.json:1:38 `"two:"`
    error[AE0415] initial.json:1:50: `` is not a node name: 1 to 128 letters, digits, `_`, `-` or `.`, beginning with a letter, a digit or `_`
      initial.json:1:50 `":"`
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
}

#[test]
fn data_of_a_wrong_form_is_reported() {
    assert_snapshot!(check(r#"[{"name": "n"}]"#), @r#"
    error[AE0415] initial.json:1:1: an array of data references is given, and no start step is controlled over HTTP
      initial.json:1:1
      help: give an object: its keys are fields of start steps, or name steps: {"node:Operation": {…}}
    warning[AE0402] one.proto:2:50: nothing fills the fields `name`, `left` of `one:Go`: they keep their defaults
      one.proto:2:50 `string name = 1;`
      one.proto:2:67 `int32 left = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0402] two.proto:2:50: nothing fills the fields `name`, `right` of `two:Go`: they keep their defaults
      two.proto:2:50 `string name = 1;`
      two.proto:2:67 `int32 right = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"name": "n", "left": 1, "two:Go": [{"right": 1}]}"#), @"
    error[AE0415] initial.json:1:36: `two:Go` is given an array, but takes one request
      initial.json:1:36
      help: give it an object with the request's fields
    warning[AE0402] two.proto:2:67: nothing fills the field `right` of `two:Go`: it keeps its default
      two.proto:2:67 `int32 right = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
    assert_snapshot!(check(r#"{"name": "n", "left": 1, "two:Go": "x"}"#), @r#"
    error[AE0005] initial.json:1:36: `two:Go` must be an object, not a string
      initial.json:1:36 `"x"`
    warning[AE0402] two.proto:2:67: nothing fills the field `right` of `two:Go`: it keeps its default
      two.proto:2:67 `int32 right = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"name": 5, "left": "x", "two:Go": {"right": true, "wrong": 1}}"#), @r#"
    error[AE0408] initial.json:1:10: `name` is a string; 5 is not one
      initial.json:1:10 `5`
      help: write it in quotes
    error[AE0408] initial.json:1:21: `left` is an int32; "x" is not one
      initial.json:1:21 `"x"`
    error[AE0408] initial.json:1:46: `right` is an int32; true is not one
      initial.json:1:46 `true`
    error[AE0407] initial.json:1:52: `Q` has no field `wrong`
      initial.json:1:52 `"wrong"`
      help: known fields: `name`, `right`
    warning[AE0402] end.proto:4:15: nothing fills the field `name` of `end:Take`: it keeps its default
      end.proto:4:15 `string name = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
}

#[test]
fn no_data_is_no_finding() {
    let start = "service S { rpc Go(Q) returns (Q); } message Q {}";
    assert_eq!(Setup::new().node("a", start).initial("{}").planned().said(), "");
}

/// A step that takes a stream, with a parameter.
fn stream(initial: &str) -> Setup {
    let proto = "service S { rpc Up(stream M) returns (M); } message M { int32 x = 1; string unit = 2; int32 never = 3; }";
    Setup::new().node("a", proto).operation("a:Up", r#"{"parameters": {"unit": "kW"}}"#).initial(initial)
}

/// The messages of a stream given by hand.
fn messages(initial: &str) -> Vec<String> {
    let planned = stream(initial).planned();
    let step = planned.step("a:Up");
    let Requests::Listed(messages) = &step.requests else { panic!("not listed: {:?}", step.requests) };
    let shown = |bytes: &bytes::Bytes| {
        let message = DynamicMessage::decode(step.operation.input.clone(), bytes.clone()).unwrap();
        json(&message).to_string()
    };
    messages.iter().map(shown).collect()
}

#[test]
fn an_array_gives_the_messages_of_a_stream() {
    assert_eq!(
        messages(r#"{"a:Up": [{"x": 1}, {"x": 2, "unit": "MW"}, {}], "never": 7}"#),
        [
            r#"{"x":1,"unit":"kW","never":7}"#,
            r#"{"x":2,"unit":"MW","never":7}"#,
            r#"{"unit":"kW","never":7}"#
        ]
    );
    assert_snapshot!(stream(r#"{"a:Up": [{"x": 1}, {}]}"#).planned().shown(), @"
    warning[AE0402] a.proto:2:87: nothing fills the field `never` of `a:Up`: it keeps its default
      a.proto:2:87 `int32 never = 3;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ---
    1. a:Up  client stream
       calls   /S/Up on a:8061
       request M (a stream of 2 messages, by hand)
    ");
}

#[test]
fn an_empty_array_is_a_stream_without_messages() {
    assert!(messages(r#"{"a:Up": []}"#).is_empty());
    assert_snapshot!(stream(r#"{"a:Up": []}"#).planned().shown(), @"
    ---
    1. a:Up  client stream
       calls   /S/Up on a:8061
       request M (a stream of 0 messages, by hand)
    ");
}

#[test]
fn an_object_is_one_message_of_a_stream() {
    let planned = stream(r#"{"a:Up": {"x": 1, "never": 2}}"#).planned();
    assert_eq!(planned.filled("a:Up", &[]), r#"{"x":1,"unit":"kW","never":2}"#);
}

#[test]
fn what_is_wrong_in_one_message_of_an_array_is_reported_there() {
    assert_snapshot!(stream(r#"{"a:Up": [{"x": 1, "never": 1}, {"y": 1}, 5]}"#).planned().said(), @r#"
    error[AE0005] initial.json:1:43: `a:Up[2]` must be an object, not a number
      initial.json:1:43 `5`
    error[AE0407] initial.json:1:34: `M` has no field `y`
      initial.json:1:34 `"y"`
      help: known fields: `never`, `unit`, `x`
    "#);
}

#[test]
fn links_give_the_messages_where_there_are_any() {
    let planned = stream(r#"{"a:Up": [{"x": 1, "never": 1}]}"#)
        .gives("b", "int32 x = 1; int32 never = 2;")
        .link("b:Give", "a:Up")
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0415] initial.json:1:10: `a:Up` is given an array, but its links give it the messages of its stream
      initial.json:1:10
      help: give it an object: its fields go into every message
    ");
}
