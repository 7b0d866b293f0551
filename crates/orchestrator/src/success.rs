//! When a response counts as success: the `success` field, and the conditions of `expect`.

/// What a step's response must be like.
#[derive(Debug, Clone)]
pub struct SuccessContract {}
