use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MapKey, Value};
use serde_json::json;

use super::{KINDS, message};
use crate::values::{Rendered, Style, render, to_message};

fn shown(proto: &str, set: impl FnOnce(&mut DynamicMessage)) -> serde_json::Value {
    let descriptor = message(proto);
    let mut filled = DynamicMessage::new(descriptor.clone());
    set(&mut filled);
    let mut written = Vec::new();
    render(&descriptor, &filled.encode_to_vec(), &mut written, Style::Compact).unwrap();
    serde_json::from_slice(&written).unwrap()
}

#[test]
fn defaults_are_shown_and_unset_fields_with_presence_are_not() {
    let proto = r#"syntax = "proto3";
        enum Color { RED = 0; }
        message M { int32 some_number = 1; optional int32 maybe = 2; M inner = 3; repeated int32 list = 4;
            map<string, int32> map = 5; Color color = 6; string text = 7; bytes raw = 8; double d = 9;
            oneof choice { int32 left = 10; } bool flag = 11; int64 wide = 12; }"#;
    assert_eq!(
        shown(proto, |_| {}),
        json!({"some_number": 0, "list": [], "map": {}, "color": "RED", "text": "", "raw": "", "d": 0.0,
            "flag": false, "wide": 0})
    );
    let set = shown(proto, |m| {
        m.set_field_by_name("maybe", Value::I32(0));
        m.set_field_by_name("left", Value::I32(0));
    });
    assert_eq!((&set["maybe"], &set["left"]), (&json!(0), &json!(0)));
}

#[test]
fn numbers_stay_numbers_and_what_json_lacks_becomes_text() {
    let shown = shown(KINDS, |m| {
        m.set_field_by_name("wide", Value::I64(i64::MIN));
        m.set_field_by_name("large", Value::U64(u64::MAX));
        m.set_field_by_name("ratio", Value::F32(0.1));
        m.set_field_by_name("exact", Value::F64(f64::NAN));
        m.set_field_by_name(
            "doubles",
            Value::List(vec![Value::F64(f64::INFINITY), Value::F64(f64::NEG_INFINITY), Value::F64(-0.0)]),
        );
        m.set_field_by_name("raw", Value::Bytes(vec![0xfb, 0xff].into()));
        m.set_field_by_name("color", Value::EnumNumber(1));
        m.set_field_by_name("colors", Value::List(vec![Value::EnumNumber(0), Value::EnumNumber(7)]));
        m.set_field_by_name("maybe", Value::I32(0));
    });
    assert_eq!(shown["wide"], json!(i64::MIN));
    assert_eq!(shown["large"], json!(u64::MAX));
    assert_eq!(shown["ratio"].to_string(), "0.1");
    assert_eq!(shown["exact"], "NaN");
    assert_eq!(shown["doubles"].to_string(), r#"["Infinity","-Infinity",-0.0]"#);
    assert_eq!(shown["raw"], "+/8=");
    assert_eq!(shown["color"], "GREEN");
    assert_eq!(shown["colors"], json!(["RED", 7]));
}

#[test]
fn map_keys_are_sorted() {
    let shown = shown(KINDS, |m| {
        let entries = [10, -1, 9].map(|key| (MapKey::I32(key), Value::EnumNumber(0)));
        m.set_field_by_name("by_number", Value::Map(entries.into_iter().collect()));
    });
    assert_eq!(shown["by_number"].to_string(), r#"{"-1":"RED","9":"RED","10":"RED"}"#);
}

#[test]
fn well_known_types_are_shown_in_their_own_forms() {
    let values = json!({
        "when": "2026-01-31T12:00:00.5Z", "pause": "1.500s", "mask": "first,second.innerName",
        "open": {"a": [1.0, null, {"b": "c"}]}, "anything": null, "wrapped": "NaN", "truth": false,
        "blob": "AA==", "packed": {"@type": "type.googleapis.com/Inner", "count": 3, "names": []},
    });
    let filled = to_message(&message(KINDS), values.as_object().unwrap()).unwrap();
    let shown = serde_json::to_value(Rendered::from(filled)).unwrap();
    let known: serde_json::Map<_, _> =
        values.as_object().unwrap().keys().map(|key| (key.clone(), shown[key].clone())).collect();
    insta::assert_snapshot!(serde_json::Value::Object(known), @r#"{"when":"2026-01-31T12:00:00.500Z","pause":"1.500s","mask":"first,second.innerName","open":{"a":[1.0,null,{"b":"c"}]},"anything":null,"wrapped":"NaN","truth":false,"blob":"AA==","packed":{"@type":"type.googleapis.com/Inner","count":3,"names":[]}}"#);
}

#[test]
fn what_has_no_form_of_its_own_is_shown_as_it_is() {
    let values = json!({
        "when": {"seconds": i64::MAX, "nanos": -1},
        "pause": {"seconds": 1, "nanos": -1},
        "packed": {"type_url": "example.org/Unknown", "value": "AAEC"},
        "mask": {"paths": ["notSnake"]},
    });
    let filled = to_message(&message(KINDS), values.as_object().unwrap()).unwrap();
    let shown = serde_json::to_value(Rendered::from(filled)).unwrap();
    for key in ["when", "pause", "packed", "mask"] {
        assert_eq!(shown[key], values[key], "{key}");
    }
}

#[test]
fn an_any_within_an_any_without_end_is_shown_in_bounds() {
    let proto = r#"syntax = "proto3"; import "google/protobuf/any.proto";
        message M { google.protobuf.Any packed = 1; }"#;
    let descriptor = message(proto);
    let any = descriptor.get_field_by_name("packed").unwrap().kind().as_message().unwrap().clone();
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..1000 {
        let mut packed = DynamicMessage::new(any.clone());
        packed.set_field_by_name("type_url", Value::String("x/google.protobuf.Any".to_owned()));
        packed.set_field_by_name("value", Value::Bytes(bytes.into()));
        bytes = packed.encode_to_vec();
    }
    let mut outer = DynamicMessage::new(descriptor.clone());
    outer.set_field_by_name("packed", Value::Message(DynamicMessage::decode(any, bytes.as_slice()).unwrap()));
    let mut written = Vec::new();
    render(&descriptor, &outer.encode_to_vec(), &mut written, Style::Compact).unwrap();
    let text = String::from_utf8(written).unwrap();
    assert!((90..=101).contains(&text.matches("@type").count()), "{}", text.matches("@type").count());
    assert!(text.contains("\"type_url\""), "the rest is shown as it is");
}

#[test]
fn bytes_of_another_type_are_an_error_that_names_the_message() {
    let error = Rendered::decode(&message(KINDS), &[0xff]).unwrap_err();
    assert_eq!(error.to_string(), "the bytes are no valid `M`");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn pretty_has_a_line_for_each_field() {
    let descriptor = message("syntax = \"proto3\"; message M { int32 a = 1; repeated int32 b = 2; }");
    let mut written = Vec::new();
    render(&descriptor, &[8, 5], &mut written, Style::Pretty).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), "{\n  \"a\": 5,\n  \"b\": []\n}");
}

#[test]
fn a_timestamp_of_a_newer_service_is_a_timestamp() {
    // Field 30 is a timestamp of one second, with a field 9 that is not known here.
    let bytes = [0xf2, 0x01, 4, 0x08, 1, 0x48, 7];
    let mut written = Vec::new();
    render(&message(KINDS), &bytes, &mut written, Style::Compact).unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(shown["when"], "1970-01-01T00:00:01Z");
}

#[test]
fn json_in_a_message_may_hold_numbers_that_json_lacks() {
    let proto = r#"syntax = "proto3"; import "google/protobuf/struct.proto";
        message M { google.protobuf.Value one = 1; google.protobuf.ListValue list = 2; google.protobuf.Struct all = 3; }"#;
    let nan = json_number(f64::NAN);
    let mut bytes = [&[0x0a, 9][..], &nan].concat();
    bytes.extend([&[0x12, 22, 0x0a, 9][..], &nan, &[0x0a, 9], &json_number(1.0)].concat());
    // The entries of `all`, the later name first.
    for (name, number) in [(b'z', f64::NEG_INFINITY), (b'a', f64::INFINITY)] {
        let entry = [&[0x0a, 1, name, 0x12, 9][..], &json_number(number)].concat();
        bytes.extend([&[0x1a, 16, 0x0a, 14][..], &entry].concat());
    }
    let descriptor = message(proto);
    let mut written = Vec::new();
    render(&descriptor, &bytes, &mut written, Style::Compact).unwrap();
    let text = r#"{"one":"NaN","list":["NaN",1.0],"all":{"a":"Infinity","z":"-Infinity"}}"#;
    assert_eq!(String::from_utf8(written).unwrap(), text);
    let read = to_message(&descriptor, &serde_json::from_str(text).unwrap()).unwrap();
    assert_eq!(serde_json::to_string(&Rendered::from(read)).unwrap(), text);
}

/// The bytes of a `google.protobuf.Value`.
fn json_number(number: f64) -> Vec<u8> {
    [&[0x11][..], &number.to_le_bytes()].concat()
}
