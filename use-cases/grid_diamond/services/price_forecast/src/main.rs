//! The service `price_forecast`: forecasts what a MWh from a thermal plant will cost.
//!
//! The forecast itself is in [`price`]; here is only the gRPC server.

mod price;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::price_forecast_service_server::{PriceForecastService, PriceForecastServiceServer};
use proto::{ForecastPriceRequest, ForecastPriceResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("price_forecast");
}

struct PriceForecast;

#[tonic::async_trait]
impl PriceForecastService for PriceForecast {
    async fn forecast_price(
        &self,
        request: Request<ForecastPriceRequest>,
    ) -> Result<Response<ForecastPriceResponse>, Status> {
        let response = Self::forecast(request.get_ref());
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| ForecastPriceResponse { message, ..Default::default() }),
        ))
    }
}

impl PriceForecast {
    fn forecast(request: &ForecastPriceRequest) -> Result<ForecastPriceResponse, String> {
        let forecast = price::forecast(&request.hours, request.carbon_price_eur)?;
        Ok(ForecastPriceResponse {
            success: true,
            message: format!("{} hours", forecast.len()),
            status: "fuel, carbon and scarcity".to_owned(),
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
    eprintln!("price_forecast listens on port {port}");
    Server::builder()
        .add_service(PriceForecastServiceServer::new(PriceForecast))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
