//! Messages as JSON and back.

use aieffect_blueprint::{Document, Findings, Place, Pointer, SourceText};
use aieffect_orchestrator::values::{Rendered, Style, check_fields, to_message};
use aieffect_testkit::Protos;
use aieffect_testkit::random::{Choices, Plain, plain, wire};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Syntax, Value};
use serde_json::Map;

use crate::looked::look;

const KINDS: &str = include_str!("messages/kinds.proto");
const OLD: &str = include_str!("messages/old.proto");

thread_local! {
    static TYPES: [MessageDescriptor; 2] =
        [KINDS, OLD].map(|proto| Protos::new(&[("test.proto", proto)]).message("M"));
}

/// Takes a letter and then a message: `b` its bytes, `w` choices of which bytes are made, `j` its JSON; in capitals for
/// a message of proto2.
///
/// What is rendered is JSON, and read again it is the same message, but for numbers that a closed enum does not have. Values that `check_fields` says nothing about make a
/// message, and others do not; what it says points into its text.
pub fn messages(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    TYPES.with(|[new, old]| {
        let of = if kind.is_ascii_uppercase() { old } else { new };
        match kind.to_ascii_lowercase() {
            b'b' => bytes(of, rest),
            b'w' => bytes(of, &wire(of, &mut Choices::new(rest))),
            b'j' => json(of, rest),
            _ => {}
        }
    });
}

fn bytes(of: &MessageDescriptor, bytes: &[u8]) {
    if let Ok(message) = DynamicMessage::decode(of.clone(), bytes) {
        round(&message);
    }
}

fn json(of: &MessageDescriptor, text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let source = SourceText::new("values.json", text);
    let document = match Document::json(&source) {
        Ok(document) => document,
        Err(finding) => return look(&[finding].into_iter().collect()),
    };
    let Some(fields) = document.value().as_object() else { return };
    let mut findings = Findings::new();
    check_fields(of, fields, &Place::new(&document, Pointer::root()), &mut findings);
    look(&findings);
    match to_message(of, fields) {
        Ok(message) => {
            assert!(findings.is_empty(), "made in spite of {:?}", findings.iter().next());
            round(&message);
        }
        Err(error) => assert!(findings.has_errors(), "no finding says: {error}"),
    }
}

fn round(message: &DynamicMessage) {
    let shown = rendered(message);
    let odd = oddness(message);
    if odd == Oddness::Unreadable {
        return;
    }
    let fields: Map<String, serde_json::Value> = match serde_json::from_str(&shown) {
        Ok(fields) => fields,
        Err(error) => panic!("no JSON: {error}: {shown}"),
    };
    let read = match to_message(&message.descriptor(), &fields) {
        Ok(read) => read,
        Err(error) => panic!("not read again: {error}: {shown}"),
    };
    if odd == Oddness::None {
        assert_eq!(one_nan(plain(&read)), one_nan(plain(message)), "{shown}");
    }
    // A field without presence loses the sign of its zero when it is read (docs/adr/0004).
    assert_eq!(rendered(&read).replace("-0.0", "0.0"), shown.replace("-0.0", "0.0"));
}

/// What keeps a message from being read from its JSON as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Oddness {
    None,
    /// It holds JSON, which says the same in fewer ways: a `Value` of no kind is null.
    HoldsJson,
    /// A closed enum has a number that it does not know; nobody may write that.
    Unreadable,
}

fn oddness(message: &DynamicMessage) -> Oddness {
    let name = message.descriptor();
    let own = match name.full_name() {
        "google.protobuf.Any"
        | "google.protobuf.Value"
        | "google.protobuf.Struct"
        | "google.protobuf.ListValue" => Oddness::HoldsJson,
        _ => Oddness::None,
    };
    let of_fields = message.fields().map(|(field, value)| match (field.kind(), value) {
        (Kind::Message(entry), Value::Map(entries)) => {
            let kind = entry.map_entry_value_field().kind();
            entries.values().map(|value| oddness_of(&kind, value)).max().unwrap_or(Oddness::None)
        }
        (kind, Value::List(items)) => {
            items.iter().map(|item| oddness_of(&kind, item)).max().unwrap_or(Oddness::None)
        }
        (kind, value) => oddness_of(&kind, value),
    });
    of_fields.max().unwrap_or(Oddness::None).max(own)
}

fn oddness_of(kind: &Kind, value: &Value) -> Oddness {
    match (kind, value) {
        (_, Value::Message(message)) => oddness(message),
        (Kind::Enum(of), Value::EnumNumber(number)) => {
            let is_closed = of.parent_file().syntax() == Syntax::Proto2;
            if is_closed && of.get_value(*number).is_none() { Oddness::Unreadable } else { Oddness::None }
        }
        _ => Oddness::None,
    }
}

fn rendered(message: &DynamicMessage) -> String {
    let mut shown = Vec::new();
    Rendered::from(message.clone()).write(&mut shown, Style::Compact).expect("memory takes it");
    String::from_utf8(shown).expect("JSON is UTF-8")
}

/// JSON has one NaN.
fn one_nan(message: Plain) -> Plain {
    match message {
        Plain::Message(fields) => {
            Plain::Message(fields.into_iter().map(|(number, value)| (number, one_nan(value))).collect())
        }
        Plain::List(items) => Plain::List(items.into_iter().map(one_nan).collect()),
        Plain::Map(entries) => {
            Plain::Map(entries.into_iter().map(|(key, value)| (key, one_nan(value))).collect())
        }
        Plain::Scalar(text) if text.contains("(NaN ") => Plain::Scalar("NaN".to_owned()),
        scalar => scalar,
    }
}
