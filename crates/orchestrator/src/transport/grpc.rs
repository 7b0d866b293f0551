//! Calls over gRPC: [`GrpcTransport`], and [`FixedEndpoints`] with [`wait_until_ready`].
//!
//! Messages pass as bytes; nothing here knows their fields. [`Access`] says how services are spoken to: with [`Tls`]
//! or without, and with which [`Token`].

mod access;
mod channel;
mod codec;
mod endpoints;
mod lanes;
mod metadata;
mod readiness;
mod sending;
mod status;
mod tls;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use aieffect_blueprint::Address;
use aieffect_contract::CallShape;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{IntoStreamingRequest, Request};

pub use self::access::{Access, Token, TokenError};
use self::codec::{BytesCodec, Piece};
pub use self::endpoints::FixedEndpoints;
use self::lanes::{Lane, Lanes};
use self::metadata::with_metadata;
pub use self::readiness::wait_until_ready;
use self::sending::sending;
use self::status::failure_of;
pub use self::tls::{OwnCertificate, Tls, TlsError, TlsPart};
use crate::ports::{Call, Inputs, Outputs, Transport};
use crate::run::{Direction, Failure};

/// The largest message that is sent or taken, in bytes.
pub const MESSAGE_LIMIT: usize = 256 * 1024 * 1024;

/// Calls over gRPC. Unary calls to an address share a connection; streams have connections of their own, a few on
/// each, so that however many are stalled they stall nothing else.
#[derive(Debug, Default)]
pub struct GrpcTransport {
    // Locks, since calls of one run are made side by side; never held across an await.
    channels: Mutex<HashMap<Address, Channel>>,
    lanes: Arc<Lanes>,
    access: Access,
}

impl GrpcTransport {
    /// Without connections; the first call to an address makes one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, speaking to services like that.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    fn channel(&self, address: &Address) -> Result<Channel, Failure> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(address) {
            return Ok(channel.clone());
        }
        let channel = channel::connect(address, &self.access)?;
        channels.insert(address.clone(), channel.clone());
        Ok(channel)
    }

    /// The request with what the service is told about it, and shown.
    fn told<T>(&self, request: Request<T>, call: &Call) -> Result<Request<T>, Failure> {
        Ok(self.access.authorized(with_metadata(request, call)?))
    }

    async fn perform(&self, call: &Call, inputs: Inputs, outputs: Outputs<'_>) -> Result<(), Failure> {
        let path: PathAndQuery = call
            .path
            .parse()
            .map_err(|_| Failure::Protocol { reason: format!("`{}` is no path of an RPC", call.path) })?;
        let lane = match call.shape {
            CallShape::Unary => Lane::shared(self.channel(&call.address)?),
            CallShape::ClientStream | CallShape::ServerStream | CallShape::Bidirectional => {
                self.lanes.take(&call.address, &self.access)?
            }
        };
        let mut client = Grpc::new(lane.channel())
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT);
        client.ready().await.map_err(|error| Failure::NeverReached { reason: status::root_cause(&error) })?;
        match call.shape {
            CallShape::Unary => {
                let mut inputs = inputs;
                let message = inputs.next().await.unwrap_or_default();
                check_size(&message)?;
                let request = self.told(Request::new(Piece::Message(message)), call)?;
                let response =
                    client.unary(request, path, BytesCodec).await.map_err(|status| failure_of(&status))?;
                deliver(outputs, response.into_inner()).await;
            }
            CallShape::ClientStream => {
                let (sending, _caller) = sending(inputs);
                let request = self.told(sending.into_streaming_request(), call)?;
                let response = client
                    .client_streaming(request, path, BytesCodec)
                    .await
                    .map_err(|status| failure_of(&status))?;
                deliver(outputs, response.into_inner()).await;
            }
            CallShape::ServerStream => {
                let mut inputs = inputs;
                let message = inputs.next().await.unwrap_or_default();
                check_size(&message)?;
                let request = self.told(Request::new(Piece::Message(message)), call)?;
                let response = client
                    .server_streaming(request, path, BytesCodec)
                    .await
                    .map_err(|status| failure_of(&status))?;
                drain(response.into_inner(), outputs).await?;
            }
            CallShape::Bidirectional => {
                let (sending, _caller) = sending(inputs);
                let request = self.told(sending.into_streaming_request(), call)?;
                let response = client
                    .streaming(request, path, BytesCodec)
                    .await
                    .map_err(|status| failure_of(&status))?;
                drain(response.into_inner(), outputs).await?;
            }
        }
        Ok(())
    }
}

impl Transport for GrpcTransport {
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let performed = self.perform(call, inputs, outputs).await;
            performed.map_err(|failure| self.access.without_token(failure))
        })
    }
}

async fn drain(mut responses: tonic::Streaming<Bytes>, outputs: Outputs<'_>) -> Result<(), Failure> {
    while let Some(message) = responses.message().await.map_err(|status| failure_of(&status))? {
        deliver(outputs, message).await;
    }
    Ok(())
}

async fn deliver(outputs: Outputs<'_>, message: Bytes) {
    let sent: Result<(), Infallible> = outputs.send(message).await;
    match sent {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

fn check_size(message: &Bytes) -> Result<(), Failure> {
    if message.len() <= MESSAGE_LIMIT {
        return Ok(());
    }
    Err(Failure::TooLarge {
        direction: Direction::Request,
        limit: MESSAGE_LIMIT as u64,
        size: Some(message.len() as u64),
    })
}
