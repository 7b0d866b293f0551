//! When a response counts as success: the `success` field, and the conditions of `expect`.
//!
//! [`SuccessContract::plan`] checks what was written against the response's descriptor, and
//! [`SuccessContract::check`] judges one response. Checking is synchronous.

mod folder;

use aieffect_blueprint::{Findings, OperationSettings};
use prost_reflect::MessageDescriptor;

pub use self::folder::DataFolder;

/// What a step's response must be like.
#[derive(Debug, Clone, Default)]
pub struct SuccessContract {}

/// Why a response does not count as success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsuccessful {
    /// The success field is false.
    #[error("the service answered `{field}: false`{}", reason.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Denied {
        /// The field.
        field: String,
        /// What the response says about it.
        reason: Option<String>,
    },
    /// A condition of `expect` is not met.
    #[error("expected `{condition}`, but {seen}")]
    Unmet {
        /// The condition as written.
        condition: String,
        /// The values of the fields that it names.
        seen: String,
    },
    /// A condition of `expect` could not be evaluated.
    #[error("`{condition}` could not be checked: {why}")]
    NotEvaluated {
        /// The condition as written.
        condition: String,
        /// What stood in the way.
        why: String,
    },
    /// The response is no message of its type.
    #[error("the response is no valid `{message}`: {why}")]
    Undecodable {
        /// The message's full name.
        message: String,
        /// What is wrong with it.
        why: String,
    },
}

impl SuccessContract {
    /// What responses of type `output` must be like; whatever is wrong with the settings is a finding.
    pub fn plan(output: &MessageDescriptor, settings: &OperationSettings, findings: &mut Findings) -> Self {
        let _ = (output, settings, findings);
        Self {}
    }

    /// Judges one response. Conditions may read files of `data`, so this can block.
    pub fn check(&self, response: &[u8], data: &DataFolder) -> Result<(), Unsuccessful> {
        let _ = (response, data);
        Ok(())
    }
}
