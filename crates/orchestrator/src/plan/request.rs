//! What fills a step's request, and how it is carried.

use aieffect_blueprint::StepName;
use bytes::Bytes;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::control::References;
use super::fill::{self, fill_parts};
use super::inlined::{InlineLink, Inlined};
use super::offer::Parts;
use super::wire::{self, AsIs, Spliced};
use crate::messages::{Composer, Messages, TooLong};

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
    /// The bytes of one link's message, as they are.
    AsIs(AsIs),
    /// Put together from the bytes of the links' messages.
    Spliced(Spliced),
    /// The links' messages are decoded, converted field by field, and encoded.
    Decoded(Decoded),
    /// Data references for an HTTP-controlled service, one link's after the other's.
    References(References),
    /// As decoded; what links leave open, the fields of inline JSON fill.
    Inlined(Inlined),
}

/// What decoding needs.
#[derive(Debug, Clone)]
pub struct Decoded {
    pub(super) target: MessageDescriptor,
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
    /// What a link has cannot fill a request.
    #[error("the answer of `{from}` fills nothing: {why}")]
    NoContent {
        /// The step that answered.
        from: String,
        /// What it is, and what would mend it.
        why: String,
    },
    /// A field of inline JSON does not fit the request's.
    #[error("the answer of `{from}` does not fit the request: {why}")]
    DoesNotFit {
        /// The step that answered.
        from: String,
        /// What does not.
        why: String,
    },
    /// There are fewer messages than links.
    #[error("the message of `{from}` is missing")]
    Missing {
        /// The step that should have answered.
        from: String,
    },
}

/// Bytes of requests that are made at once.
const TOGETHER: usize = 64 * 1024;

/// Why a request could not be made of one of several messages.
#[derive(Debug)]
pub(crate) enum Unmade {
    Transfer(TransferError),
    TooLong(TooLong),
}

impl From<TooLong> for Unmade {
    fn from(fault: TooLong) -> Self {
        Self::TooLong(fault)
    }
}

impl RequestPlan {
    pub(crate) fn constant(bytes: impl Into<Bytes>) -> Self {
        Self { carry: Carry::Constant(bytes.into()), parts: Parts::default(), names: Vec::new() }
    }

    /// The best way that gives what decoding would.
    pub(super) fn new(
        target: &MessageDescriptor,
        sources: &[MessageDescriptor],
        names: Vec<StepName>,
        parts: Parts,
    ) -> Self {
        let carry = match Self::decoding(target, sources, &parts) {
            Carry::Decoded(decoded) => {
                let as_is = wire::as_is(target, sources, &parts).map(Carry::AsIs);
                let from_bytes =
                    as_is.or_else(|| Some(Carry::Spliced(wire::spliced(target, sources, &parts)?)));
                from_bytes.unwrap_or(Carry::Decoded(decoded))
            }
            constant => constant,
        };
        Self { carry, parts, names }
    }

    /// A request of data references.
    pub(super) fn references(references: References, names: Vec<StepName>) -> Self {
        Self { carry: Carry::References(references), parts: Parts::default(), names }
    }

    /// A request that inline JSON fills too.
    pub(super) fn inlined(
        target: &MessageDescriptor,
        sources: &[MessageDescriptor],
        names: Vec<StepName>,
        parts: Parts,
        links: Vec<InlineLink>,
    ) -> Self {
        let used = fill::inputs(&parts);
        let sources = sources.iter().enumerate();
        let sources = sources.map(|(input, source)| used.contains(&input).then(|| source.clone())).collect();
        let decoded = Decoded { target: target.clone(), sources };
        Self { carry: Carry::Inlined(Inlined { decoded, links }), parts, names }
    }

    /// The bytes of a request that no link fills.
    pub(super) fn by_hand(target: &MessageDescriptor, parts: &Parts) -> Bytes {
        fill_parts(target, parts, &[]).encode_to_vec().into()
    }

    pub(super) fn decoding(
        target: &MessageDescriptor,
        sources: &[MessageDescriptor],
        parts: &Parts,
    ) -> Carry {
        let used = fill::inputs(parts);
        if used.is_empty() {
            return Carry::Constant(Self::by_hand(target, parts));
        }
        let sources = sources.iter().enumerate();
        let sources = sources.map(|(input, source)| used.contains(&input).then(|| source.clone())).collect();
        Carry::Decoded(Decoded { target: target.clone(), sources })
    }

    /// This request of type `target` in every way that there is: as planned, spliced where that is possible, and decoded,
    /// which all have to equal. `sources` has the message type of each incoming link. For tests and fuzzing: a run takes
    /// what was planned.
    pub fn ways(
        &self,
        target: &MessageDescriptor,
        sources: &[MessageDescriptor],
    ) -> Vec<(&'static str, Self)> {
        if let Carry::References(_) | Carry::Inlined(_) = self.carry {
            return vec![("as planned", self.clone())];
        }
        let spliced = wire::spliced(target, sources, &self.parts).map(Carry::Spliced);
        let decoded = Self::decoding(target, sources, &self.parts);
        let planned = ("as planned", self.clone());
        let others = spliced.map(|carry| ("spliced", carry)).into_iter().chain([("decoded", decoded)]);
        [planned].into_iter().chain(others.map(|(name, carry)| (name, self.carried_by(carry)))).collect()
    }

    fn carried_by(&self, carry: Carry) -> Self {
        Self { carry, ..self.clone() }
    }

    /// The request's bytes, from one message per incoming link in the order of the step's inputs. An error
    /// when a message that has to be looked into is not of its type, or is nested over 100 deep.
    pub fn fill(&self, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
        match &self.carry {
            Carry::Constant(bytes) => Ok(bytes.clone()),
            Carry::AsIs(as_is) => {
                let input = as_is.input();
                let message = inputs.get(input).ok_or_else(|| self.missing(input))?;
                as_is.fill(message).map_err(|why| self.undecodable(input, as_is.source(), why))
            }
            Carry::Spliced(spliced) => {
                let is_missing =
                    |input: &usize| spliced.source(*input).is_some() && inputs.get(*input).is_none();
                if let Some(input) = (0..self.names.len()).find(is_missing) {
                    return Err(self.missing(input));
                }
                spliced.fill(inputs).map_err(|fault| self.unspliced(spliced, fault))
            }
            Carry::Decoded(decoded) => {
                let sources = self.decode(decoded, inputs)?;
                Ok(fill_parts(&decoded.target, &self.parts, &sources).encode_to_vec().into())
            }
            Carry::References(references) => {
                if let Some(input) = (0..self.names.len()).find(|input| inputs.get(*input).is_none()) {
                    return Err(self.missing(input));
                }
                references.fill(inputs, &self.names)
            }
            Carry::Inlined(inlined) => {
                let sources = self.decode(&inlined.decoded, inputs)?;
                let mut message = fill_parts(&inlined.decoded.target, &self.parts, &sources);
                for link in &inlined.links {
                    let answer = inputs.get(link.input).ok_or_else(|| self.missing(link.input))?;
                    link.fill(&mut message, &self.parts, answer, || self.source(link.input))?;
                }
                Ok(message.encode_to_vec().into())
            }
        }
    }

    /// Whether the first link's message is handed on without a look into it.
    pub(super) fn hands_on(&self) -> bool {
        matches!(&self.carry, Carry::AsIs(as_is) if as_is.input() == 0 && !as_is.looks())
    }

    /// The same from the message of the only incoming link.
    pub fn fill_only(&self, message: Bytes) -> Result<Bytes, TransferError> {
        match &self.carry {
            Carry::AsIs(as_is) if as_is.input() == 0 => {
                as_is.check(&message).map_err(|why| self.undecodable(0, as_is.source(), why))?;
                Ok(message)
            }
            Carry::Spliced(spliced) if spliced.is_flat() => {
                spliced.fill_only(message).map_err(|fault| self.unspliced(spliced, fault))
            }
            _ => self.fill(std::slice::from_ref(&message)),
        }
    }

    /// The same from each of several messages of the only incoming link: as many as make no more than [`TOGETHER`] bytes
    /// or so, before the first that none can be made of. `messages` has those that are left, without that one.
    pub(crate) fn fill_each(&self, messages: &mut Messages) -> (Messages, Option<Unmade>) {
        if self.hands_on() {
            return (std::mem::take(messages), None);
        }
        let mut composer = Composer::with_room((messages.size() + 32 * messages.count()).min(TOGETHER));
        let (mut used, mut fault) = (0, None);
        if let Carry::Spliced(spliced) = &self.carry
            && spliced.patches()
        {
            used = composer.add_changed(messages, TOGETHER, |message| spliced.patch(message));
        }
        let rest = if used < messages.count() { Some(messages.iter().skip(used)) } else { None };
        for message in rest.into_iter().flatten() {
            if composer.size() >= TOGETHER {
                break;
            }
            used += 1;
            let added = composer.add(|out| self.fill_into(message, out).map_err(Unmade::Transfer));
            fault = added.err();
            if fault.is_some() {
                break;
            }
        }
        drop(messages.take_up_to(used));
        (composer.finish(), fault)
    }

    /// Appends the request made of the message of the only link.
    fn fill_into(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), TransferError> {
        match &self.carry {
            Carry::Spliced(spliced) if spliced.is_flat() => {
                spliced.fill_flat(message, out).map_err(|why| self.unspliced(spliced, (0, why)))
            }
            _ => {
                out.extend_from_slice(&self.fill_only(Bytes::copy_from_slice(message))?);
                Ok(())
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
            let bytes = inputs.get(input).ok_or_else(|| self.missing(input))?;
            let message = DynamicMessage::decode(source.clone(), bytes.as_ref());
            messages.push(Some(message.map_err(|error| self.undecodable(input, source, error.to_string()))?));
        }
        Ok(messages)
    }

    fn unspliced(&self, spliced: &Spliced, (input, why): (usize, String)) -> TransferError {
        match spliced.source(input) {
            Some(source) => self.undecodable(input, source, why),
            None => self.missing(input),
        }
    }

    fn missing(&self, input: usize) -> TransferError {
        TransferError::Missing { from: self.source(input) }
    }

    fn undecodable(&self, input: usize, source: &MessageDescriptor, why: String) -> TransferError {
        TransferError::Undecodable { from: self.source(input), message: source.full_name().to_owned(), why }
    }

    fn source(&self, input: usize) -> String {
        self.names.get(input).map(StepName::to_string).unwrap_or_default()
    }
}
