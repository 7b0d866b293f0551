//! The service `grid_source`: the state of the grid for each hour of a day.
//!
//! What the day looks like is made up in [`day`]; here is only the gRPC server.

mod day;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::grid_source_service_server::{GridSourceService, GridSourceServiceServer};
use proto::{ReadGridRequest, ReadGridResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("grid_source");
}

struct GridSource;

#[tonic::async_trait]
impl GridSourceService for GridSource {
    async fn read_grid(
        &self,
        request: Request<ReadGridRequest>,
    ) -> Result<Response<ReadGridResponse>, Status> {
        let response = Self::read(request.into_inner());
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| ReadGridResponse { message, ..Default::default() }),
        ))
    }
}

impl GridSource {
    fn read(request: ReadGridRequest) -> Result<ReadGridResponse, String> {
        let states = day::states(&request.date)?;
        Ok(ReadGridResponse {
            success: true,
            message: format!("{} hours", states.len()),
            date: request.date,
            states,
        })
    }
}

#[tokio::main]
#[allow(clippy::print_stderr, reason = "one line says that the service is up")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("GRPC_PORT").as_deref().unwrap_or("50051").parse()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    eprintln!("grid_source listens on port {port}");
    Server::builder()
        .add_service(GridSourceServiceServer::new(GridSource))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
