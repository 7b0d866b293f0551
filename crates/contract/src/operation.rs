//! An operation bound to its method descriptor.

use prost_reflect::MessageDescriptor;

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

/// An RPC as its proto defines it.
#[derive(Debug, Clone)]
pub struct BoundOperation {
    /// The path of the call, `/package.Service/Method`.
    pub path: String,
    /// How requests and responses flow.
    pub shape: CallShape,
    /// The request's message.
    pub input: MessageDescriptor,
    /// The response's message.
    pub output: MessageDescriptor,
}
