//! The service `solar_forecast`: forecasts how much power the sun will give, slowly.
//!
//! The forecast itself is in [`solar`]; here is only the gRPC server.

mod solar;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::solar_forecast_service_server::{SolarForecastService, SolarForecastServiceServer};
use proto::{ForecastSolarRequest, ForecastSolarResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("solar_forecast");
}

struct SolarForecast;

#[tonic::async_trait]
impl SolarForecastService for SolarForecast {
    async fn forecast_solar(
        &self,
        request: Request<ForecastSolarRequest>,
    ) -> Result<Response<ForecastSolarResponse>, Status> {
        let response = Self::forecast(request.into_inner()).await;
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| ForecastSolarResponse { message, ..Default::default() }),
        ))
    }
}

impl SolarForecast {
    async fn forecast(request: ForecastSolarRequest) -> Result<ForecastSolarResponse, String> {
        let delay = solar::delay(request.delay_ms)?;
        let forecast = solar::forecast(&request.states, request.installed_mw)?;
        // Stands for a weather model that takes its time.
        tokio::time::sleep(delay).await;
        Ok(ForecastSolarResponse {
            success: true,
            message: format!("{} hours", forecast.len()),
            status: "sun and clouds".to_owned(),
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
    eprintln!("solar_forecast listens on port {port}");
    Server::builder()
        .add_service(SolarForecastServiceServer::new(SolarForecast))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
