use aieffect_blueprint::{Findings, OperationSettings, SuccessField};
use proptest::prelude::*;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, Value as Proto};
use serde_json::{Value, json};

use super::{filled, message, planned, written};
use crate::success::{DataFolder, SuccessContract, Unsuccessful};

fn check(proto: &str, fields: &Value) -> Result<(), Unsuccessful> {
    let response = filled(&message(proto), fields).encode_to_vec();
    planned(proto, &OperationSettings::default()).check(&response, &DataFolder::default())
}

const PLAIN: &str =
    r#"syntax = "proto3"; message M { bool success = 1; string message = 2; string error = 3; }"#;
const OPTIONAL: &str =
    r#"syntax = "proto3"; message M { optional bool success = 1; string error_message = 2; }"#;
const WRAPPED: &str = r#"syntax = "proto3"; import "google/protobuf/wrappers.proto";
    message M { google.protobuf.BoolValue success = 1; }"#;

#[test]
fn success_without_presence_must_be_true() {
    assert!(check(PLAIN, &json!({"success": true})).is_ok());
    let error = check(PLAIN, &json!({"error": "no such file"})).unwrap_err();
    assert_eq!(error.to_string(), "the service answered `success: false`: no such file");
    let error = check(PLAIN, &json!({"success": false, "message": "first", "error": "second"})).unwrap_err();
    assert_eq!(error.to_string(), "the service answered `success: false`: first");
    assert_eq!(check(PLAIN, &json!({})).unwrap_err().to_string(), "the service answered `success: false`");
}

#[test]
fn success_with_presence_fails_only_when_it_is_set_and_false() {
    for proto in [OPTIONAL, WRAPPED] {
        assert!(check(proto, &json!({})).is_ok(), "{proto}");
        assert!(check(proto, &json!({"success": true})).is_ok(), "{proto}");
        assert!(check(proto, &json!({"success": false})).is_err(), "{proto}");
    }
}

#[test]
fn success_in_a_oneof_fails_only_when_it_is_chosen_and_false() {
    let proto = r#"syntax = "proto3"; message M { oneof end { bool success = 1; string other = 2; } }"#;
    assert!(check(proto, &json!({})).is_ok());
    assert!(check(proto, &json!({"other": "x"})).is_ok());
    assert!(check(proto, &json!({"success": true})).is_ok());
    assert!(check(proto, &json!({"success": false})).is_err());
    let contract = planned(proto, &OperationSettings::default());
    assert!(contract.check(&[8, 0, 18, 0], &DataFolder::default()).is_ok(), "the last one sent counts");
}

#[test]
fn the_last_success_on_the_wire_counts() {
    let plain = planned(PLAIN, &OperationSettings::default());
    assert!(plain.check(&[8, 0, 8, 1], &DataFolder::default()).is_ok());
    assert!(plain.check(&[8, 1, 8, 0], &DataFolder::default()).is_err());
    let wrapped = planned(WRAPPED, &OperationSettings::default());
    assert!(wrapped.check(&[10, 2, 8, 1, 10, 0], &DataFolder::default()).is_ok(), "messages are merged");
}

#[test]
fn a_success_that_is_no_bool_or_is_deeper_says_nothing() {
    for proto in [
        r#"syntax = "proto3"; message M { string success = 1; }"#,
        r#"syntax = "proto3"; message M { repeated bool success = 1; }"#,
        r#"syntax = "proto3"; message M { Inner inner = 1; } message Inner { bool success = 1; }"#,
        r#"syntax = "proto3"; message M { bool Success = 1; }"#,
    ] {
        assert!(check(proto, &json!({})).is_ok(), "{proto}");
    }
}

#[test]
fn a_contract_that_asks_for_nothing_does_not_decode() {
    let contract = planned(r#"syntax = "proto3"; message M { int32 a = 1; }"#, &OperationSettings::default());
    assert!(contract.check(&[0xff], &DataFolder::default()).is_ok());
    assert!(!contract.can_block());
}

#[test]
fn another_field_can_be_named_or_none() {
    let proto = r#"syntax = "proto3"; message M { bool success = 1; bool done = 2; }"#;
    let named =
        OperationSettings { success_field: SuccessField::Named(written("done")), ..Default::default() };
    let ignored = OperationSettings { success_field: SuccessField::Ignored, ..Default::default() };
    let done = filled(&message(proto), &json!({"done": true})).encode_to_vec();
    assert!(planned(proto, &named).check(&done, &DataFolder::default()).is_ok());
    assert!(planned(proto, &named).check(&[], &DataFolder::default()).is_err());
    assert!(planned(proto, &ignored).check(&[], &DataFolder::default()).is_ok());
}

#[test]
fn a_reason_stays_on_one_line_and_in_bounds() {
    let reason = format!("line one\nline two\u{1b}[31m\u{202e}{}", "x".repeat(100_000));
    let error = check(PLAIN, &json!({"message": reason})).unwrap_err().to_string();
    assert!(
        error.starts_with(r"the service answered `success: false`: line one\nline two\u{1b}[31m\u{202e}xxx"),
        "{error}"
    );
    assert!(error.len() < 700, "{}", error.len());
}

#[test]
fn a_response_that_does_not_decode_is_an_error_of_its_own() {
    let contract = planned(PLAIN, &OperationSettings::default());
    for bytes in [&[0xff][..], &[18, 200], &[8]] {
        let error = contract.check(bytes, &DataFolder::default()).unwrap_err();
        assert!(matches!(error, Unsuccessful::Undecodable { .. }), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The scan of the wire says what decoding says.
    #[test]
    fn scanning_agrees_with_decoding(
        fields in proptest::collection::vec(
            prop_oneof![
                Just(vec![8, 0]), Just(vec![8, 1]), Just(vec![10, 0]), Just(vec![10, 2, 8, 0]),
                Just(vec![10, 2, 8, 1]), Just(vec![18, 1, 65]), Just(vec![11, 8, 1, 12]),
                proptest::collection::vec(any::<u8>(), 0..4),
            ],
            0..6,
        ),
        proto in prop_oneof![Just(PLAIN), Just(OPTIONAL), Just(WRAPPED)],
    ) {
        let bytes = fields.concat();
        let descriptor = message(proto);
        let mut findings = Findings::new();
        let contract = SuccessContract::plan(&descriptor, &OperationSettings::default(), &mut findings);
        if let Ok(decoded) = DynamicMessage::decode(descriptor.clone(), bytes.as_slice()) {
            let field = descriptor.get_field_by_name("success").unwrap();
            let value = decoded.get_field(&field).into_owned();
            let says_false = match value {
                Proto::Message(inner) => {
                    decoded.has_field(&field) && inner.get_field_by_name("value").unwrap().as_bool() == Some(false)
                }
                value => {
                    (!field.supports_presence() || decoded.has_field(&field)) && value.as_bool() == Some(false)
                }
            };
            prop_assert_eq!(contract.check(&bytes, &DataFolder::default()).is_err(), says_false);
        }
    }
}
