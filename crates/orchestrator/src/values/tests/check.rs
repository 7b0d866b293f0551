use std::fmt::Write;

use aieffect_blueprint::{Document, Findings, Place, Pointer, SourceText};
use serde_json::json;

use super::{KINDS, message};
use crate::values::{check_fields, to_message};

/// Findings as lines: the finding, what it marks, and its help.
fn found(proto: &str, json: &str) -> String {
    let source = SourceText::new("p.json", json);
    let document = Document::json(&source).unwrap();
    let place = Place::new(&document, Pointer::root());
    let mut findings = Findings::new();
    check_fields(&message(proto), document.value().as_object().unwrap(), &place, &mut findings);
    let mut lines = String::new();
    for finding in &findings {
        writeln!(lines, "{finding}").unwrap();
        for label in &finding.labels {
            writeln!(lines, "  at {}", &json[label.span.start..label.span.end]).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(lines, "  help: {help}").unwrap();
        }
    }
    lines
}

#[test]
fn values_that_fit_have_no_findings() {
    let json = r#"{"num_records": "12", "wide": 9223372036854775807, "small": 3.0, "ratio": "NaN", "exact": 1,
        "flag": true, "text": "", "raw": "-_8", "color": 1, "inner": {"next": {"next": {"count": 1}}},
        "numbers": [1, "2"], "by_name": {"a": {}}, "by_number": {"-1": "GREEN"}, "by_flag": {"true": "x"},
        "maybe": null, "left": null, "right": 1, "when": "2026-01-31T12:00:00Z", "open": {"x": null},
        "anything": null, "wrapped": 2, "large": "1e3"}"#;
    assert_eq!(found(KINDS, json), "");
}

#[test]
fn every_mistake_is_found_at_once() {
    let json = r#"{
        "num_record": 1, "numRecords": 1, "num_records": "many", "wide": 1.5, "small": -1, "large": "x",
        "ratio": 1e39, "flag": "true", "text": 12, "raw": "?", "color": "GREAN", "colors": ["RED", "BLUE", null],
        "inner": {"count": {}, "next": {"nam": [], "names": ["a", 1]}}, "numbers": 5,
        "by_name": {"a": {"count": 3000000000}}, "by_number": {"one": "RED"}, "inners": [{"count": []}],
        "left": "x", "right": 2, "when": "yesterday", "pause": 5, "wrapped": "much",
        "packed": {"@type": "type.googleapis.com/Nothing"}
    }"#;
    insta::assert_snapshot!(found(KINDS, json), @r#"
    error[AE0407] p.json:2:9: `M` has no field `num_record`
      at "num_record"
      help: did you mean `num_records`?
    error[AE0407] p.json:2:26: `M` has no field `numRecords`
      at "numRecords"
      help: write it as in the proto: `num_records`
    error[AE0408] p.json:2:58: `num_records` is an int32; "many" is not one
      at "many"
    error[AE0408] p.json:2:74: `wide` is an int64; 1.5 is not one
      at 1.5
    error[AE0408] p.json:2:88: `small` is a uint32; -1 is out of its range
      at -1
      help: it holds 0 to 4294967295
    error[AE0408] p.json:2:101: `large` is a uint64; "x" is not one
      at "x"
    error[AE0408] p.json:3:18: `ratio` is a float; 1e+39 is out of its range
      at 1e39
      help: it holds -3.4028235e38 to 3.4028235e38
    error[AE0408] p.json:3:32: `flag` is a bool; "true" is not one
      at "true"
      help: write it without quotes
    error[AE0408] p.json:3:48: `text` is a string; 12 is not one
      at 12
      help: write it in quotes
    error[AE0408] p.json:3:59: `raw` is bytes; "?" is no base64
      at "?"
    error[AE0408] p.json:3:73: `color` is an enum `Color`; "GREAN" is none of its values
      at "GREAN"
      help: did you mean `GREEN`?
    error[AE0408] p.json:3:100: `colors[1]` is an enum `Color`; "BLUE" is none of its values
      at "BLUE"
      help: known values: `GREEN`, `RED`
    error[AE0408] p.json:3:108: `colors[2]` is an enum `Color`; null is not one
      at null
    error[AE0408] p.json:4:28: `inner.count` is an int32; an object is not one
      at {
    error[AE0407] p.json:4:41: `inner.next.nam` is no field: `Inner` has no `nam`
      at "nam"
      help: known fields: `count`, `names`, `next`
    error[AE0408] p.json:4:67: `inner.next.names[1]` is a string; 1 is not one
      at 1
      help: write it in quotes
    error[AE0408] p.json:4:84: `numbers` is a list of int32; 5 is not one
      at 5
    error[AE0408] p.json:5:36: `by_name.a.count` is an int32; 3000000000 is out of its range
      at 3000000000
      help: it holds -2147483648 to 2147483647
    error[AE0408] p.json:5:64: `by_number.one` is no key: keys are int32
      at "one"
    error[AE0408] p.json:5:100: `inners[0].count` is an int32; a list is not one
      at [
    error[AE0405] p.json:6:22: `left` and `right` are both in the oneof `choice`, which takes one
      at "right"
      at "left"
      help: remove `left` or `right`
    error[AE0408] p.json:6:42: `when` is a message `google.protobuf.Timestamp`; "yesterday" is not one
      at "yesterday"
      help: write it like "2026-01-31T12:00:00Z"
    error[AE0408] p.json:6:64: `pause` is a message `google.protobuf.Duration`; 5 is not one
      at 5
      help: write it like "1.5s"
    error[AE0408] p.json:6:78: `wrapped` is a double; "much" is not one
      at "much"
    error[AE0408] p.json:7:29: "type.googleapis.com/Nothing" names no message of the proto
      at "type.googleapis.com/Nothing"
      help: write it like `type.googleapis.com/package.Message`
    "#);
}

#[test]
fn a_closed_enum_takes_no_number_without_a_name() {
    let proto = r#"syntax = "proto2"; enum Color { RED = 1; } message M { optional Color color = 1; }"#;
    insta::assert_snapshot!(found(proto, r#"{"color": 5}"#), @r#"
    error[AE0408] p.json:1:11: `color` is an enum `Color`; 5 is none of its values
      at 5
      help: known values: `RED = 1`
    "#);
    assert_eq!(found(proto, r#"{"color": 1}"#), "");
}

#[test]
fn a_long_value_is_cut_in_the_message() {
    let json = json!({"num_records": "ä".repeat(100_000)}).to_string();
    let lines = found(KINDS, &json);
    assert!(lines.lines().next().unwrap().len() < 200, "{}", lines.lines().next().unwrap());
}

#[test]
fn a_message_is_not_made_of_values_that_do_not_fit() {
    let error = to_message(&message(KINDS), json!({"num_record": 1}).as_object().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "`M` has no field `num_record` (did you mean `num_records`?)");
}
