//! Parameters and overrides beside links.

use insta::assert_snapshot;

use super::fixture::Setup;

fn pair(out: &str, into: &str, settings: &str) -> Setup {
    Setup::new().gives("a", out).takes("b", into).link("a:Give", "b:Take").operation("b:Take", settings)
}

#[test]
fn each_field_has_the_strongest_provider() {
    let planned = Setup::new()
        .node(
            "a",
            "service S { rpc Ask(Q) returns (Q); }\nmessage Q { string initial = 1; string over = 2; \
             string param = 3; string none = 4; }",
        )
        .operation(
            "a:Ask",
            r#"{"parameters": {"initial": "p", "over": "p", "param": "p"}, "overrides": {"initial": "o", "over": "o"}}"#,
        )
        .initial(r#"{"initial": "i"}"#)
        .planned();
    assert_snapshot!(planned.shown(), @"
    warning[AE0402] a.proto:3:68: nothing fills the field `none` of `a:Ask`: it keeps its default
      a.proto:3:68 `string none = 4;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ---
    1. a:Ask  unary
       calls   /S/Ask on a:8061
       request Q (always the same)
         initial  ← initial data
         over     ← override
         param    ← parameter
         none     ← default
    ");
    assert_eq!(planned.filled("a:Ask", &[]), r#"{"initial":"i","over":"o","param":"p"}"#);
}

#[test]
fn a_link_beats_a_parameter_and_loses_to_an_override() {
    let fields = "string p = 1; string o = 2;";
    let planned =
        pair(fields, fields, r#"{"parameters": {"p": "mine"}, "overrides": {"o": "mine"}}"#).planned();
    assert_snapshot!(planned.shown(), @r"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (spliced from bytes)
         p  ← a:Give p
         o  ← override
    ");
    assert_eq!(
        planned.filled("b:Take", &[r#"{"p": "theirs", "o": "theirs"}"#]),
        r#"{"p":"theirs","o":"mine"}"#
    );
    assert_eq!(
        planned.filled("b:Take", &["{}"]),
        r#"{"o":"mine"}"#,
        "the parameter is dropped, not a default"
    );
}

#[test]
fn an_override_ends_the_doubt_between_two_links() {
    let planned = Setup::new()
        .gives("a", "string x = 1;")
        .gives("c", "string x = 1;")
        .takes("b", "string x = 1;")
        .link("a:Give", "b:Take")
        .link("c:Give", "b:Take")
        .operation("b:Take", r#"{"overrides": {"x": "mine"}}"#)
        .planned();
    assert_eq!(planned.said(), "");
    assert_eq!(planned.filled("b:Take", &[r#"{"x": "1"}"#, r#"{"x": "2"}"#]), r#"{"x":"mine"}"#);
}

#[test]
fn an_override_with_the_default_value_beats_a_link() {
    let fields = "int32 n = 1; P at = 2; message P { int32 x = 1; int32 y = 2; }";
    let planned = pair(fields, fields, r#"{"overrides": {"n": 0, "at": {"x": 0}}}"#).planned();
    assert_eq!(planned.filled("b:Take", &[r#"{"n": 5, "at": {"x": 6, "y": 7}}"#]), r#"{"at":{"y":7}}"#);
}

#[test]
fn a_parameter_reaches_into_a_message_that_a_link_fills() {
    let planned = pair(
        "P at = 1; message P { int32 x = 1; int32 y = 2; }",
        "P at = 1; message P { int32 x = 1; int32 y = 2; int32 z = 3; Q q = 4; message Q { int32 w = 1; } }",
        r#"{"parameters": {"at": {"x": 10, "z": 30, "q": {"w": 40}}}}"#,
    )
    .planned();
    assert_snapshot!(planned.shown(), @r"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (spliced from bytes)
         at.x    ← a:Give at.x
         at.y    ← a:Give at.y
         at.z    ← parameter
         at.q.w  ← parameter
    ");
    assert_eq!(planned.filled("b:Take", &[r#"{"at": {"y": 2}}"#]), r#"{"at":{"y":2,"z":30,"q":{"w":40}}}"#);
    assert_eq!(planned.filled("b:Take", &["{}"]), r#"{"at":{"z":30,"q":{"w":40}}}"#);
}

#[test]
fn an_empty_message_by_hand_is_there() {
    let proto =
        "service S { rpc Ask(Q) returns (Q); } message Q { P p = 1; P q = 2; message P { P p = 1; } }";
    let planned = Setup::new()
        .node("a", proto)
        .operation("a:Ask", r#"{"parameters": {"p": {}, "q": {"p": {}}}}"#)
        .planned();
    assert_eq!(planned.filled("a:Ask", &[]), r#"{"p":{},"q":{"p":{}}}"#);
}

#[test]
fn null_by_hand_means_not_given() {
    let planned = pair("string x = 1;", "string x = 1;", r#"{"overrides": {"x": null}}"#).planned();
    assert_eq!(planned.filled("b:Take", &[r#"{"x": "theirs"}"#]), r#"{"x":"theirs"}"#);
}

#[test]
fn lists_and_maps_are_replaced_and_never_joined() {
    let fields = "repeated int32 l = 1; map<string, int32> m = 2;";
    let planned = pair(fields, fields, r#"{"overrides": {"l": [9], "m": {"z": 9}}}"#).planned();
    assert_eq!(planned.filled("b:Take", &[r#"{"l": [1, 2], "m": {"a": 1}}"#]), r#"{"l":[9],"m":{"z":9}}"#);
    let planned = pair(fields, fields, r#"{"overrides": {"l": []}}"#).planned();
    assert_eq!(planned.filled("b:Take", &[r#"{"l": [1, 2], "m": {"a": 1}}"#]), r#"{"m":{"a":1}}"#);
}

#[test]
fn values_that_do_not_fit_are_reported_where_they_stand() {
    let planned = pair(
        "",
        "int32 n = 1; string s = 2;",
        "{\"parameters\": {\n\"n\": \"many\",\n\"t\": 1},\n\"overrides\": {\"s\": 3}}",
    )
    .planned();
    assert_snapshot!(planned.said(), @r#"
    error[AE0408] execution.json:4:6: `n` is an int32; "many" is not one
      execution.json:4:6 `"many"`
    error[AE0407] execution.json:5:1: `In` has no field `t`
      execution.json:5:1 `"t"`
      help: known fields: `n`, `s`
    error[AE0408] execution.json:6:20: `s` is a string; 3 is not one
      execution.json:6:20 `3`
      help: write it in quotes
    warning[AE0404] blueprint.json:4:1: the link from `a:Give` to `b:Take` fills nothing: it only orders them
      blueprint.json:4:1
      help: the response has no field, the request has `n`, `s`; say which fills which with `fields` on this link
    "#);
}

#[test]
fn a_field_that_was_meant_by_a_misspelt_name_is_not_said_to_be_unfilled() {
    let into = "string title = 1; string file_name = 2; string other = 3;";
    let planned = pair("", into, "{\"parameters\": {\n\"titel\": \"x\",\n\"fileName\": \"y\"}}").planned();
    assert_snapshot!(planned.said(), @r#"
    error[AE0407] execution.json:4:1: `In` has no field `titel`
      execution.json:4:1 `"titel"`
      help: did you mean `title`?
    error[AE0407] execution.json:5:1: `In` has no field `fileName`
      execution.json:5:1 `"fileName"`
      help: write it as in the proto: `file_name`
    warning[AE0404] blueprint.json:4:1: the link from `a:Give` to `b:Take` fills nothing: it only orders them
      blueprint.json:4:1
      help: the response has no field, the request has `title`, `file_name`, `other`; say which fills which with `fields` on this link
    warning[AE0402] b.proto:4:41: nothing fills the field `other` of `b:Take`: it keeps its default
      b.proto:4:41 `string other = 3;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
}

#[test]
fn a_field_that_was_meant_by_a_misspelt_target_of_a_link_is_not_said_to_be_unfilled() {
    let planned = Setup::new()
        .gives("a", "string text = 1;")
        .takes("b", "string title = 1;")
        .link_with("a:Give", "b:Take", r#"{"titel": "text"}"#)
        .planned();
    assert_snapshot!(planned.said(), @r#"
    error[AE0409] execution.json:3:47: the request `In` has no field `titel`
      execution.json:3:47 `"titel"`
      help: did you mean `title`?
    "#);
}
