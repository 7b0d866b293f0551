//! The service `dispatch_planner`: decides which plants run, and explains it.
//!
//! The two operations are in [`plan`] and [`explain`]; here is only the gRPC server.

mod explain;
mod plan;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::dispatch_planner_service_server::{DispatchPlannerService, DispatchPlannerServiceServer};
use proto::{ExplainPlanRequest, ExplainPlanResponse, PlanDispatchRequest, PlanDispatchResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("dispatch_planner");
}

struct DispatchPlanner;

// What went wrong is told in the response: `success` stays false.
#[tonic::async_trait]
impl DispatchPlannerService for DispatchPlanner {
    async fn plan_dispatch(
        &self,
        request: Request<PlanDispatchRequest>,
    ) -> Result<Response<PlanDispatchResponse>, Status> {
        let response = plan::plan(request.into_inner());
        Ok(Response::new(
            response.unwrap_or_else(|message| PlanDispatchResponse { message, ..Default::default() }),
        ))
    }

    async fn explain_plan(
        &self,
        request: Request<ExplainPlanRequest>,
    ) -> Result<Response<ExplainPlanResponse>, Status> {
        let response = explain::explain(request.get_ref());
        Ok(Response::new(
            response.unwrap_or_else(|message| ExplainPlanResponse { message, ..Default::default() }),
        ))
    }
}

#[tokio::main]
#[allow(clippy::print_stderr, reason = "one line says that the service is up")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("GRPC_PORT").as_deref().unwrap_or("50051").parse()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    eprintln!("dispatch_planner listens on port {port}");
    Server::builder()
        .add_service(DispatchPlannerServiceServer::new(DispatchPlanner))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
