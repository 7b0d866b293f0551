//! Every way to fill a request gives what matching names in JSON gives.

mod regressions;
mod several;
mod work;

use aieffect_testkit::random::{Choices, Schema, message};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use prost_reflect::prost::Message;
use prost_reflect::prost::encoding::encode_varint;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Map, Value};

use super::fixture::{Planned, Setup};
use crate::messages::row;
use crate::plan::{RequestPlan, TransferError, Unmade};

/// Fills the request of a step from one message per incoming link.
type Way = fn(&Planned, &str, &[Bytes]) -> Result<Bytes, TransferError>;

/// All there are. Where bytes are not enough, the plan's own way is tried again.
const WAYS: [(&str, Way); 5] = [
    ("as planned", as_planned),
    ("alone", alone),
    ("together", together),
    ("spliced", spliced),
    ("decoded", decoded),
];

fn as_planned(planned: &Planned, step: &str, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
    planned.step(step).requests.join(inputs)
}

/// From one that nobody else holds, in its own memory where that is possible.
fn alone(planned: &Planned, step: &str, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
    let [message] = inputs else { return as_planned(planned, step, inputs) };
    planned.step(step).requests.one(0, Bytes::from(message.to_vec()))
}

/// The second of two that are the same and come together.
fn together(planned: &Planned, step: &str, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
    let [message] = inputs else { return as_planned(planned, step, inputs) };
    let (mut messages, mut all) = (row([message, message]), Vec::new());
    // Large ones are not made together.
    while !messages.is_empty() {
        let (made, fault) = planned.step(step).requests.each(0, &mut messages);
        match fault {
            Some(Unmade::Transfer(error)) => return Err(error),
            Some(Unmade::TooLong(fault)) => panic!("{fault:?}"),
            None => all.extend(made.each()),
        }
    }
    Ok(all.swap_remove(1))
}

fn spliced(planned: &Planned, step: &str, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
    let ways = ways(planned, step);
    let way = ways.iter().find(|(name, _)| *name == "spliced").unwrap_or(&ways[0]);
    way.1.fill(inputs)
}

fn decoded(planned: &Planned, step: &str, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
    ways(planned, step).last().unwrap().1.fill(inputs)
}

fn ways(planned: &Planned, step: &str) -> Vec<(&'static str, RequestPlan)> {
    let plans = planned.step(step).requests.plans();
    plans[0].ways(&planned.step(step).operation.input, &planned.sources(step))
}

/// One link from `a:Give` to `b:Take`; `newer` is what `a` really speaks.
struct Pair {
    planned: Planned,
    newer: MessageDescriptor,
}

impl Pair {
    fn new(source: &Schema, target: &Schema, newer: &Schema) -> Self {
        let planned = Setup::new()
            .node("a", &source.proto("rpc Give(None) returns (M0);"))
            .node("b", &target.proto("rpc Take(M0) returns (None);"))
            .node("newer", &newer.proto("rpc Give(None) returns (M0);"))
            .link("a:Give", "b:Take")
            .initial(r#"{"newer:Give": {}}"#)
            .planned();
        let newer = planned.step("newer:Give").operation.output.clone();
        Self { planned, newer }
    }

    fn source(&self) -> MessageDescriptor {
        self.planned.sources("b:Take").remove(0)
    }

    fn target(&self) -> MessageDescriptor {
        self.planned.step("b:Take").operation.input.clone()
    }

    /// Checks every way against JSON. Where `bytes` is no message of the source, decoding must fail; what only moves
    /// bytes need not look at all of them.
    fn check(&self, bytes: &Bytes) {
        let expected = DynamicMessage::decode(self.source(), bytes.clone()).ok().map(|source| {
            let carried = project(&json(&source), &self.target());
            json(&DynamicMessage::deserialize(self.target(), carried).unwrap())
        });
        for (name, way) in WAYS {
            let filled = way(&self.planned, "b:Take", std::slice::from_ref(bytes));
            match (&expected, filled) {
                (None, Ok(_)) => {
                    assert!(name != "decoded" || !self.takes_anything(), "filled from no message: {bytes:?}");
                }
                (None, Err(_)) => {}
                (Some(expected), filled) => {
                    let filled = DynamicMessage::decode(self.target(), filled.unwrap()).unwrap();
                    assert_eq!(&json(&filled), expected, "{name}: {bytes:?}");
                }
            }
        }
    }

    /// Whether any field is carried: where none is, the link's message is not looked at.
    fn takes_anything(&self) -> bool {
        let source = self.source();
        self.target().fields().any(|field| source.get_field_by_name(field.name()).is_some())
    }
}

/// Protobuf's JSON, by proto names, with enums as numbers, of what is set.
fn json(message: &DynamicMessage) -> Value {
    let options =
        SerializeOptions::new().use_proto_field_name(true).use_enum_numbers(true).skip_default_fields(true);
    message.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
}

/// What of a message in JSON has a name in `target`, at every depth.
fn project(source: &Value, target: &MessageDescriptor) -> Value {
    let mut carried = Map::new();
    for field in target.fields() {
        let Some(value) = source.get(field.name()) else { continue };
        let value = match field.kind().as_message() {
            Some(entry) if field.is_map() => {
                let of = entry.map_entry_value_field().kind().as_message().cloned();
                let entries = value.as_object().unwrap().iter();
                let project_entry = |(key, value): (&String, &Value)| {
                    (key.clone(), of.as_ref().map_or_else(|| value.clone(), |of| project(value, of)))
                };
                Value::Object(entries.map(project_entry).collect())
            }
            Some(of) if field.is_list() => {
                value.as_array().unwrap().iter().map(|item| project(item, of)).collect()
            }
            Some(of) => project(value, of),
            None => value.clone(),
        };
        carried.insert(field.name().to_owned(), value);
    }
    Value::Object(carried)
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_request_has_the_fields_of_the_answer_by_name(
        schemas in vec(any::<u8>(), 0..300),
        messages in vec(vec(any::<u8>(), 0..400), 4),
        noise in vec(any::<u8>(), 0..12),
    ) {
        let mut choices = Choices::new(&schemas);
        let source = Schema::any(&mut choices);
        let newer = source.newer(&mut choices);
        let target = source.rewritten(&mut choices);
        let pair = Pair::new(&source, &target, &newer);
        let mut all = Vec::new();
        for bytes in &messages {
            let encoded = message(&pair.newer, &mut Choices::new(bytes)).encode_to_vec();
            pair.check(&Bytes::from(encoded.clone()));
            all.extend(encoded);
        }
        // Messages behind each other are one message; what follows may make it none.
        pair.check(&Bytes::from(all.clone()));
        all.extend(&noise);
        pair.check(&all.into());
        pair.check(&noise.into());
    }

    #[test]
    fn an_equal_schema_gives_an_equal_message(
        schema in vec(any::<u8>(), 0..300),
        bytes in vec(any::<u8>(), 0..400),
    ) {
        let schema = Schema::any(&mut Choices::new(&schema));
        let pair = Pair::new(&schema, &schema, &schema);
        let sent = message(&pair.newer, &mut Choices::new(&bytes));
        for (name, way) in WAYS {
            let filled = way(&pair.planned, "b:Take", &[sent.encode_to_vec().into()]).unwrap();
            assert_eq!(json(&DynamicMessage::decode(pair.newer.clone(), filled).unwrap()), json(&sent), "{name}");
        }
    }

    #[test]
    fn renumbered_and_back_is_the_same_message(
        schemas in vec(any::<u8>(), 0..300),
        bytes in vec(any::<u8>(), 0..400),
    ) {
        let mut choices = Choices::new(&schemas);
        let schema = Schema::any(&mut choices);
        let planned = Setup::new()
            .node("a", &schema.proto("rpc Give(None) returns (M0);"))
            .node("b", &schema.renumbered(&mut choices).proto("rpc Pass(M0) returns (M0);"))
            .node("c", &schema.proto("rpc Take(M0) returns (None);"))
            .link("a:Give", "b:Pass")
            .link("b:Pass", "c:Take")
            .planned();
        let sent = message(&planned.step("a:Give").operation.output, &mut Choices::new(&bytes));
        for (name, way) in WAYS {
            let passed = way(&planned, "b:Pass", &[sent.encode_to_vec().into()]).unwrap();
            let taken = way(&planned, "c:Take", &[passed]).unwrap();
            let taken = DynamicMessage::decode(planned.step("c:Take").operation.input.clone(), taken).unwrap();
            assert_eq!(json(&taken), json(&sent), "{name}");
        }
    }
}

const NODE: &str = "service S { rpc Give(None) returns (Node); rpc Take(Node) returns (None); } message None {} \
                    message Node { Node next = 1; repeated Node list = 2; map<int32, Node> map = 3; int32 v = 4; }";

/// The bytes of as many messages within each other, through field 1, 2 or the values of 3.
fn nested(depth: usize, tag: u8) -> Bytes {
    let mut bytes = Vec::new();
    for _ in 0..depth {
        let mut outer = vec![if tag == 3 { 0x12 } else { tag << 3 | 2 }];
        encode_varint(bytes.len() as u64, &mut outer);
        outer.append(&mut bytes);
        bytes = outer;
        if tag == 3 {
            let mut entry = vec![3 << 3 | 2];
            encode_varint(bytes.len() as u64, &mut entry);
            entry.append(&mut bytes);
            bytes = entry;
        }
    }
    bytes.into()
}

#[test]
fn nesting_over_100_fails_and_less_does_not() {
    let planned = Setup::new().node("a", NODE).node("b", NODE).link("a:Give", "b:Take").planned();
    for (name, way) in WAYS {
        for tag in [1, 2] {
            assert!(way(&planned, "b:Take", &[nested(99, tag)]).is_ok(), "{name} {tag}");
            for depth in [101, 1_000, 100_000] {
                assert!(way(&planned, "b:Take", &[nested(depth, tag)]).is_err(), "{name} {tag} {depth}");
            }
        }
        assert!(way(&planned, "b:Take", &[nested(60, 3)]).is_ok(), "{name}");
        assert!(way(&planned, "b:Take", &[nested(98, 3)]).is_ok(), "{name}");
        assert!(way(&planned, "b:Take", &[nested(10_000, 3)]).is_err(), "{name}");
    }
}

#[test]
fn a_nan_keeps_its_bits() {
    let proto = "service S { rpc Give(None) returns (M); rpc Take(M) returns (None); } message None {} \
                 message M { double d = 1; repeated float f = 2; }";
    let planned = Setup::new().node("a", proto).node("b", proto).link("a:Give", "b:Take").planned();
    let mut bytes = vec![0x09];
    bytes.extend(0x7ff4_dead_beef_0001_u64.to_le_bytes());
    bytes.extend([0x12, 4]);
    bytes.extend(0xffc0_0123_u32.to_le_bytes());
    for (name, way) in WAYS {
        assert_eq!(way(&planned, "b:Take", &[bytes.clone().into()]).unwrap(), bytes, "{name}");
    }
}

#[test]
fn a_message_too_few_is_an_error() {
    let planned = Setup::new().node("a", NODE).node("b", NODE).link("a:Give", "b:Take").planned();
    for (name, way) in WAYS {
        let error = way(&planned, "b:Take", &[]).unwrap_err();
        assert_eq!(error.to_string(), "the message of `a:Give` is missing", "{name}");
    }
}

#[test]
fn what_is_no_message_says_whose_it_is() {
    let planned = Setup::new().node("a", NODE).node("b", NODE).link("a:Give", "b:Take").planned();
    for (name, way) in WAYS {
        let error = way(&planned, "b:Take", &[Bytes::from_static(&[0xff])]).unwrap_err();
        assert!(
            error.to_string().starts_with("the answer of `a:Give` is no valid `Node`: "),
            "{name} {error}"
        );
    }
}

#[test]
fn a_oneof_in_a_message_that_is_taken_twice_is_not_torn() {
    let giver = "service A { rpc Give(None) returns (S); } message None {} \
                 message Inner { oneof o { int32 x = 1; int32 y = 2; } } message S { Inner a = 1; Inner b = 2; }";
    let taker = "service B { rpc Take(T) returns (None); } message None {} \
                 message T { oneof p { int32 ax = 1; int32 ay = 2; } int32 bx = 3; int32 by = 4; }";
    let fields = r#"{"ax": "a.x", "ay": "a.y", "bx": "b.x", "by": "b.y"}"#;
    let planned =
        Setup::new().node("a", giver).node("b", taker).link_with("a:Give", "b:Take", fields).planned();
    // In `b`, first `x`, then `y`: the last one counts.
    let sent = Bytes::from_static(&[0x12, 4, 8, 1, 16, 2]);
    for (name, way) in WAYS {
        let filled = way(&planned, "b:Take", std::slice::from_ref(&sent)).unwrap();
        let filled = DynamicMessage::decode(planned.step("b:Take").operation.input.clone(), filled).unwrap();
        assert_eq!(json(&filled).to_string(), r#"{"by":2}"#, "{name}");
    }
}

#[test]
fn a_missing_value_of_a_map_is_the_default_that_its_sender_has() {
    let giver = "syntax = \"proto2\"; service A { rpc Give(None) returns (M); } message None {} \
                 enum E { ONE = 1; TWO = 2; } message M { map<string, E> m = 1; }";
    let taker = "syntax = \"proto3\"; service B { rpc Take(M) returns (None); } message None {} \
                 enum E { ZERO = 0; ONE = 1; TWO = 2; } message M { map<string, E> m = 1; }";
    let planned = Setup::new().node("a", giver).node("b", taker).link("a:Give", "b:Take").planned();
    let sent = Bytes::from_static(&[0x0a, 3, 0x0a, 1, b'a']);
    for (name, way) in WAYS {
        let filled = way(&planned, "b:Take", std::slice::from_ref(&sent)).unwrap();
        let filled = DynamicMessage::decode(planned.step("b:Take").operation.input.clone(), filled).unwrap();
        assert_eq!(json(&filled).to_string(), r#"{"m":{"a":1}}"#, "{name}");
    }
}

#[test]
fn a_message_that_nobody_else_holds_becomes_the_request_in_its_own_memory() {
    let planned = Setup::new()
        .node("a", "message None {} message M { string name = 1; int64 number = 2; } service S { rpc Give(None) returns (M); }")
        .node("b", "message None {} message M { int64 number = 1; string name = 2; } service S { rpc Take(M) returns (None); }")
        .link("a:Give", "b:Take")
        .planned();
    let message = b"\x0a\x04wind\x10\x07".to_vec();
    let (lies_at, request) = (message.as_ptr(), b"\x12\x04wind\x08\x07");
    let requests = &planned.step("b:Take").requests;
    let own = requests.one(0, message.into()).unwrap();
    assert_eq!((own.as_ref(), own.as_ptr()), (&request[..], lies_at));
    let shared = Bytes::from(b"\x0a\x04wind\x10\x07".to_vec());
    let copy = requests.one(0, shared.clone()).unwrap();
    assert_eq!((copy.as_ref(), shared.as_ref()), (&request[..], &b"\x0a\x04wind\x10\x07"[..]));
}
