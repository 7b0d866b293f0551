//! Calls of HTTP-controlled services: [`HttpControlTransport`].
//!
//! `POST /control/execute` begins a task. A service that answers `running` is asked for its status, at growing distances,
//! until it is done, and then for the output. Dropping a call ends the asking at once; the interface has no way to tell the
//! service so. Redirects are not followed.

mod answer;
mod client;
mod connection;
mod task;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use prost::Message;

use self::client::Client;
pub(super) use self::client::try_once;
use self::task::Task;
use super::grpc::Access;
use crate::control::Execution;
use crate::ports::{Call, Inputs, Outputs, Transport};
use crate::run::Failure;

/// Calls over the HTTP control interface. Connections are kept for the next request for a moment.
#[derive(Debug, Default)]
pub struct HttpControlTransport {
    client: Client,
}

impl HttpControlTransport {
    /// Without connections, speaking to services like that.
    pub fn new(access: Access) -> Self {
        Self { client: Client::new(access) }
    }

    async fn perform(&self, call: &Call, mut inputs: Inputs, outputs: Outputs<'_>) -> Result<(), Failure> {
        let request = inputs.next().await.and_then(|mut messages| messages.take_first()).unwrap_or_default();
        let execution = Execution::decode(request).map_err(|error| Failure::Protocol {
            reason: format!("what it was to be sent is no request of this interface: {error}"),
        })?;
        let output = Task::new(&self.client, call).perform(&execution).await?;
        match outputs.send(Bytes::from(output.encode_to_vec()).into()).await {
            Ok(()) => Ok(()),
            Err(never) => match never {},
        }
    }
}

impl Transport for HttpControlTransport {
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let performed = self.perform(call, inputs, outputs).await;
            performed.map_err(|failure| self.client.access().without_token(failure))
        })
    }
}
