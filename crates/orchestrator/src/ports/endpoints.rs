//! Where a node answers.

use std::time::Duration;

use aieffect_blueprint::{Address, TransportKind};
use futures_util::future::BoxFuture;

use crate::plan::PlannedNode;

/// Gives a node's address once the node answers. It may start a process or a container to get there; that,
/// and how long it waits, is the implementer's.
pub trait Endpoints: Send + Sync {
    /// Waits until the node answers. Dropping the future gives up.
    fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>>;
}

/// Why a node does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// It did not in time. Another node may still get ready.
    #[error("not ready at `{address}` after {} s: {reason}", waited.as_secs_f64())]
    TimedOut {
        /// Where it was tried.
        address: Address,
        /// For how long.
        waited: Duration,
        /// What the last try came to.
        reason: String,
    },
    /// It is there, and no connection to it can be made secure as things are. Another node may still get ready.
    #[error("no secure connection to `{address}`: {reason}")]
    NotSecure {
        /// Where it was tried.
        address: Address,
        /// Why not, and what would mend it.
        reason: String,
    },
    /// It is there, and is called otherwise than its node is to be. Another node may still get ready.
    #[error(
        "`{address}` speaks `{}`, and its node is called over `{}`; say so with `transport`, or give the right port",
        .speaks.as_str(), .called.as_str()
    )]
    OtherTransport {
        /// Where it was tried.
        address: Address,
        /// What answered there.
        speaks: TransportKind,
        /// What was to.
        called: TransportKind,
    },
    /// It never will: whoever waits for other nodes can stop.
    #[error("{reason}")]
    Lost {
        /// What happened to it.
        reason: String,
    },
}
