//! An operation bound to its method descriptor.

use std::fmt;

use aieffect_blueprint::TransportKind;
use prost_reflect::{MessageDescriptor, MethodDescriptor};

/// How requests and responses flow in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallShape {
    /// One request, one response.
    Unary,
    /// Many requests, one response.
    ClientStream,
    /// One request, many responses.
    ServerStream,
    /// Many of both.
    Bidirectional,
}

impl CallShape {
    /// The shape of a call of this method.
    pub(crate) fn of(method: &MethodDescriptor) -> Self {
        match (method.is_client_streaming(), method.is_server_streaming()) {
            (false, false) => Self::Unary,
            (true, false) => Self::ClientStream,
            (false, true) => Self::ServerStream,
            (true, true) => Self::Bidirectional,
        }
    }
}

/// An RPC as its proto defines it.
#[derive(Clone)]
pub struct BoundOperation {
    /// How it is called.
    pub transport: TransportKind,
    /// Over gRPC the path of the call, `/package.Service/Method`; else the operation's name.
    pub path: String,
    /// How requests and responses flow.
    pub shape: CallShape,
    /// The request's message.
    pub input: MessageDescriptor,
    /// The response's message.
    pub output: MessageDescriptor,
}

impl BoundOperation {
    pub(crate) fn of(method: &MethodDescriptor) -> Self {
        Self {
            transport: TransportKind::Grpc,
            path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
            shape: CallShape::of(method),
            input: method.input(),
            output: method.output(),
        }
    }
}

impl fmt::Debug for BoundOperation {
    /// Names the messages only: a descriptor that contains itself has no end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundOperation")
            .field("path", &self.path)
            .field("shape", &self.shape)
            .field("input", &self.input.full_name())
            .field("output", &self.output.full_name())
            .finish()
    }
}
