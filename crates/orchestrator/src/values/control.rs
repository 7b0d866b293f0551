//! What HTTP-controlled services take and give, as the JSON that it is to them.

use aieffect_contract::control::{REQUEST, RESPONSE};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::{Map, Value};

use crate::control::{Execution, Output};

/// Whether it is one of these messages.
pub(super) fn is_one(message: &MessageDescriptor) -> bool {
    matches!(message.full_name(), REQUEST | RESPONSE)
}

/// `None` when a text in it is no JSON, or is nested too deep to be shown.
pub(super) fn to_json(message: &DynamicMessage) -> Option<Value> {
    let bytes = message.encode_to_vec();
    if message.descriptor().full_name() == RESPONSE {
        return value(&Output::decode(bytes.as_slice()).ok()?.json);
    }
    let execution = Execution::decode(bytes.as_slice()).ok()?;
    let inputs = execution.inputs.iter().map(|input| value(input)).collect::<Option<Vec<_>>>()?;
    let parameters = match value(&execution.parameters)? {
        Value::Null => Value::Object(Map::new()),
        parameters => parameters,
    };
    Some(serde_json::json!({"inputs": inputs, "parameters": parameters}))
}

/// `None` when the JSON is none of that message.
pub(super) fn from_json(descriptor: &MessageDescriptor, json: &Value) -> Option<DynamicMessage> {
    let bytes = match descriptor.full_name() {
        RESPONSE => Output::of(&json.to_string()).encode_to_vec(),
        _ => execution(json.as_object()?)?.encode_to_vec(),
    };
    DynamicMessage::decode(descriptor.clone(), bytes.as_slice()).ok()
}

fn execution(fields: &Map<String, Value>) -> Option<Execution> {
    let mut execution = Execution::default();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("inputs", Value::Array(inputs)) => {
                execution.inputs = inputs.iter().map(Value::to_string).collect();
            }
            ("parameters", Value::Object(_)) => execution.parameters = value.to_string(),
            _ => return None,
        }
    }
    Some(execution)
}

fn value(text: &str) -> Option<Value> {
    if text.is_empty() { Some(Value::Null) } else { serde_json::from_str(text).ok() }
}
