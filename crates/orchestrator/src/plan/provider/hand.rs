//! What is offered by values given by hand.

use aieffect_blueprint::{Findings, Values};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::{Map, Value};

use super::super::initial::Field;
use super::super::offer::{Hand, Offer, Parts, Presence, singular_message};
use crate::values;

/// What parameters or overrides offer.
pub(super) fn values(
    message: &MessageDescriptor,
    values: &[Values],
    hand: Hand,
    findings: &mut Findings,
) -> Parts {
    let mut parts = Parts::default();
    for each in values {
        values::check_fields(message, &each.fields, &each.place, findings);
        parts.fields.extend(encode(message, &each.fields, hand).fields);
    }
    parts
}

/// What the initial data offers.
pub(super) fn initial(message: &MessageDescriptor, fields: &[Field], findings: &mut Findings) -> Parts {
    let mut parts = Parts::default();
    for (name, value, place) in fields {
        let single: Map<_, _> = [(name.clone(), value.clone())].into_iter().collect();
        values::check_fields(message, &single, place, findings);
        parts.fields.extend(encode(message, &single, Hand::Initial).fields);
    }
    parts
}

/// What does not fit has been reported, and offers nothing.
fn encode(message: &MessageDescriptor, fields: &Map<String, Value>, hand: Hand) -> Parts {
    let encoded = values::to_message(message, fields);
    encoded.map(|encoded| given(&encoded, fields, hand)).unwrap_or_default()
}

/// The fields that are named, whether or not their value is the default: `0` by hand beats a link's `1`.
fn given(message: &DynamicMessage, fields: &Map<String, Value>, hand: Hand) -> Parts {
    let offer = |(name, json): (&String, &Value)| {
        let field = message.descriptor().get_field_by_name(name)?;
        if json.is_null() && !message.has_field(&field) {
            return None;
        }
        let value = message.get_field(&field);
        let offer = match (singular_message(&field), value.as_message(), json.as_object()) {
            (Some(_), Some(message), Some(fields)) => Offer::Parts(given(message, fields, hand)),
            _ => Offer::Given(value.into_owned(), hand),
        };
        Some((field.number(), offer))
    };
    Parts { present_with: vec![Presence::Given], fields: fields.iter().filter_map(offer).collect() }
}
