//! Adapters of the [`Transport`](crate::ports::Transport) port.

pub mod grpc;
