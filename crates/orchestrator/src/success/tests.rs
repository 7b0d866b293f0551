mod conditions;
mod files;
mod flags;
mod planning;

use aieffect_blueprint::{
    At, Document, Findings, OperationSettings, Place, Pointer, SourceText, SuccessField,
};
use aieffect_testkit::Protos;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

use super::{DataFolder, SuccessContract};
use crate::values::to_message;

const RESPONSE: &str = r#"syntax = "proto3";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "google/protobuf/wrappers.proto";
    enum Color { RED = 0; GREEN = 1; }
    message Stats { int64 count = 1; double mean = 2; optional int32 worst = 3; Stats next = 4; }
    message M {
        bool success = 1; string message = 2; int32 total_records = 3; uint64 large = 4; double ratio = 5;
        Stats stats = 6; repeated int32 numbers = 7; repeated Stats all_stats = 8; map<string, int32> counts = 9;
        Color color = 10; bytes raw = 11; string path = 12; optional int32 maybe = 13; uint32 small = 14;
        google.protobuf.Struct open = 15; google.protobuf.DoubleValue wrapped = 16; map<int32, string> names = 17;
        google.protobuf.Timestamp when = 18;
    }"#;

/// Message `M` of a proto.
fn message(source: &str) -> MessageDescriptor {
    Protos::new(&[("test.proto", source)]).message("M")
}

fn filled(message: &MessageDescriptor, fields: &Value) -> DynamicMessage {
    to_message(message, fields.as_object().unwrap()).unwrap()
}

/// A text as it stands in a document.
fn written(text: &str) -> At<String> {
    let source = SourceText::new("c.json", serde_json::to_string(&[text]).unwrap());
    let document = Document::json(&source).unwrap();
    At { value: text.to_owned(), place: Place::new(&document, Pointer::root().index(0)) }
}

fn expecting(conditions: &[&str]) -> OperationSettings {
    let expect = conditions.iter().map(|condition| written(condition)).collect();
    OperationSettings { expect, success_field: SuccessField::Ignored, ..OperationSettings::default() }
}

fn planned(proto: &str, settings: &OperationSettings) -> SuccessContract {
    let mut findings = Findings::new();
    let contract = SuccessContract::plan(&message(proto), settings, &mut findings);
    assert!(findings.is_empty(), "{findings:?}");
    contract
}

/// What a condition says of a response: `ok`, or the error.
fn judged(condition: &str, fields: &Value) -> String {
    judged_with(condition, fields, &DataFolder::default())
}

fn judged_with(condition: &str, fields: &Value, data: &DataFolder) -> String {
    let contract = planned(RESPONSE, &expecting(&[condition]));
    let response = filled(&message(RESPONSE), fields).encode_to_vec();
    contract.check(&response, data).map_or_else(|error| error.to_string(), |()| "ok".to_owned())
}
