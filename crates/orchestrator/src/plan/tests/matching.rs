//! What a link fills by name alone, and what is said when it does not.

use insta::assert_snapshot;

use super::fixture::Setup;

fn pair(out: &str, into: &str) -> Setup {
    Setup::new().gives("a", out).takes("b", into).link("a:Give", "b:Take")
}

/// The request of `b` when `a` answers with this JSON.
fn filled(out: &str, into: &str, answer: &str) -> String {
    pair(out, into).planned().filled("b:Take", &[answer])
}

#[test]
fn fields_of_one_name_fill_each_other() {
    let planned = pair("string path = 1; int32 left = 2;", "string path = 7;").planned();
    assert_snapshot!(planned.shown(), @r"
    ---
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Give
       request In (spliced from bytes)
         path  ← a:Give path
    ");
    assert_eq!(planned.filled("b:Take", &[r#"{"path": "x", "left": 3}"#]), r#"{"path":"x"}"#);
}

#[test]
fn a_field_of_the_same_number_and_another_name_is_not_filled() {
    assert_snapshot!(pair("string path = 1; int32 n = 2;", "string file = 1; int32 n = 3;").planned().said(), @"
    warning[AE0402] b.proto:4:1: nothing fills the field `file` of `b:Take`: it keeps its default
      b.proto:4:1 `string file = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
}

#[test]
fn fields_that_nothing_fills_are_one_warning_for_the_step() {
    let setup = pair("string path = 1;", "string path = 1;\nint32 limit = 2;\nbool strict = 3;");
    assert_snapshot!(setup.planned().said(), @"
    warning[AE0402] b.proto:5:1: nothing fills the fields `limit`, `strict` of `b:Take`: they keep their defaults
      b.proto:5:1 `int32 limit = 2;`
      b.proto:6:1 `bool strict = 3;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
    let setup = setup.operation("b:Take", r#"{"parameters": {"limit": 0, "strict": false}}"#);
    assert_eq!(setup.planned().said(), "", "a parameter silences, be its value the default");
}

#[test]
fn numbers_widen() {
    let out = "int32 i = 1; uint32 u = 2; float f = 3; Color e = 4; enum Color { NONE = 0; RED = 7; } \
               repeated int32 is = 5; map<int32, float> m = 6;";
    let into = "int64 i = 11; uint64 u = 12; double f = 13; int32 e = 14; repeated int64 is = 15; \
                map<int64, double> m = 16;";
    let answer =
        r#"{"i": -2147483648, "u": 4294967295, "f": 0.5, "e": "RED", "is": [1, -1], "m": {"-3": 1.5}}"#;
    assert_snapshot!(filled(out, into, answer), @r#"{"i":"-2147483648","u":"4294967295","f":0.5,"e":7,"is":["1","-1"],"m":{"-3":1.5}}"#);
}

#[test]
fn extremes_of_64_bits_pass_unchanged() {
    let fields = "int64 low = 1; int64 high = 2; uint64 most = 3; sint64 zigzag = 4; fixed64 fixed = 5;";
    let answer = r#"{"low": "-9223372036854775808", "high": "9223372036854775807",
        "most": "18446744073709551615", "zigzag": "-9223372036854775808", "fixed": "18446744073709551615"}"#;
    assert_snapshot!(filled(fields, fields, answer), @r#"{"low":"-9223372036854775808","high":"9223372036854775807","most":"18446744073709551615","zigzag":"-9223372036854775808","fixed":"18446744073709551615"}"#);
}

#[test]
fn types_that_do_not_fit_name_both_fields() {
    assert_snapshot!(pair("string n = 1;", "int32 n = 2;").planned().shown(), @r#"
    error[AE0401] a.proto:4:1: `a:Give` cannot fill `n` of `b:Take`: string does not fit int32
      a.proto:4:1 `string n = 1;` this is offered
      b.proto:4:1 `int32 n = 2;` this is to be filled
      blueprint.json:4:1 by this link
      help: make the types equal, or carry nothing with `"fields": {"n": null}` on this link
    "#);
}

#[test]
fn numbers_do_not_narrow() {
    let out = "int64 a = 1; uint64 b = 2; double c = 3; int32 d = 4; int32 e = 5; sint32 f = 6;";
    let into =
        "int32 a = 1; uint32 b = 2; float c = 3; E d = 4; uint32 e = 5; int64 f = 6; enum E { Z = 0; }";
    let said = pair(out, into).planned().findings;
    let messages: Vec<_> = said.iter().map(|finding| finding.message.clone()).collect();
    assert_snapshot!(messages.join("\n"), @"
    `a:Give` cannot fill `a` of `b:Take`: int64 does not fit int32
    `a:Give` cannot fill `b` of `b:Take`: uint64 does not fit uint32
    `a:Give` cannot fill `c` of `b:Take`: double does not fit float
    `a:Give` cannot fill `d` of `b:Take`: int32 does not fit enum `In.E`
    `a:Give` cannot fill `e` of `b:Take`: int32 does not fit uint32
    `a:Give` cannot fill `f` of `b:Take`: sint32 does not fit int64
    ");
}

#[test]
fn a_misfit_within_a_message_names_the_inner_fields() {
    let setup =
        pair("message Point { string x = 1; } Point at = 1;", "message Place { int32 x = 1; } Place at = 1;");
    assert_snapshot!(setup.planned().said(), @r#"
    error[AE0401] a.proto:4:17: `a:Give` cannot fill `at` of `b:Take`: string does not fit int32
      a.proto:4:17 `string x = 1;` this is offered
      b.proto:4:17 `int32 x = 1;` this is to be filled
      blueprint.json:4:1 by this link
      help: make the types equal, or carry nothing with `"fields": {"at": null}` on this link
    "#);
}

#[test]
fn repeated_and_singular_do_not_fit() {
    let said = pair("repeated int32 n = 1; map<string, int32> m = 2;", "int32 n = 1; repeated int32 m = 2;");
    let messages: Vec<_> = said.planned().findings.iter().map(|finding| finding.message.clone()).collect();
    assert_snapshot!(messages.join("\n"), @"
    `a:Give` cannot fill `n` of `b:Take`: repeated does not fit singular
    `a:Give` cannot fill `m` of `b:Take`: map does not fit repeated
    ");
}

#[test]
fn enums_fit_by_number_and_name_without_their_prefix() {
    let out = "enum State { STATE_OFF = 0; STATE_ON = 1; } State s = 1; repeated State all = 2;";
    let into = "enum Mode { OFF = 0; ON = 1; AUTO = 2; } Mode s = 5; repeated Mode all = 6;";
    assert_eq!(
        filled(out, into, r#"{"s": "STATE_ON", "all": ["STATE_ON", "STATE_OFF"]}"#),
        r#"{"s":"ON","all":["ON","OFF"]}"#
    );
    let swapped = pair(out, "enum Mode { ON = 0; OFF = 1; } Mode s = 5; repeated Mode all = 6;");
    let messages: Vec<_> = swapped.planned().findings.iter().map(|finding| finding.message.clone()).collect();
    assert_snapshot!(messages.join("\n"), @"
    `a:Give` cannot fill `s` of `b:Take`: in enum `In.Mode` 0 is `ON`, not `STATE_OFF`
    `a:Give` cannot fill `all` of `b:Take`: in enum `In.Mode` 0 is `ON`, not `STATE_OFF`
    ");
}

#[test]
fn messages_fill_each_other_at_every_depth() {
    let out = "message In { int32 keep = 1; int32 drop = 2; } In one = 1; repeated In many = 2; \
               map<string, In> named = 3;";
    let into = "message Mine { int64 keep = 9; int32 own = 2; } Mine one = 4; repeated Mine many = 5; \
                map<string, Mine> named = 6;";
    let answer =
        r#"{"one": {"keep": 1, "drop": 2}, "many": [{"keep": 3}, {"drop": 4}], "named": {"k": {"keep": 5}}}"#;
    assert_snapshot!(filled(out, into, answer), @r#"{"one":{"keep":"1"},"many":[{"keep":"3"},{}],"named":{"k":{"keep":"5"}}}"#);
}

#[test]
fn a_recursive_message_fills_a_recursive_message() {
    let out = "message Tree { int32 v = 1; repeated Tree kids = 2; } Tree root = 1;";
    let into = "message Node { repeated Node kids = 1; int64 v = 2; } Node root = 3;";
    let answer = r#"{"root": {"v": 1, "kids": [{"v": 2, "kids": [{"v": 3}]}, {}]}}"#;
    assert_snapshot!(filled(out, into, answer), @r#"{"root":{"kids":[{"kids":[{"v":"3"}],"v":"2"},{}],"v":"1"}}"#);
}

#[test]
fn what_the_answer_leaves_unset_is_unset() {
    let out = "optional int32 a = 1; optional int32 b = 2; M m = 3; M n = 4; message M { int32 x = 1; }";
    let into = "optional int32 a = 1; optional int32 b = 2; M m = 3; M n = 4; message M { int32 x = 1; }";
    assert_eq!(filled(out, into, r#"{"a": 0, "m": {}}"#), r#"{"a":0,"m":{}}"#);
}

#[test]
fn the_later_of_two_links_fills_a_field() {
    let setup = Setup::new()
        .gives("a", "string x = 1; string y = 2;")
        .gives("c", "string x = 1;")
        .takes("b", "string x = 1; string y = 2;")
        .link("a:Give", "b:Take")
        .link("c:Give", "b:Take");
    let planned = setup.planned();
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0403] blueprint.json:7:1: `x` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"x": null}`
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
         x  ← c:Give x
         y  ← a:Give y
    "#);
    assert_eq!(
        planned.filled("b:Take", &[r#"{"x": "1", "y": "2"}"#, r#"{"x": "3"}"#]),
        r#"{"x":"3","y":"2"}"#
    );
    assert_eq!(
        planned.filled("b:Take", &[r#"{"x": "1"}"#, "{}"]),
        "{}",
        "the loser does not stand in for what the winner leaves unset"
    );
}

#[test]
fn a_field_of_many_links_is_one_warning() {
    let names: Vec<_> = (0..12).map(|number| format!("n{number}")).collect();
    let setup = names.iter().fold(Setup::new(), |setup, name| {
        setup.gives(name, "string x = 1;").link(&format!("{name}:Give"), "z:Take")
    });
    let planned = setup.takes("z", "string x = 1;").planned();
    let messages: Vec<_> = planned.findings.iter().map(|finding| finding.message.clone()).collect();
    assert_snapshot!(messages.join("\n"), @"`x` of `z:Take` is offered by `n0:Give`, `n1:Give`, `n2:Give`, `n3:Give`, `n4:Give`, `n5:Give`, `n6:Give`, `n7:Give`, 3 more and by `n11:Give`");
}

#[test]
fn a_link_that_fills_nothing_only_orders() {
    assert_snapshot!(pair("string path = 1;", "string file = 1;").planned().said(), @"
    warning[AE0404] blueprint.json:4:1: the link from `a:Give` to `b:Take` fills nothing: it only orders them
      blueprint.json:4:1
      help: the response has `path`, the request has `file`; say which fills which with `fields` on this link
    warning[AE0402] b.proto:4:1: nothing fills the field `file` of `b:Take`: it keeps its default
      b.proto:4:1 `string file = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
    assert_snapshot!(pair("", "string file = 1;").planned().said(), @"
    warning[AE0404] blueprint.json:4:1: the link from `a:Give` to `b:Take` fills nothing: it only orders them
      blueprint.json:4:1
      help: the response has no field, the request has `file`; say which fills which with `fields` on this link
    warning[AE0402] b.proto:4:1: nothing fills the field `file` of `b:Take`: it keeps its default
      b.proto:4:1 `string file = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ");
}

#[test]
fn a_link_to_a_request_without_fields_is_meant_to_order() {
    assert_eq!(pair("string path = 1;", "").planned().said(), "");
}

#[test]
fn one_name_in_two_protos_may_mean_two_messages() {
    let setup = Setup::new()
        .gives("a", "message Point { int32 x = 1; int32 y = 2; } Point at = 1;")
        .gives("c", "message Point { int32 x = 1; } Point at = 1;")
        .takes("b", "message Point { int32 x = 1; int32 y = 2; } Point at = 1;")
        .link("a:Give", "b:Take")
        .link("c:Give", "b:Take");
    let planned = setup.planned();
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0403] blueprint.json:7:1: `at.x` of `b:Take` is offered by `a:Give` and by `c:Give`
      blueprint.json:7:1 the later link fills it
      blueprint.json:4:1 this one does not
      help: drop it from all links but one with `"fields": {"at.x": null}`
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
         at.x  ← c:Give at.x
         at.y  ← a:Give at.y
    "#);
    assert_eq!(
        planned.filled("b:Take", &[r#"{"at": {"x": 1, "y": 2}}"#, r#"{"at": {"x": 3}}"#]),
        r#"{"at":{"x":3,"y":2}}"#
    );
}
