//! One call outside of any run, for trying a service out: [`SingleCall`].
//!
//! Deliberately absent: retries, links, and whether the response counts as success.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::{Address, StepName};
use aieffect_contract::{BoundOperation, CallShape};
use bytes::Bytes;
use futures_util::stream;
use tokio::time::sleep;

use crate::ports::{Call, CallMetadata, Transport};
use crate::run::Failure;

/// A call of an operation with one request and one response.
#[derive(Debug, Clone)]
pub struct SingleCall {
    /// Where the node answers.
    pub address: Address,
    /// What is called; a service is told this name.
    pub step: StepName,
    /// Its RPC.
    pub operation: BoundOperation,
    /// Longest time for the call.
    pub deadline: Duration,
    /// The run that the service is told it belongs to.
    pub run: String,
}

impl SingleCall {
    /// Makes the call and gives the response. An operation that streams is refused as a [`Failure::Protocol`].
    /// Dropping the future cancels the call.
    pub async fn make(&self, transport: &dyn Transport, request: Vec<u8>) -> Result<Bytes, Failure> {
        if self.operation.shape != CallShape::Unary {
            return Err(Failure::Protocol { reason: "the operation streams".to_owned() });
        }
        let call = self.call();
        let mut responses: Vec<Bytes> = Vec::new();
        let inputs = Box::pin(stream::once(std::future::ready(Bytes::from(request))));
        tokio::select! {
            // Ours first, as in a run: the client library's clock says less.
            biased;
            () = sleep(self.deadline) => return Err(Failure::Deadline { after: self.deadline }),
            called = transport.call(&call, inputs, &mut responses) => called?,
        }
        let none = || Failure::Protocol { reason: "there was no response".to_owned() };
        responses.pop().ok_or_else(none)
    }

    fn call(&self) -> Call {
        let random = RandomState::new();
        let (high, low, span) = (random.hash_one(0), random.hash_one(1), random.hash_one(2));
        Call {
            address: self.address.clone(),
            path: self.operation.path.clone(),
            shape: self.operation.shape,
            deadline: Some(self.deadline),
            metadata: CallMetadata {
                run: self.run.clone(),
                step: self.step.clone(),
                seq: 0,
                attempt: NonZeroU32::MIN,
                traceparent: format!("00-{high:016x}{low:016x}-{span:016x}-01"),
            },
        }
    }
}
