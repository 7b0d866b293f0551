//! What fills a step's request, and how it is carried.

use aieffect_blueprint::StepName;
use bytes::Bytes;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::fill::{self, fill_parts};
use super::offer::Parts;

/// How the request of one step is made from the messages of its incoming links.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    carry: Carry,
    parts: Parts,
    names: Vec<StepName>,
}

/// How a request's bytes come about, decided once.
#[derive(Debug, Clone)]
pub enum Carry {
    /// No link fills anything: always the same bytes.
    Constant(Bytes),
    /// The links' messages are decoded, converted field by field, and encoded.
    Decoded(Decoded),
}

/// What decoding needs.
#[derive(Debug, Clone)]
pub struct Decoded {
    target: MessageDescriptor,
    /// The message of each incoming link; `None` for a link that fills nothing.
    sources: Vec<Option<MessageDescriptor>>,
}

/// Why a request could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// A link's message is no message of its type.
    #[error("the answer of `{from}` is no valid `{message}`: {why}")]
    Undecodable {
        /// The step that answered.
        from: String,
        /// The message's full name.
        message: String,
        /// What is wrong with it.
        why: String,
    },
    /// There are fewer messages than links.
    #[error("the message of `{from}` is missing")]
    Missing {
        /// The step that should have answered.
        from: String,
    },
}

impl RequestPlan {
    pub(crate) fn constant(bytes: impl Into<Bytes>) -> Self {
        Self { carry: Carry::Constant(bytes.into()), parts: Parts::default(), names: Vec::new() }
    }

    pub(super) fn decoded(
        target: MessageDescriptor,
        sources: Vec<MessageDescriptor>,
        names: Vec<StepName>,
        parts: Parts,
    ) -> Self {
        let used = fill::inputs(&parts);
        let carry = if used.is_empty() {
            Carry::Constant(fill_parts(&target, &parts, &[]).encode_to_vec().into())
        } else {
            let sources = sources.into_iter().enumerate();
            let sources = sources.map(|(input, source)| used.contains(&input).then_some(source)).collect();
            Carry::Decoded(Decoded { target, sources })
        };
        Self { carry, parts, names }
    }

    /// The request's bytes, from one message per incoming link in the order of the step's inputs. An error
    /// when a message is not of its type, or is nested over 100 deep.
    pub fn fill(&self, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
        match &self.carry {
            Carry::Constant(bytes) => Ok(bytes.clone()),
            Carry::Decoded(decoded) => {
                let sources = self.decode(decoded, inputs)?;
                Ok(fill_parts(&decoded.target, &self.parts, &sources).encode_to_vec().into())
            }
        }
    }

    /// How the bytes come about.
    pub fn carry(&self) -> &Carry {
        &self.carry
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The steps that the incoming links come from.
    pub(super) fn sources(&self) -> &[StepName] {
        &self.names
    }

    fn decode(
        &self,
        decoded: &Decoded,
        inputs: &[Bytes],
    ) -> Result<Vec<Option<DynamicMessage>>, TransferError> {
        let mut messages = Vec::with_capacity(decoded.sources.len());
        for (input, source) in decoded.sources.iter().enumerate() {
            let Some(source) = source else {
                messages.push(None);
                continue;
            };
            let from = || self.names.get(input).map(StepName::to_string).unwrap_or_default();
            let bytes = inputs.get(input).ok_or_else(|| TransferError::Missing { from: from() })?;
            let message = DynamicMessage::decode(source.clone(), bytes.as_ref()).map_err(|error| {
                TransferError::Undecodable {
                    from: from(),
                    message: source.full_name().to_owned(),
                    why: error.to_string(),
                }
            })?;
            messages.push(Some(message));
        }
        Ok(messages)
    }
}
