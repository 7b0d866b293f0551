//! What fills a step's request.

use bytes::Bytes;

/// How the request of one step is made from the messages of its incoming links.
#[derive(Debug, Clone)]
pub struct RequestPlan {}

/// Why a request could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {}

impl RequestPlan {
    /// The request's bytes, from one message per incoming link in the order of the step's inputs.
    pub fn fill(&self, inputs: &[Bytes]) -> Result<Bytes, TransferError> {
        let _ = inputs;
        Ok(Bytes::new())
    }
}
