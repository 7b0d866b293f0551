//! The service `data_generator`: writes synthetic household readings to `raw_energy.csv`.
//!
//! What is written is decided in [`generate`]; here are only the gRPC server and the file.

mod generate;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::data_generator_service_server::{DataGeneratorService, DataGeneratorServiceServer};
use proto::{GenerateDataRequest, GenerateDataResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("data_generator");
}

const OUTPUT_FILE: &str = "raw_energy.csv";

struct DataGenerator {
    data_dir: PathBuf,
}

#[tonic::async_trait]
impl DataGeneratorService for DataGenerator {
    async fn generate_data(
        &self,
        request: Request<GenerateDataRequest>,
    ) -> Result<Response<GenerateDataResponse>, Status> {
        let response = self.write_readings(request.into_inner()).await;
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| GenerateDataResponse { message, ..Default::default() }),
        ))
    }
}

impl DataGenerator {
    async fn write_readings(&self, request: GenerateDataRequest) -> Result<GenerateDataResponse, String> {
        generate::check_format(&request.output_format)?;
        let csv = generate::readings_csv(request.num_records)?;

        let file = self.data_dir.join(OUTPUT_FILE);
        let cannot_write = |cause| format!("cannot write `{}`: {cause}", file.display());
        tokio::fs::create_dir_all(&self.data_dir).await.map_err(cannot_write)?;
        tokio::fs::write(&file, csv).await.map_err(cannot_write)?;

        Ok(GenerateDataResponse {
            success: true,
            message: format!("{} readings written", request.num_records),
            records_generated: request.num_records,
            output_file_path: format!("data/{OUTPUT_FILE}"),
        })
    }
}

#[tokio::main]
#[allow(clippy::print_stderr, reason = "one line says that the service is up")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("GRPC_PORT").as_deref().unwrap_or("50051").parse()?;
    let data_dir = env::var("DATA_DIR").unwrap_or_else(|_| "data".to_owned()).into();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    eprintln!("data_generator listens on port {port}");
    Server::builder()
        .add_service(DataGeneratorServiceServer::new(DataGenerator { data_dir }))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
