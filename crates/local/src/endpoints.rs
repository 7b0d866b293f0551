//! Where the nodes of a run answer, when services run on this machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{Address, NodeName, Placement, ServiceName};
use aieffect_orchestrator::plan::PlannedNode;
use aieffect_orchestrator::ports::{Endpoints, NotReady};
use aieffect_orchestrator::transport::grpc::wait_until_ready;
use futures_util::future::{BoxFuture, FutureExt};

use crate::{Error, LocalServices};

/// Waits for local services until they answer or end; a node that runs elsewhere is waited for where its
/// document says.
pub struct LocalEndpoints {
    services: Arc<LocalServices>,
    placements: BTreeMap<NodeName, Placement>,
    ready_timeout: Duration,
}

impl LocalEndpoints {
    /// `placements` says which service each node is.
    pub fn new(
        services: Arc<LocalServices>,
        placements: BTreeMap<NodeName, Placement>,
        ready_timeout: Duration,
    ) -> Self {
        Self { services, placements, ready_timeout }
    }

    async fn local(&self, folder: &ServiceName, address: &Address) -> Result<Address, NotReady> {
        tokio::select! {
            ready = wait_until_ready(address, self.ready_timeout) => ready.map(|()| address.clone()),
            ended = self.services.until_ended(folder) => {
                Err(NotReady::Lost { reason: Error::from(ended).to_string() })
            }
        }
    }
}

impl Endpoints for LocalEndpoints {
    fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>> {
        async move {
            if let Some(Placement::Started(folder)) = self.placements.get(&node.name) {
                if let Some(address) = self.services.address(folder) {
                    return self.local(folder, address).await;
                }
            }
            wait_until_ready(&node.address, self.ready_timeout).await.map(|()| node.address.clone())
        }
        .boxed()
    }
}
