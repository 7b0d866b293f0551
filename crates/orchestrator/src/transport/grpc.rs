//! Calls over gRPC: [`GrpcTransport`], and [`FixedEndpoints`].
//!
//! Messages pass as bytes; nothing here knows their fields. [`Access`] says how services are spoken to: with [`Tls`]
//! or without, and with which [`Token`].

mod access;
mod call;
mod connection;
mod endpoints;
mod frames;
mod gate;
mod metadata;
mod pool;
mod readiness;
mod status;
#[cfg(test)]
mod tests;
mod tls;

use aieffect_contract::CallShape;
use futures_util::future::BoxFuture;

pub use self::access::{Access, Token, TokenError};
pub use self::endpoints::FixedEndpoints;
use self::metadata::Heads;
use self::pool::{Pool, Use};
pub(super) use self::readiness::{Said, try_once};
pub(super) use self::status::connecting_failed;
pub(super) use self::tls::Trouble;
pub use self::tls::{OwnCertificate, Tls, TlsError, TlsPart, authorities, certified};
pub use crate::messages::MESSAGE_LIMIT;
use crate::ports::{Call, Inputs, Outputs, Transport};
use crate::run::Failure;

/// Calls over gRPC. Unary calls to an address share a connection; streams have connections of their own, a few on
/// each, so that however many are stalled they stall nothing else.
#[derive(Debug, Default)]
pub struct GrpcTransport {
    pool: Pool,
    access: Access,
    heads: Heads,
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

    async fn perform(&self, call: &Call, inputs: Inputs, outputs: Outputs<'_>) -> Result<(), Failure> {
        let how = if call.shape == CallShape::Unary { Use::Unary } else { Use::Stream };
        let mut lane = self.pool.take(&call.address, &self.access, how);
        let (connection, client, _place) = lane.ready().await?;
        let request = self.heads.request(&connection, call, &self.access)?;
        call::perform(client, request, call.shape, inputs, outputs).await
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
