//! Adapters of the [`Transport`] port: [`ServiceTransport`] calls every node as the plan says,
//! over [`grpc`] or [`http_control`]. [`wait_until_ready`] waits for either, and tells them apart. [`Breakers`] keep calls from
//! services that cannot be connected to.

mod breaker;
#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod fake;
pub mod grpc;
pub mod http_control;
mod readiness;

use aieffect_blueprint::TransportKind;
use futures_util::future::BoxFuture;

pub use self::breaker::{Breakers, Refusal, Standing};
use self::grpc::{Access, GrpcTransport};
use self::http_control::HttpControlTransport;
pub use self::readiness::{spoken_at, wait_until_ready};
use crate::ports::{Call, Inputs, Outputs, Transport};
use crate::run::Failure;

/// Calls each node as it is to be called.
#[derive(Debug, Default)]
pub struct ServiceTransport {
    grpc: GrpcTransport,
    http_control: HttpControlTransport,
}

impl ServiceTransport {
    /// Without connections; the first call to an address makes one.
    pub fn new(access: Access) -> Self {
        Self {
            grpc: GrpcTransport::new().with_access(access.clone()),
            http_control: HttpControlTransport::new(access),
        }
    }
}

impl Transport for ServiceTransport {
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        match call.transport {
            TransportKind::Grpc => self.grpc.call(call, inputs, outputs),
            TransportKind::HttpControl => self.http_control.call(call, inputs, outputs),
        }
    }
}
