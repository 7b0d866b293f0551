//! Two providers into one oneof.

use insta::assert_snapshot;

use super::fixture::Setup;

const EITHER: &str = "oneof either {\nstring left = 1;\nint32 right = 2;\n}";

#[test]
fn two_links_into_one_oneof_are_an_error() {
    let planned = Setup::new()
        .gives("a", "string left = 1;")
        .gives("c", "int32 right = 1;")
        .takes("b", EITHER)
        .link("a:Give", "b:Take")
        .link("c:Give", "b:Take")
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0405] b.proto:5:1: several members of the oneof `either` of `b:Take` are filled: `left`, `right`
      b.proto:5:1 `string left = 1;` filled by `a:Give`
      b.proto:6:1 `int32 right = 2;` filled by `c:Give`
      help: a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter
    ");
}

#[test]
fn a_link_and_a_parameter_into_one_oneof_are_an_error() {
    let planned = Setup::new()
        .gives("a", "string left = 1;")
        .takes("b", EITHER)
        .link("a:Give", "b:Take")
        .operation("b:Take", r#"{"parameters": {"right": 4}}"#)
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0405] b.proto:5:1: several members of the oneof `either` of `b:Take` are filled: `left`, `right`
      b.proto:5:1 `string left = 1;` filled by `a:Give`
      b.proto:6:1 `int32 right = 2;` filled by the parameter
      help: a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter
    ");
}

#[test]
fn one_link_with_two_plain_fields_into_one_oneof_is_an_error() {
    let planned = Setup::new()
        .gives("a", "string left = 1; int32 right = 2;")
        .takes("b", EITHER)
        .link("a:Give", "b:Take")
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0405] b.proto:5:1: several members of the oneof `either` of `b:Take` are filled: `left`, `right`
      b.proto:5:1 `string left = 1;` filled by `a:Give`
      b.proto:6:1 `int32 right = 2;` filled by `a:Give`
      help: a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter
    ");
}

#[test]
fn a_oneof_fills_a_oneof() {
    let planned = Setup::new().gives("a", EITHER).takes("b", EITHER).link("a:Give", "b:Take").planned();
    assert_eq!(planned.said(), "");
    assert_eq!(planned.filled("b:Take", &[r#"{"right": 0}"#]), r#"{"right":0}"#);
    assert_eq!(planned.filled("b:Take", &[r#"{"left": "l"}"#]), r#"{"left":"l"}"#);
    assert_eq!(planned.filled("b:Take", &["{}"]), "{}");
}

#[test]
fn oneofs_of_two_messages_of_one_type_are_two() {
    let planned = Setup::new()
        .gives("a", &format!("message C {{ {EITHER} }} C first = 1; C second = 2;"))
        .takes("b", EITHER)
        .link_with("a:Give", "b:Take", r#"{"left": "first.left", "right": "second.right"}"#)
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0405] b.proto:5:1: several members of the oneof `either` of `b:Take` are filled: `left`, `right`
      b.proto:5:1 `string left = 1;` filled by `a:Give`
      b.proto:6:1 `int32 right = 2;` filled by `a:Give`
      help: a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter
    ");
}

#[test]
fn one_member_into_two_members_is_an_error() {
    let planned = Setup::new()
        .gives("a", "oneof e { string left = 1; }")
        .takes("b", "oneof e { string one = 1; string two = 2; }")
        .link_with("a:Give", "b:Take", r#"{"one": "left", "two": "left"}"#)
        .planned();
    assert_eq!(planned.findings.iter().next().unwrap().code.as_str(), "AE0405");
}

#[test]
fn a_oneof_within_a_message_is_watched_too() {
    let planned = Setup::new()
        .gives("a", "message C { string left = 1; } C c = 1;")
        .takes("b", &format!("message C {{ {EITHER} }} C c = 1;"))
        .link("a:Give", "b:Take")
        .operation("b:Take", r#"{"parameters": {"c": {"right": 1}}}"#)
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0405] b.proto:5:1: several members of the oneof `either` of `b:Take` are filled: `c.left`, `c.right`
      b.proto:5:1 `string left = 1;` filled by `a:Give`
      b.proto:6:1 `int32 right = 2;` filled by the parameter
      help: a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter
    ");
}

#[test]
fn a_filled_member_leaves_no_other_unfilled() {
    let planned =
        Setup::new().gives("a", "string left = 1;").takes("b", EITHER).link("a:Give", "b:Take").planned();
    assert_eq!(planned.said(), "");
}

#[test]
fn two_members_in_the_initial_data_are_an_error() {
    let proto = format!("service S {{ rpc Ask(Q) returns (Q); }} message Q {{ {EITHER} }}");
    let planned = Setup::new().node("a", &proto).initial(r#"{"left": "x", "right": 1}"#).planned();
    assert_snapshot!(planned.said(), @"
    error[AE0405] a.proto:3:1: several members of the oneof `either` of `a:Ask` are filled: `left`, `right`
      a.proto:3:1 `string left = 1;` filled by the initial data
      a.proto:4:1 `int32 right = 2;` filled by the initial data
      help: a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter
    ");
}

#[test]
fn optional_fields_are_no_oneof() {
    let fields = "optional int32 a = 1; optional int32 b = 2;";
    let planned = Setup::new().gives("a", fields).takes("b", fields).link("a:Give", "b:Take").planned();
    assert_eq!(planned.said(), "");
    assert_eq!(planned.filled("b:Take", &[r#"{"a": 0, "b": 1}"#]), r#"{"a":0,"b":1}"#);
}
