//! Services that are already there, or come up by other hands.

use std::time::Duration;

use aieffect_blueprint::Address;
use futures_util::future::BoxFuture;

use super::access::Access;
use crate::plan::PlannedNode;
use crate::ports::{Endpoints, NotReady};
use crate::transport::wait_until_ready;

/// The addresses that the plan's nodes have in their document.
#[derive(Debug, Clone)]
pub struct FixedEndpoints {
    ready_timeout: Duration,
    access: Access,
}

impl FixedEndpoints {
    /// Waits for each node up to `ready_timeout`.
    pub fn new(ready_timeout: Duration) -> Self {
        Self { ready_timeout, access: Access::plain() }
    }

    /// The same, spoken to like that.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }
}

impl Endpoints for FixedEndpoints {
    fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>> {
        Box::pin(async {
            wait_until_ready(&node.address, node.transport, self.ready_timeout, &self.access).await?;
            Ok(node.address.clone())
        })
    }
}
