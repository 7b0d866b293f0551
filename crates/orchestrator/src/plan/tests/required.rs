//! Required fields of proto2.

use insta::assert_snapshot;

use super::fixture::Setup;

fn setup(settings: &str) -> Setup {
    let taker = "syntax = \"proto2\";\nservice S { rpc Take(In) returns (None); } message None {}\n\
        message In {\nrequired int32 n = 1;\noptional P p = 2;\nrepeated P list = 3;\n}\nmessage P {\nrequired int32 x = 1;\noptional P p = 2;\n}";
    Setup::new().node("b", taker).operation("b:Take", settings)
}

#[test]
fn a_required_field_that_nothing_fills_is_an_error() {
    assert_snapshot!(setup(r#"{"parameters": {"list": []}}"#).planned().said(), @"
    error[AE0406] b.proto:4:1: nothing fills `n` of `b:Take`, which is required
      b.proto:4:1 `required int32 n = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0402] b.proto:5:1: nothing fills the field `p` of `b:Take`: it keeps its default
      b.proto:5:1 `optional P p = 2;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
    assert!(!setup(r#"{"parameters": {"n": 0, "list": []}}"#).planned().findings.has_errors());
}

#[test]
fn within_messages_too() {
    let given = r#"{"parameters": {"n": 1, "p": {"p": {"x": 1}}, "list": [{"x": 1}, {"p": {}}]}}"#;
    assert_snapshot!(setup(given).planned().said(), @"
    error[AE0406] b.proto:9:1: nothing fills `p.x` of `b:Take`, which is required
      b.proto:9:1 `required int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    error[AE0406] b.proto:9:1: nothing fills `list[1].x` of `b:Take`, which is required
      b.proto:9:1 `required int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    error[AE0406] b.proto:9:1: nothing fills `list[1].p.x` of `b:Take`, which is required
      b.proto:9:1 `required int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
}

#[test]
fn within_a_message_that_a_link_fills_too() {
    let planned = setup("{}")
        .gives("a", "message P { int32 y = 1; P p = 2; } P p = 1; int32 n = 2;")
        .link("a:Give", "b:Take")
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0406] b.proto:9:1: nothing fills `p.x` of `b:Take`, which is required
      b.proto:9:1 `required int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0402] b.proto:6:1: nothing fills the field `list` of `b:Take`: it keeps its default
      b.proto:6:1 `repeated P list = 3;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
    let planned = setup("{}")
        .gives("a", "message P { int32 x = 1; P p = 2; } P p = 1; int32 n = 2; repeated P list = 3;")
        .link("a:Give", "b:Take")
        .planned();
    assert_eq!(planned.said(), "");
}

#[test]
fn a_required_field_with_a_misfit_has_one_finding() {
    let planned = setup(r#"{"parameters": {"p": {"x": 1}, "list": []}}"#)
        .gives("a", "string n = 1;")
        .link("a:Give", "b:Take")
        .planned();
    assert_snapshot!(planned.said(), @r#"
    error[AE0401] a.proto:4:1: `a:Give` cannot fill `n` of `b:Take`: string does not fit int32
      a.proto:4:1 `string n = 1;` this is offered
      b.proto:4:1 `required int32 n = 1;` this is to be filled
      blueprint.json:6:1 by this link
      help: make the types equal, or carry nothing with `"fields": {"n": null}` on this link
    "#);
}

#[test]
fn long_chains_of_types_are_compared() {
    let chain = |kind: &str| {
        let links: String =
            (0..2_000).map(|n| format!("message M{n} {{ optional M{} m = 1; }}\n", n + 1)).collect();
        format!("{links}message M2000 {{ {kind} int32 x = 2; }}")
    };
    let proto = |service: &str, kind: &str| {
        format!(
            "syntax = \"proto2\";\nservice S {{ {service} }} message None {{}} message Q {{ optional M0 m = 1; }}\n{}",
            chain(kind)
        )
    };
    let planned = Setup::new()
        .node("a", &proto("rpc Give(None) returns (Q);", "optional"))
        .node("b", &proto("rpc Take(Q) returns (None);", "required").replace("int32 x", "int32 y"))
        .link("a:Give", "b:Take")
        .planned();
    assert_eq!(planned.findings.len(), 1);
}
