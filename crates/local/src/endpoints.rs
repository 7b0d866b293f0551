//! Local services as the orchestrator's [`Endpoints`].

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Duration;

use aieffect_blueprint::{Address, NodeName, Placement};
use aieffect_orchestrator::plan::PlannedNode;
use aieffect_orchestrator::ports::{Endpoints, NotReady};
use aieffect_orchestrator::transport::grpc::Access;
use aieffect_orchestrator::transport::wait_until_ready;
use futures_util::future::BoxFuture;

use crate::services::{LocalServices, Watch};

/// Where the nodes of a pipeline answer whose services run here; other nodes answer where their document says.
#[derive(Debug, Clone)]
pub struct LocalEndpoints {
    nodes: BTreeMap<NodeName, Watch>,
    ready_timeout: Duration,
}

impl LocalEndpoints {
    /// `placements` says which service each node is; up to `ready_timeout` is waited for each.
    pub fn new(
        services: impl Borrow<LocalServices>,
        placements: BTreeMap<NodeName, Placement>,
        ready_timeout: Duration,
    ) -> Self {
        let services = services.borrow();
        let started = placements.into_iter().filter_map(|(node, placement)| match placement {
            Placement::Started(folder) => Some((node, services.watch(&folder)?)),
            Placement::Remote => None,
        });
        Self { nodes: started.collect(), ready_timeout }
    }

    async fn wait(&self, node: &PlannedNode) -> Result<Address, NotReady> {
        let access = Access::plain();
        let Some(service) = self.nodes.get(&node.name) else {
            wait_until_ready(&node.address, node.transport, self.ready_timeout, &access).await?;
            return Ok(node.address.clone());
        };
        tokio::select! {
            biased;
            ended = service.until_ended() => Err(NotReady::Lost { reason: ended.to_string() }),
            ready = wait_until_ready(service.address(), node.transport, self.ready_timeout, &access) => match ready {
                Ok(()) => Ok(service.address().clone()),
                Err(error) => Err(with_service(error, service)),
            },
        }
    }
}

impl Endpoints for LocalEndpoints {
    fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>> {
        Box::pin(self.wait(node))
    }
}

/// A service that runs and does not answer has often said why.
fn with_service(error: NotReady, service: &Watch) -> NotReady {
    match error {
        NotReady::TimedOut { address, waited, reason } => {
            let said = if service.is_silent() { "has printed nothing" } else { "may have printed why" };
            let reason = format!("{reason}; service `{}` runs, and {said}", service.name());
            NotReady::TimedOut { address, waited, reason }
        }
        other @ (NotReady::NotSecure { .. } | NotReady::OtherTransport { .. } | NotReady::Lost { .. }) => {
            other
        }
    }
}
