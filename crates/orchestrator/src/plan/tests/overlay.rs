//! Several providers for the fields of one message.

use insta::assert_snapshot;

use super::fixture::{Planned, Setup};

/// `a` and `c` lead to `b`, in this order.
fn two(first: &str, second: &str, into: &str) -> Planned {
    Setup::new()
        .gives("a", first)
        .gives("c", second)
        .takes("b", into)
        .link("a:Give", "b:Take")
        .link("c:Give", "b:Take")
        .planned()
}

#[test]
fn two_links_fill_different_fields_of_one_message() {
    let planned = two(
        "message P { int32 x = 1; int32 both = 3; } P at = 1;",
        "message P { int32 y = 1; int32 both = 2; } P at = 1;",
        "message P { int32 x = 1; int32 y = 2; int32 both = 3; } P at = 1;",
    );
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0403] blueprint.json:7:1: `at.both` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"at.both": null}`
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. c:Give  unary
       calls   /S/Give on c:8061
       request None (always the same)

    3. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give, c:Give
       request In (spliced from bytes)
         at.x     ← a:Give at.x
         at.y     ← c:Give at.y
         at.both  ← c:Give at.both
    "#);
    let filled = |first: &str, second: &str| planned.filled("b:Take", &[first, second]);
    assert_eq!(
        filled(r#"{"at": {"x": 1, "both": 5}}"#, r#"{"at": {"y": 2, "both": 6}}"#),
        r#"{"at":{"x":1,"y":2,"both":6}}"#
    );
    assert_eq!(filled(r#"{"at": {"both": 5}}"#, "{}"), r#"{"at":{}}"#, "the message is there with either");
    assert_eq!(filled("{}", r#"{"at": {}}"#), r#"{"at":{}}"#);
    assert_eq!(filled("{}", "{}"), "{}");
}

#[test]
fn a_link_that_offers_all_of_a_message_fills_it_as_a_whole() {
    let planned = two(
        "message P { Q q = 1; } message Q { int32 x = 1; } P at = 1;",
        "message P { Q q = 1; int32 more = 2; } message Q { int32 x = 1; int32 y = 2; } P at = 1;",
        "message P { Q q = 1; int32 more = 2; } message Q { int32 x = 1; int32 y = 2; } P at = 1;",
    );
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0403] blueprint.json:7:1: `at` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"at": null}`
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. c:Give  unary
       calls   /S/Give on c:8061
       request None (always the same)

    3. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give, c:Give
       request In (bytes handed on as they are)
         at  ← c:Give at
    "#);
    assert_eq!(planned.filled("b:Take", &[r#"{"at": {"q": {"x": 1}}}"#, "{}"]), "{}");
}

#[test]
fn recursive_messages_of_two_links_are_mixed_once() {
    let planned = two(
        "message Node { int32 v = 1; int32 w = 2; Node next = 3; } Node head = 1;",
        "message Node { int32 v = 1; Node next = 3; } Node head = 1;",
        "message Node { int32 v = 1; int32 w = 2; Node next = 3; } Node head = 1;",
    );
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0403] blueprint.json:7:1: `head.next` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"head.next": null}`
    warning[AE0403] blueprint.json:7:1: `head.v` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"head.v": null}`
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. c:Give  unary
       calls   /S/Give on c:8061
       request None (always the same)

    3. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give, c:Give
       request In (spliced from bytes)
         head.v     ← c:Give head.v
         head.w     ← a:Give head.w
         head.next  ← c:Give head.next
    "#);
    assert_eq!(
        planned.filled(
            "b:Take",
            &[
                r#"{"head": {"v": 1, "w": 2, "next": {"v": 3, "w": 4, "next": {"w": 5}}}}"#,
                r#"{"head": {"v": 10, "next": {"v": 30, "next": {"v": 50}}}}"#
            ]
        ),
        r#"{"head":{"v":10,"w":2,"next":{"v":30,"next":{"v":50}}}}"#
    );
}

#[test]
fn recursive_messages_that_cover_each_other_are_filled_whole() {
    let node = "message Node { int32 v = 1; Node next = 3; repeated Node more = 4; } Node head = 1;";
    let planned = two(node, node, node);
    assert_snapshot!(planned.said(), @r#"
    warning[AE0403] blueprint.json:7:1: `head` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"head": null}`
    "#);
}

#[test]
fn messages_that_contain_each_other_in_many_ways_are_planned() {
    let kinds = |extra: &str| -> String {
        let kind = |n: usize| {
            let fields: String = (0..12).map(|m| format!("T{m} f{m} = {}; ", m + 1)).collect();
            format!("message T{n} {{ {fields} {} }} ", if n == 11 { extra } else { "" })
        };
        (0..12).map(kind).collect()
    };
    let (full, less) = (kinds("int32 x = 20; int32 y = 21;"), kinds("int32 y = 21;"));
    let planned =
        two(&format!("{full} T0 t = 1;"), &format!("{less} T0 t = 1;"), &format!("{full} T0 t = 1;"));
    assert_eq!(
        planned.filled("b:Take", &[r#"{"t": {"f11": {"x": 1, "y": 2}}}"#, r#"{"t": {"f11": {"y": 3}}}"#]),
        r#"{"t":{"f11":{"x":1,"y":3}}}"#
    );
}

#[test]
fn well_known_messages_are_filled_as_a_whole() {
    let proto = |service: &str| {
        format!(
            "import \"google/protobuf/timestamp.proto\";\nservice S {{ {service} }} message None {{}} message M {{ google.protobuf.Timestamp when = 1; }}"
        )
    };
    let planned = Setup::new()
        .node("a", &proto("rpc Give(None) returns (M);"))
        .node("b", &proto("rpc Take(M) returns (None);"))
        .link("a:Give", "b:Take")
        .operation("b:Take", r#"{"overrides": {"when": "2026-01-31T12:00:00Z"}}"#)
        .planned();
    assert_snapshot!(planned.shown(), @"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request M (always the same)
         when  ← override
    ");
}
