//! The service `plant_model`: one half of the loop. Heat in, the state of the room out.
//!
//! What the room does is computed in [`room`]; here is only the gRPC server.

mod room;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;

use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status, Streaming};

use proto::plant_model_service_server::{PlantModelService, PlantModelServiceServer};
use proto::{RoomState, SimulateRequest};
use room::Room;

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("plant_model");
}

struct PlantModel;

#[tonic::async_trait]
impl PlantModelService for PlantModel {
    type SimulateStream = Pin<Box<dyn Stream<Item = Result<RoomState, Status>> + Send>>;

    async fn simulate(
        &self,
        request: Request<Streaming<SimulateRequest>>,
    ) -> Result<Response<Self::SimulateStream>, Status> {
        let mut room = None;
        let states = request.into_inner().filter_map(move |request| answer(&mut room, request).transpose());
        Ok(Response::new(Box::pin(states)))
    }
}

/// The state to send for a request, if there is one.
fn answer(
    room: &mut Option<Room>,
    request: Result<SimulateRequest, Status>,
) -> Result<Option<RoomState>, Status> {
    let request = request?;
    let room = match room {
        Some(room) => room,
        None => room.insert(Room::new(&request).map_err(Status::invalid_argument)?),
    };
    let Some(heat_kw) = request.heat_kw else { return Ok(None) };
    room.heat(heat_kw).map_err(Status::invalid_argument)
}

#[tokio::main]
#[allow(clippy::print_stderr, reason = "one line says that the service is up")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("GRPC_PORT").as_deref().unwrap_or("50051").parse()?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    eprintln!("plant_model listens on port {port}");
    Server::builder()
        .add_service(PlantModelServiceServer::new(PlantModel))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
