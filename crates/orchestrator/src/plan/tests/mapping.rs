//! A link's `fields`.

use insta::assert_snapshot;

use super::fixture::Setup;

fn mapped(out: &str, into: &str, fields: &str) -> Setup {
    Setup::new().gives("a", out).takes("b", into).link_with("a:Give", "b:Take", fields)
}

#[test]
fn fields_add_to_matching_by_name() {
    let planned =
        mapped("string path = 1; int32 n = 2;", "string file = 1; int32 n = 2;", r#"{"file": "path"}"#)
            .planned();
    assert_snapshot!(planned.shown(), @r"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (bytes handed on as they are)
         file  ← a:Give path
         n     ← a:Give n
    ");
    assert_eq!(planned.filled("b:Take", &[r#"{"path": "p", "n": 4}"#]), r#"{"file":"p","n":4}"#);
}

#[test]
fn a_mapped_field_is_not_filled_by_its_own_name() {
    let planned = mapped("string x = 1; string y = 2;", "string x = 1;", r#"{"x": "y"}"#).planned();
    assert_eq!(planned.said(), "");
    assert_eq!(planned.filled("b:Take", &[r#"{"x": "1"}"#]), "{}");
    assert_eq!(planned.filled("b:Take", &[r#"{"x": "1", "y": "2"}"#]), r#"{"x":"2"}"#);
}

#[test]
fn dotted_paths_lead_through_messages_on_both_sides() {
    let out = "message Deep { int32 n = 1; } message Mid { Deep deep = 1; } Mid mid = 1;";
    let into =
        "message Inner { int64 m = 3; int32 rest = 4; } message Outer { Inner inner = 2; } Outer outer = 1;";
    let planned = mapped(out, into, r#"{"outer.inner.m": "mid.deep.n"}"#).planned();
    assert_snapshot!(planned.shown(), @"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (decoded, converted, encoded)
         outer.inner.m     ← a:Give mid.deep.n
         outer.inner.rest  ← default
    ");
    assert_eq!(
        planned.filled("b:Take", &[r#"{"mid": {"deep": {"n": 7}}}"#]),
        r#"{"outer":{"inner":{"m":"7"}}}"#
    );
    assert_eq!(planned.filled("b:Take", &[r#"{"mid": {"deep": {}}}"#]), "{}");
}

#[test]
fn null_drops_a_field() {
    let planned =
        mapped("string x = 1; string y = 2;", "string x = 1; string y = 2;", r#"{"x": null}"#).planned();
    assert_snapshot!(planned.shown(), @r"
    warning[AE0402] b.proto:4:1: nothing fills the field `x` of `b:Take`: it keeps its default
      b.proto:4:1 `string x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (spliced from bytes)
         x  ← default
         y  ← a:Give y
    ");
}

#[test]
fn null_silences_a_link_that_fills_nothing() {
    let planned = mapped("string x = 1;", "string x = 1;", r#"{"x": null}"#)
        .operation("b:Take", r#"{"parameters": {"x": "own"}}"#)
        .planned();
    assert_snapshot!(planned.shown(), @"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (always the same)
         x  ← parameter
    ");
}

const POINT: &str = "message Point { int32 x = 1; int32 y = 2; } Point at = 1; Point to = 2;";

#[test]
fn null_drops_a_part_of_a_message() {
    let planned = mapped(POINT, POINT, r#"{"at.x": null}"#).planned();
    assert_snapshot!(planned.explained(), @r"
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (spliced from bytes)
         at.x  ← default
         at.y  ← a:Give at.y
         to    ← a:Give to
    ");
    let answer = r#"{"at": {"x": 1, "y": 2}, "to": {"x": 3}}"#;
    assert_eq!(planned.filled("b:Take", &[answer]), r#"{"at":{"y":2},"to":{"x":3}}"#);
    assert_eq!(
        planned.filled("b:Take", &[r#"{"at": {"x": 1}}"#]),
        r#"{"at":{}}"#,
        "a message stays there without the part that is dropped"
    );
}

#[test]
fn the_inner_entry_counts_whatever_the_order() {
    for fields in [r#"{"at": "to", "at.x": null}"#, r#"{"at.x": null, "at": "to"}"#] {
        let planned = mapped(POINT, POINT, fields).planned();
        let answer = r#"{"at": {"x": 1, "y": 2}, "to": {"x": 3, "y": 4}}"#;
        assert_eq!(planned.filled("b:Take", &[answer]), r#"{"at":{"y":4},"to":{"x":3,"y":4}}"#, "{fields}");
    }
    for fields in [r#"{"at": "to", "at.x": "at.y"}"#, r#"{"at.x": "at.y", "at": "to"}"#] {
        let planned = mapped(POINT, POINT, fields).planned();
        let answer = r#"{"at": {"x": 1, "y": 2}, "to": {"x": 3, "y": 4}}"#;
        assert_eq!(
            planned.filled("b:Take", &[answer]),
            r#"{"at":{"x":2,"y":4},"to":{"x":3,"y":4}}"#,
            "{fields}"
        );
    }
}

#[test]
fn null_for_a_message_and_a_value_for_its_part_fill_the_part_alone() {
    let planned = mapped(POINT, POINT, r#"{"at": null, "at.x": "to.y"}"#).planned();
    assert_snapshot!(planned.explained(), @r"
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (spliced from bytes)
         at.x  ← a:Give to.y
         at.y  ← default
         to    ← a:Give to
    ");
}

#[test]
fn null_silences_types_that_do_not_fit() {
    let top = mapped("string n = 1; int32 m = 2;", "int32 n = 1; int32 m = 2;", r#"{"n": null}"#);
    assert!(!top.planned().findings.has_errors());
    let nested = mapped(
        "message P { string x = 1; int32 y = 2; } P at = 1;",
        "message P { int32 x = 1; int32 y = 2; } P at = 1;",
        r#"{"at.x": null}"#,
    );
    assert_eq!(nested.planned().said(), "");
}

#[test]
fn a_mapping_between_types_that_do_not_fit_is_reported_at_its_entry() {
    assert_snapshot!(mapped("string path = 1;", "int32 count = 1;", r#"{"count": "path"}"#).planned().said(), @r#"
    error[AE0401] a.proto:4:1: `a:Give` cannot fill `count` of `b:Take`: string does not fit int32
      a.proto:4:1 `string path = 1;` this is offered
      b.proto:4:1 `int32 count = 1;` this is to be filled
      execution.json:3:56 `"path"` by this link
      help: make the types equal, or carry nothing with `"fields": {"count": null}` on this link
    "#);
    let nested = mapped(POINT, "message P { string x = 1; } P deep = 1;", r#"{"deep.x": "at.x"}"#);
    assert_snapshot!(nested.planned().said(), @r#"
    error[AE0401] a.proto:4:17: `a:Give` cannot fill `deep.x` of `b:Take`: int32 does not fit string
      a.proto:4:17 `int32 x = 1;` this is offered
      b.proto:4:13 `string x = 1;` this is to be filled
      execution.json:3:57 `"at.x"` by this link
      help: make the types equal, or carry nothing with `"fields": {"deep.x": null}` on this link
    "#);
}

#[test]
fn a_mapping_that_names_no_field_is_reported() {
    let out = "string path = 1; repeated int32 list = 2; google.protobuf.Timestamp when = 3; P at = 4; message P { int32 x = 1; }";
    let into = "string file = 1; int64 count = 2; P at = 4; message P { int32 x = 1; }";
    let proto = |service: &str, fields: &str| {
        format!(
            "syntax = \"proto3\";\nimport \"google/protobuf/timestamp.proto\";\n{service} message None {{}}\n{fields}"
        )
    };
    let check = |fields: &str| {
        Setup::new()
            .node(
                "a",
                &proto("service S { rpc Give(None) returns (Out); }", &format!("message Out {{\n{out}\n}}")),
            )
            .node(
                "b",
                &proto("service S { rpc Take(In) returns (None); }", &format!("message In {{\n{into}\n}}")),
            )
            .link_with("a:Give", "b:Take", fields)
            .planned()
            .said()
    };
    assert_snapshot!(check(r#"{"flie": "path"}"#), @r#"
    error[AE0409] execution.json:3:47: the request `In` has no field `flie`
      execution.json:3:47 `"flie"`
      help: did you mean `file`?
    warning[AE0402] b.proto:5:18: nothing fills the field `count` of `b:Take`: it keeps its default
      b.proto:5:18 `int64 count = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"file": "pathh"}"#), @r#"
    error[AE0409] execution.json:3:55: the response `Out` has no field `pathh`
      execution.json:3:55 `"pathh"`
      help: did you mean `path`?
    warning[AE0402] b.proto:5:18: nothing fills the field `count` of `b:Take`: it keeps its default
      b.proto:5:18 `int64 count = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"file": "at.z"}"#), @r#"
    error[AE0409] execution.json:3:55: the response `P` has no field `z` (in `at.z`)
      execution.json:3:55 `"at.z"`
      help: known fields: `x`
    warning[AE0402] b.proto:5:18: nothing fills the field `count` of `b:Take`: it keeps its default
      b.proto:5:18 `int64 count = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"count": "when.seconds"}"#), @r#"
    error[AE0409] execution.json:3:56: `when` of `when.seconds` is no singular message, so the path ends there
      execution.json:3:56 `"when.seconds"`
      help: a path leads through singular messages only
    warning[AE0402] b.proto:5:1: nothing fills the field `file` of `b:Take`: it keeps its default
      b.proto:5:1 `string file = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"count": "list.x", "file.x": "path"}"#), @r#"
    error[AE0409] execution.json:3:56: `list` of `list.x` is no singular message, so the path ends there
      execution.json:3:56 `"list.x"`
      help: a path leads through singular messages only
    error[AE0409] execution.json:3:66: `file` of `file.x` is no singular message, so the path ends there
      execution.json:3:66 `"file.x"`
      help: a path leads through singular messages only
    "#);
    assert_snapshot!(check(r#"{"wrong": "wrong"}"#), @r#"
    error[AE0409] execution.json:3:47: the request `In` has no field `wrong`
      execution.json:3:47 `"wrong"`
      help: known fields: `at`, `count`, `file`
    error[AE0409] execution.json:3:56: the response `Out` has no field `wrong`
      execution.json:3:56 `"wrong"`
      help: known fields: `at`, `list`, `path`, `when`
    warning[AE0402] b.proto:5:1: nothing fills the fields `file`, `count` of `b:Take`: they keep their defaults
      b.proto:5:1 `string file = 1;`
      b.proto:5:18 `int64 count = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    assert_snapshot!(check(r#"{"": "path", "at.": "at.x"}"#), @r#"
    error[AE0409] execution.json:3:47: the request `In` has no field ``
      execution.json:3:47 `""`
      help: known fields: `at`, `count`, `file`
    error[AE0409] execution.json:3:59: the request `P` has no field `` (in `at.`)
      execution.json:3:59 `"at."`
      help: known fields: `x`
    warning[AE0402] b.proto:5:1: nothing fills the fields `file`, `count` of `b:Take`: they keep their defaults
      b.proto:5:1 `string file = 1;`
      b.proto:5:18 `int64 count = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
}

#[test]
fn a_path_of_messages_without_end_is_reported() {
    let fields = "message Node { Node next = 1; int32 v = 2; } Node node = 1;";
    let deep = format!("node{}.v", ".next".repeat(50_000));
    let planned = mapped(fields, fields, &format!("{{\"{deep}\": \"node.v\"}}")).planned();
    let messages: Vec<_> = planned.findings.iter().map(|finding| finding.message.clone()).collect();
    assert_snapshot!(messages.join("\n"), @"a path goes at most 100 messages deep");
}
