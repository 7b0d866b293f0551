//! Steps of HTTP-controlled services.

use bytes::Bytes;
use prost::Message;

use super::fixture::Setup;
use crate::control::{Execution, Output};
use crate::plan::TransferError;

fn output(json: &str) -> Bytes {
    Output::of(json).encode_to_vec().into()
}

/// What a step is sent, from these answers.
fn execution(setup: &Setup, step: &str, answers: &[Bytes]) -> Execution {
    let bytes = setup.planned().step(step).requests.join(answers).unwrap();
    Execution::decode(bytes).unwrap()
}

#[test]
fn links_append_their_references_in_order() {
    let setup = Setup::new()
        .controlled("a", &["Read"])
        .controlled("b", &["Read"])
        .controlled("c", &["Join"])
        .link("a:Read", "c:Join")
        .link("b:Read", "c:Join")
        .operation("c:Join", r#"{"parameters": {"k": 1, "l": 2}, "overrides": {"l": 3}}"#);
    let answers =
        [output(r#"{"uri": "1", "n": 123456789012345678901}"#), output(r#"[{"uri": "2"}, {"uri": "3"}]"#)];
    let sent = execution(&setup, "c:Join", &answers);
    insta::assert_snapshot!(format!("{}\n{}", sent.inputs.join("\n"), sent.parameters), @r#"
    {"uri": "1", "n": 123456789012345678901, "metadata": {"from": "a:Read"}}
    {"uri": "2", "metadata": {"from": "b:Read"}}
    {"uri": "3", "metadata": {"from": "b:Read"}}
    {"k":1,"l":3}
    "#);
    insta::assert_snapshot!(setup.planned().shown(), @"
    ---
    1. a:Read  unary
       calls   POST /control/execute (method Read) on a:8061
       request Execution (data references)
         inputs      ← none
         parameters  ← none

    2. b:Read  unary
       calls   POST /control/execute (method Read) on b:8061
       request Execution (data references)
         inputs      ← none
         parameters  ← none

    3. c:Join  unary
       calls   POST /control/execute (method Join) on c:8061
       after   a:Read, b:Read
       request Execution (data references)
         inputs      ← a:Read (its data references)
         inputs      ← b:Read (its data references)
         parameters  ← given by hand
    ");
}

#[test]
fn a_message_becomes_an_inline_reference() {
    let setup = Setup::new()
        .gives("a", "int64 rows = 1; string day = 2;")
        .controlled("b", &["Use"])
        .link("a:Give", "b:Use");
    let planned = setup.planned();
    let message =
        super::fixture::encoded(&planned.sources("b:Use")[0], r#"{"rows": "9007199254740993", "day": "ä"}"#);
    let sent = execution(&setup, "b:Use", &[message]);
    insta::assert_snapshot!(sent.inputs.join("\n"), @r#"{"protocol": "inline", "uri": "eyJyb3dzIjo5MDA3MTk5MjU0NzQwOTkzLCJkYXkiOiLDpCJ9", "format": "json", "metadata": {"message": "Out", "from": "a:Give"}}"#);
    insta::assert_snapshot!(setup.planned().explained(), @"
    1. a:Give  unary
       calls   /S/Give on a:8061
       request None (always the same)

    2. b:Use  unary
       calls   POST /control/execute (method Use) on b:8061
       after   a:Give
       request Execution (data references)
         inputs      ← a:Give (Out as inline JSON)
         parameters  ← none
    ");
}

#[test]
fn fields_of_a_reference_fill_a_request() {
    let setup = Setup::new()
        .controlled("a", &["Read"])
        .takes("b", "string input_path = 1; string format = 2; string json = 3;")
        .link_with("a:Read", "b:Take", r#"{"input_path": "uri", "json": null}"#)
        .operation("b:Take", r#"{"parameters": {"json": "-"}}"#);
    assert_eq!(
        setup.planned().filled("b:Take", &[r#"{"uri": "file:///d.csv", "format": "csv", "json": "{}"}"#]),
        r#"{"input_path":"file:///d.csv","format":"csv","json":"-"}"#
    );
    insta::assert_snapshot!(setup.planned().shown(), @"
    ---
    1. a:Read  unary
       calls   POST /control/execute (method Read) on a:8061
       request Execution (data references)
         inputs      ← none
         parameters  ← none

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Read
       request In (spliced from bytes)
         input_path  ← a:Read uri
         format      ← a:Read format
         json        ← parameter
    ");
}

#[test]
fn inline_json_fills_a_request_by_its_names() {
    let setup = Setup::new()
        .controlled("a", &["Read"])
        .takes(
            "b",
            "int64 rows = 1; string day = 2; string kept = 3; repeated double values = 4; int32 never = 5;",
        )
        .link_with("a:Read", "b:Take", r#"{"never": null}"#)
        .operation("b:Take", r#"{"parameters": {"day": "weak"}, "overrides": {"kept": "strong"}}"#);
    insta::assert_snapshot!(setup.planned().shown(), @"
    ---
    1. a:Read  unary
       calls   POST /control/execute (method Read) on a:8061
       request Execution (data references)
         inputs      ← none
         parameters  ← none

    2. b:Take  unary
       calls   /S/Take on b:8061
       after   a:Read
       request In (decoded; inline JSON fills what is left open)
         rows    ← a:Read inline JSON, else default
         day     ← a:Read inline JSON, else parameter
         kept    ← override
         values  ← a:Read inline JSON, else default
         never   ← default
    ");
    let filled = |json: &str| {
        let requests = &setup.planned().step("b:Take").requests.clone();
        requests.join(&[output(json)]).map(|bytes| {
            let input = setup.planned().step("b:Take").operation.input.clone();
            super::fixture::json(&prost_reflect::DynamicMessage::decode(input, bytes).unwrap()).to_string()
        })
    };
    let plain = r#"{"rows": 3, "day": "d", "kept": "k", "values": [1, 2.5], "never": 1, "unknown": {}}"#;
    let expected = r#"{"rows":"3","day":"d","kept":"strong","values":[1.0,2.5]}"#;
    assert_eq!(filled(plain).unwrap(), expected);
    assert_eq!(filled(&crate::control::inline(plain, None)).unwrap(), expected);
    assert_eq!(filled("null").unwrap(), r#"{"day":"weak","kept":"strong"}"#);
    let refused = |json: &str| filled(json).unwrap_err().to_string();
    let said = [
        refused(r#"{"rows": "three"}"#),
        refused(r#"{"other": 1}"#),
        refused(r#"{"protocol": "s3", "uri": "s3://b"}"#),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    the answer of `a:Read` does not fit the request: `rows` is an int64; "three" is not one
    the answer of `a:Read` fills nothing: its inline JSON has no field that `In` has
    the answer of `a:Read` fills nothing: it is a data reference of protocol `s3`; say which request field takes which part of it with `fields` on this link, as in {"input_path": "uri"}
    "#);
    assert!(matches!(
        setup.planned().step("b:Take").requests.join(&[Bytes::from_static(b"\xff")]),
        Err(TransferError::Undecodable { .. })
    ));
}

#[test]
fn initial_data_gives_references_and_parameters() {
    let setup = || Setup::new().controlled("a", &["Read"]).controlled("b", &["Use"]).link("a:Read", "b:Use");
    let sent = |initial: &str| {
        let sent = execution(&setup().initial(initial), "a:Read", &[]);
        format!("{} {}", sent.inputs.join(" + "), sent.parameters)
    };
    assert_eq!(sent(r#"{"day": "2024-01-01"}"#), r#" {"day":"2024-01-01"}"#);
    assert_eq!(
        sent(r#"{"a:Read": {"protocol": "s3", "uri": "s3://b"}}"#),
        r#"{"protocol":"s3","uri":"s3://b"} "#
    );
    assert_eq!(
        sent(r#"{"a:Read": [{"uri": "1"}, {"uri": "2"}], "day": 1}"#),
        r#"{"uri":"1"} + {"uri":"2"} {"day":1}"#
    );
    assert_eq!(sent(r#"{"a:Read": {"day": 2}, "day": 1}"#), r#" {"day":2}"#);
    assert_eq!(sent(r#"[{"uri": "1"}, {"uri": "2"}]"#), r#"{"uri":"1"} + {"uri":"2"} "#);
    assert!(setup().initial(r#"{"c:X": {}}"#).planned().plan.is_none());
    let without = Setup::new().gives("a", "string x = 1;").initial(r#"[{"uri": "1"}]"#).planned();
    assert!(without.said().contains("no start step is controlled over HTTP"), "{}", without.said());
}

#[test]
fn results_show_the_json_that_was_answered() {
    let setup = Setup::new().controlled("a", &["Read"]);
    let step = setup.planned().step("a:Read").operation.clone();
    let shown = |message: &prost_reflect::MessageDescriptor, bytes: &[u8]| {
        let mut text = Vec::new();
        crate::values::render(message, bytes, &mut text, crate::values::Style::Compact).unwrap();
        String::from_utf8(text).unwrap()
    };
    let json = r#"{"uri":"x","size":18446744073709551615,"nested":{"a":[1,null]}}"#;
    assert_eq!(shown(&step.output, &output(json)), json);
    let sent = Execution { inputs: vec![json.to_owned()], parameters: String::new() };
    assert_eq!(
        shown(&step.input, &sent.encode_to_vec()),
        format!(r#"{{"inputs":[{json}],"parameters":{{}}}}"#)
    );
    let fields = serde_json::from_str(&format!(r#"{{"inputs": [{json}]}}"#)).unwrap();
    assert_eq!(crate::values::encode(&step.input, &fields).unwrap(), sent.encode_to_vec());
}
