//! When a response counts as success: the `success` field, and the conditions of `expect`.
//!
//! [`SuccessContract::plan`] checks what was written against the response's descriptor, and
//! [`SuccessContract::check`] judges one response. Conditions are CEL; since they come with packages of
//! strangers and CEL knows no bound on cost, their length, depth and loops are limited when they are planned
//! and the lists that they see when they are evaluated. Deliberately absent: the status of the call, and what
//! follows from failure.

mod condition;
mod exposed;
mod files;
mod flag;
mod folder;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod written;

use std::fmt;

use aieffect_blueprint::{Findings, OperationSettings};
use prost_reflect::prost::DecodeError;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use self::condition::Condition;
use self::flag::Flag;
pub use self::folder::DataFolder;

/// What a step's response must be like. The default asks for nothing.
#[derive(Clone, Default)]
pub struct SuccessContract {
    flag: Option<Flag>,
    expectations: Option<Expectations>,
}

#[derive(Clone)]
struct Expectations {
    output: MessageDescriptor,
    conditions: Vec<Condition>,
}

/// Why a response does not count as success.
#[derive(Debug, thiserror::Error)]
pub enum Unsuccessful {
    /// The success field is false.
    #[error("the service answered `{field}: false`{}", reason.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Denied {
        /// The field.
        field: String,
        /// What the response says about it, on one line and cut when long.
        reason: Option<String>,
    },
    /// A condition of `expect` is not met.
    #[error(
        "the response does not meet `{condition}` ({place}){}",
        if seen.is_empty() { String::new() } else { format!(": {seen}") }
    )]
    Unmet {
        /// The condition as written.
        condition: String,
        /// Where it is written: `file:line`.
        place: String,
        /// The values of what it names, cut when long.
        seen: String,
    },
    /// A condition of `expect` could not be evaluated.
    #[error("`{condition}` ({place}) could not be checked: {why}")]
    NotEvaluated {
        /// The condition as written.
        condition: String,
        /// Where it is written: `file:line`.
        place: String,
        /// What stood in the way, cut when long.
        why: String,
    },
    /// The response is no message of its type.
    #[error("the response is no valid `{message}`")]
    Undecodable {
        /// The message's full name.
        message: String,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
}

impl SuccessContract {
    /// What responses of type `output` must be like. A condition that cannot be checked, and a success field
    /// that the response does not have as a bool, are findings and left out.
    pub fn plan(output: &MessageDescriptor, settings: &OperationSettings, findings: &mut Findings) -> Self {
        let planned = settings.expect.iter().map(|written| Condition::plan(output, written, findings));
        let conditions: Vec<_> = planned.flatten().collect();
        let expectations =
            (!conditions.is_empty()).then(|| Expectations { output: output.clone(), conditions });
        Self { flag: Flag::plan(output, &settings.success_field, findings), expectations }
    }

    /// Judges one response; the first thing that is wrong is the error.
    ///
    /// Synchronous, and not bounded in time where conditions loop over lists or read files of `data`: call it
    /// where blocking is fine if [`can_block`](Self::can_block) says so.
    pub fn check(&self, response: &[u8], data: &DataFolder) -> Result<(), Unsuccessful> {
        if let Some(flag) = &self.flag {
            flag.check(response)?;
        }
        let Some(Expectations { output, conditions }) = &self.expectations else { return Ok(()) };
        let message = decode(output, response)?;
        conditions.iter().try_for_each(|condition| condition.check(&message, data))
    }

    /// Whether no response is a bad one.
    pub fn accepts_all(&self) -> bool {
        self.flag.is_none() && self.expectations.is_none()
    }

    /// Whether checking a response may take long: it has conditions, which decode, loop or read files.
    pub fn can_block(&self) -> bool {
        self.expectations.is_some()
    }
}

impl fmt::Debug for SuccessContract {
    /// Without the descriptor: that of a recursive message prints itself without end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: &[Condition] = self.expectations.as_ref().map_or(&[], |all| &all.conditions);
        f.debug_struct("SuccessContract").field("flag", &self.flag).field("conditions", &conditions).finish()
    }
}

fn decode(output: &MessageDescriptor, response: &[u8]) -> Result<DynamicMessage, Unsuccessful> {
    DynamicMessage::decode(output.clone(), response)
        .map_err(|source| Unsuccessful::Undecodable { message: output.full_name().to_owned(), source })
}
