//! One call of an operation.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::{Address, StepName};
use aieffect_contract::CallShape;
use bytes::Bytes;
use futures_util::Sink;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::run::Failure;

/// The messages that go in. A unary call takes the only one.
pub type Inputs = BoxStream<'static, Bytes>;

/// Where the messages that come out go, one by one; a full one slows the service down.
pub type Outputs<'a> = &'a mut (dyn Sink<Bytes, Error = Infallible> + Send + Unpin);

/// Makes calls.
pub trait Transport: Send + Sync {
    /// Makes one call and returns when it has ended. Dropping the future cancels the call. Keeping the
    /// deadline is the caller's business; it is in `call` so that the service can be told.
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What is called.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where the node answers.
    pub address: Address,
    /// The path of the RPC, `/package.Service/Method`.
    pub path: String,
    /// How requests and responses flow.
    pub shape: CallShape,
    /// Longest time for the call.
    pub deadline: Option<Duration>,
    /// What the service is told about it.
    pub metadata: CallMetadata,
}

/// What a service is told about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallMetadata {
    /// The run's id.
    pub run: String,
    /// The step.
    pub step: StepName,
    /// Which firing of it.
    pub seq: u64,
    /// Which attempt.
    pub attempt: NonZeroU32,
    /// The W3C trace context.
    pub traceparent: String,
}
