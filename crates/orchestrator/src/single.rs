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

use crate::messages::Messages;
use crate::ports::{Call, CallMetadata, Outputs, Progress, Transport, traceparent};
use crate::run::Failure;

/// A call of an operation.
#[derive(Debug, Clone)]
pub struct SingleCall {
    /// Where the node answers.
    pub address: Address,
    /// What is called; a service is told this name.
    pub step: StepName,
    /// Its RPC.
    pub operation: BoundOperation,
    /// Longest time for the call; a stream may be open for as long as it likes where none is given.
    pub deadline: Option<Duration>,
    /// The run that the service is told it belongs to.
    pub run: String,
}

impl SingleCall {
    /// Makes the call with these requests, and gives the responses to `outputs` as they come. An operation that takes
    /// no stream takes the first request. Dropping the future cancels the call.
    pub async fn make(
        &self,
        transport: &dyn Transport,
        requests: Vec<Bytes>,
        outputs: Outputs<'_>,
    ) -> Result<(), Failure> {
        let call = self.call();
        let inputs = Box::pin(stream::iter(requests.into_iter().map(Messages::from)));
        tokio::select! {
            // Ours first, as in a run: the client library's clock says less.
            biased;
            failure = self.overdue() => Err(failure),
            called = transport.call(&call, inputs, outputs) => called,
        }
    }

    /// Whether its operation takes a stream.
    pub fn takes_stream(&self) -> bool {
        matches!(self.operation.shape, CallShape::ClientStream | CallShape::Bidirectional)
    }

    /// Whether its operation gives a stream.
    pub fn gives_stream(&self) -> bool {
        matches!(self.operation.shape, CallShape::ServerStream | CallShape::Bidirectional)
    }

    async fn overdue(&self) -> Failure {
        let Some(after) = self.deadline else { return std::future::pending().await };
        sleep(after).await;
        Failure::Deadline { after }
    }

    fn call(&self) -> Call {
        let random = RandomState::new();
        let (high, low, span) = (random.hash_one(0), random.hash_one(1), random.hash_one(2));
        Call {
            address: self.address.clone(),
            transport: self.operation.transport,
            path: self.operation.path.as_str().into(),
            shape: self.operation.shape,
            deadline: self.deadline,
            metadata: CallMetadata {
                run: self.run.as_str().into(),
                step: self.step.to_string().into(),
                seq: 0,
                attempt: NonZeroU32::MIN,
                traceparent: traceparent(u128::from(high) << 64 | u128::from(low), span),
            },
            progress: Progress::default(),
        }
    }
}
