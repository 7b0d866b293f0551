//! What random tests have found, each by itself.

use aieffect_testkit::random::plain;
use bytes::Bytes;
use prost_reflect::DynamicMessage;

use super::ways;
use crate::plan::tests::fixture::{Planned, Setup, json};

fn linked(source: &str, target: &str, fields: &str) -> Planned {
    let proto = |rpc: &str, text: &str| {
        let (syntax, text) = text.split_once('|').unwrap_or(("proto3", text));
        format!("syntax = \"{syntax}\"; service S {{ rpc {rpc}; }} message None {{}} {text}")
    };
    Setup::new()
        .node("a", &proto("Give(None) returns (M)", source))
        .node("b", &proto("Take(M) returns (None)", target))
        .link_with("a:Give", "b:Take", fields)
        .planned()
}

/// Fills the request in every way, and compares what is found in it.
fn check(planned: &Planned, sent: &[u8], expected: &str) {
    for (name, way) in ways(planned, "b:Take") {
        let filled = way.fill(&[Bytes::copy_from_slice(sent)]).unwrap();
        let filled = DynamicMessage::decode(planned.step("b:Take").operation.input.clone(), filled).unwrap();
        assert_eq!(json(&filled).to_string(), expected, "{name}: {:?}", plain(&filled));
    }
}

/// The descriptors' library takes it for the default of a field without presence, which it is not.
#[test]
fn a_negative_zero_makes_a_field_with_presence_be_there() {
    let zero = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80];
    check(
        &linked("message M { double x = 1; }", "message M { optional double x = 2; }", "{}"),
        &zero,
        r#"{"x":-0.0}"#,
    );
    check(
        &linked(
            "message M { double x = 1; }",
            "message M { N n = 2; } message N { double y = 1; }",
            r#"{"n.y": "x"}"#,
        ),
        &zero,
        r#"{"n":{}}"#,
    );
    let inner = [0x0a, 5, 0x0d, 0, 0, 0, 0x80];
    check(
        &linked(
            "message M { N n = 1; } message N { float x = 1; }",
            "message M { N n = 1; } message N { optional float x = 1; }",
            "{}",
        ),
        &inner,
        r#"{"n":{"x":-0.0}}"#,
    );
}

#[test]
fn those_behind_one_that_no_request_can_be_made_of_are_left() {
    let planned = Setup::new()
        .node("a", "syntax = \"proto3\"; message N {} message M { string text = 2; } service S { rpc Give(N) returns (M); }")
        .node("b", "syntax = \"proto3\"; message N {} message M { string text = 3; } service S { rpc Take(M) returns (N); }")
        .link("a:Give", "b:Take")
        .planned();
    let mut messages = crate::messages::row([&b"\x12\x01x"[..], b"\x12\x05y", b"\x12\x01z"]);
    let requests = &planned.step("b:Take").requests;
    let (made, fault) = requests.each(0, &mut messages);
    assert!(fault.is_some());
    assert_eq!(made.iter().collect::<Vec<_>>(), [b"\x1a\x01x"]);
    let (made, fault) = requests.each(0, &mut messages);
    assert!(fault.is_none() && messages.is_empty());
    assert_eq!(made.iter().collect::<Vec<_>>(), [b"\x1a\x01z"]);

    let mut many = crate::messages::row(vec![b"\x12\x02ab"; 100_000]);
    let (made, _) = requests.each(0, &mut many);
    assert!(
        made.size() < 100_000 && made.count() + many.count() == 100_000,
        "no more at once than is sent at once"
    );
}
