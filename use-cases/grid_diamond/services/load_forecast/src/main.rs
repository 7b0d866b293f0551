//! The service `load_forecast`: forecasts how much power will be wanted.
//!
//! The forecast itself is in [`load`]; here is only the gRPC server.

mod load;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::load_forecast_service_server::{LoadForecastService, LoadForecastServiceServer};
use proto::{ForecastLoadRequest, ForecastLoadResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("load_forecast");
}

struct LoadForecast;

#[tonic::async_trait]
impl LoadForecastService for LoadForecast {
    async fn forecast_load(
        &self,
        request: Request<ForecastLoadRequest>,
    ) -> Result<Response<ForecastLoadResponse>, Status> {
        let response = Self::forecast(request.into_inner());
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| ForecastLoadResponse { message, ..Default::default() }),
        ))
    }
}

impl LoadForecast {
    fn forecast(request: ForecastLoadRequest) -> Result<ForecastLoadResponse, String> {
        let forecast = load::forecast(&request.states, request.growth_percent)?;
        Ok(ForecastLoadResponse {
            success: true,
            message: format!("{} hours", forecast.len()),
            status: "trend and temperature".to_owned(),
            date: request.date,
            forecast,
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
    eprintln!("load_forecast listens on port {port}");
    Server::builder()
        .add_service(LoadForecastServiceServer::new(LoadForecast))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
