//! What kinds of problems there are: [`Kind`].

use aieffect_orchestrator::ports::StoreError;

use crate::keys::Denied;
use crate::packages::Refusal;
use crate::runs::Error;

/// What went wrong, for programs: every face says it in its own way, and none calls it by another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Findings,
    NoSuchPipeline,
    InUse,
    TooManyRuns,
    IdempotencyKeyReused,
    NoSuchRun,
    WrongState,
    NoSuchStep,
    BadServiceKey,
    EndpointNotAllowed,
    Busy,
    Store,
    Stopping,
    Unauthorized,
    Forbidden,
}

impl Kind {
    /// The word that stays the same.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Findings => "findings",
            Self::NoSuchPipeline => "no_such_pipeline",
            Self::InUse => "in_use",
            Self::TooManyRuns => "too_many_runs",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::NoSuchRun => "no_such_run",
            Self::WrongState => "wrong_state",
            Self::NoSuchStep => "no_such_step",
            Self::BadServiceKey => "bad_service_key",
            Self::EndpointNotAllowed => "endpoint_not_allowed",
            Self::Busy => "busy",
            Self::Store => "store",
            Self::Stopping => "stopping",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
        }
    }
}

impl From<&Error> for Kind {
    fn from(error: &Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::NotUnderstood { .. } => Self::BadRequest,
            Error::InUse { .. } => Self::InUse,
            Error::Full { .. } => Self::TooManyRuns,
            Error::OtherRequest { .. } => Self::IdempotencyKeyReused,
            Error::NoRun { .. } | Error::Store(StoreError::NoRun { .. }) => Self::NoSuchRun,
            Error::WrongState { .. } => Self::WrongState,
            Error::NoStep { .. } => Self::NoSuchStep,
            Error::BadServiceKey { .. } => Self::BadServiceKey,
            Error::NotAllowed { .. } => Self::EndpointNotAllowed,
            Error::Store(StoreError::Busy { .. }) => Self::Busy,
            Error::Store(_) => Self::Store,
            Error::Stopping => Self::Stopping,
        }
    }
}

impl From<&Refusal> for Kind {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Findings(_) => Self::Findings,
            Refusal::Unknown { .. } => Self::NoSuchPipeline,
            Refusal::Folder { .. } => Self::Store,
        }
    }
}

impl From<&Denied> for Kind {
    fn from(denied: &Denied) -> Self {
        match denied {
            Denied::NoKey => Self::Unauthorized,
            Denied::NotForThat { .. } => Self::Forbidden,
        }
    }
}
