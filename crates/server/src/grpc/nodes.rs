//! Services that are called: `Nodes`.

use aieffect_api::v1;
use tonic::{Request, Response, Status};

use super::status::Problem;
use super::{Face, messages};
use crate::keys::Scope;

#[tonic::async_trait]
impl v1::nodes_server::Nodes for Face {
    async fn health(
        &self,
        request: Request<v1::NodesHealthRequest>,
    ) -> Result<Response<v1::NodesHealthResponse>, Status> {
        self.admit(&request, Scope::Read)?;
        let nodes = self.runs.health(&request.into_inner().pipeline).await.map_err(Problem::from)?;
        Ok(Response::new(v1::NodesHealthResponse { nodes: nodes.into_iter().map(messages::node).collect() }))
    }
}
