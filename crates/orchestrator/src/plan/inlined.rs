//! Requests of gRPC services that inline JSON of an HTTP-controlled one fills: which fields it has is known when it is
//! there, and not when the run is planned.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage};
use serde_json::{Map, Value};

use super::offer::{Hand, Offer, Parts};
use super::request::{Decoded, TransferError};
use crate::control::{Content, Output, content};
use crate::values;

/// What decoding needs, and the links whose inline JSON fills what is left open.
#[derive(Debug, Clone)]
pub struct Inlined {
    pub(super) decoded: Decoded,
    pub(super) links: Vec<InlineLink>,
}

/// A link that offers no field by its name alone.
#[derive(Debug, Clone)]
pub(super) struct InlineLink {
    /// Position among the step's incoming links.
    pub(super) input: usize,
    /// Request fields that it is told not to carry.
    pub(super) silenced: BTreeSet<String>,
}

impl InlineLink {
    /// Sets the fields that the answer holds, where no later link, override or initial data has set them.
    pub(super) fn fill(
        &self,
        message: &mut DynamicMessage,
        parts: &Parts,
        answer: &Bytes,
        from: impl Fn() -> String,
    ) -> Result<(), TransferError> {
        let Some(fields) = self.fields(answer, &from)? else { return Ok(()) };
        let target = message.descriptor();
        let mut has_any = false;
        for (name, value) in fields {
            let Some(field) = target.get_field_by_name(&name) else { continue };
            has_any = true;
            if self.silenced.contains(&name) || self.is_beaten(parts, &field) {
                continue;
            }
            let single: Map<_, _> = [(name, value)].into_iter().collect();
            let read = values::to_message(&target, &single)
                .map_err(|error| TransferError::DoesNotFit { from: from(), why: error.to_string() })?;
            if read.has_field(&field) {
                message.set_field(&field, read.get_field(&field).into_owned());
            }
        }
        if has_any {
            return Ok(());
        }
        let why = format!("its inline JSON has no field that `{}` has", target.name());
        Err(TransferError::NoContent { from: from(), why })
    }

    /// The object that the answer holds; `None` when there was no output.
    fn fields(
        &self,
        answer: &Bytes,
        from: &impl Fn() -> String,
    ) -> Result<Option<Map<String, Value>>, TransferError> {
        let undecodable = |why: String| TransferError::Undecodable {
            from: from(),
            message: aieffect_contract::control::RESPONSE.to_owned(),
            why,
        };
        let output = Output::decode(answer.as_ref()).map_err(|error| undecodable(error.to_string()))?;
        match content(&output.json) {
            Content::Nothing => Ok(None),
            Content::Object(json) => {
                serde_json::from_str(&json).map(Some).map_err(|error| undecodable(error.to_string()))
            }
            Content::Other(what) => {
                let why = format!(
                    "it is {what}; say which request field takes which part of it with `fields` on this link, as in \
                     {{\"input_path\": \"uri\"}}"
                );
                Err(TransferError::NoContent { from: from(), why })
            }
        }
    }

    /// Whether something stronger fills the field.
    fn is_beaten(&self, parts: &Parts, field: &FieldDescriptor) -> bool {
        parts.fields.get(&field.number()).is_some_and(|offer| self.is_beaten_by(offer))
    }

    fn is_beaten_by(&self, offer: &Offer) -> bool {
        match offer {
            Offer::Given(_, hand) => *hand != Hand::Parameter,
            Offer::Carried(source) => source.input > self.input,
            Offer::Parts(parts) => parts.fields.values().any(|inner| self.is_beaten_by(inner)),
        }
    }
}
