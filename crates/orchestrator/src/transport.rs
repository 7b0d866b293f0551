//! Adapters of the [`Transport`](crate::ports::Transport) port.

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod fake;
pub mod grpc;
