//! The service `report_generator`: sums analyzed readings up in `energy_report.csv`.
//!
//! What the report says is decided in [`report`]; here are only the gRPC server and the files.

mod report;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::report_generator_service_server::{ReportGeneratorService, ReportGeneratorServiceServer};
use proto::{GenerateReportRequest, GenerateReportResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("report_generator");
}

const OUTPUT_FILE: &str = "energy_report.csv";

struct ReportGenerator {
    data_dir: PathBuf,
}

#[tonic::async_trait]
impl ReportGeneratorService for ReportGenerator {
    async fn generate_report(
        &self,
        request: Request<GenerateReportRequest>,
    ) -> Result<Response<GenerateReportResponse>, Status> {
        let response = self.write_report(request.into_inner()).await;
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| GenerateReportResponse { message, ..Default::default() }),
        ))
    }
}

impl ReportGenerator {
    async fn write_report(&self, request: GenerateReportRequest) -> Result<GenerateReportResponse, String> {
        report::check_format(&request.report_format)?;
        let input = self.path_of(&request.output_file_path)?;
        let analyzed = tokio::fs::read_to_string(&input)
            .await
            .map_err(|cause| format!("cannot read `{}`: {cause}", input.display()))?;
        let report =
            report::Report::of(&analyzed).map_err(|cause| format!("`{}`: {cause}", input.display()))?;

        let output = self.data_dir.join(OUTPUT_FILE);
        tokio::fs::write(&output, report.csv())
            .await
            .map_err(|cause| format!("cannot write `{}`: {cause}", output.display()))?;

        Ok(GenerateReportResponse {
            success: true,
            message: "report written".to_owned(),
            report_path: format!("data/{OUTPUT_FILE}"),
            report_summary: report.summary(),
        })
    }

    /// Messages name files as `data/<file>`, wherever this service's data folder is.
    fn path_of(&self, named: &str) -> Result<PathBuf, String> {
        let path = Path::new(named);
        match path.strip_prefix("data").unwrap_or(path) {
            empty if empty.as_os_str().is_empty() => Err("output_file_path names no file".to_owned()),
            relative => Ok(self.data_dir.join(relative)),
        }
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
    eprintln!("report_generator listens on port {port}");
    Server::builder()
        .add_service(ReportGeneratorServiceServer::new(ReportGenerator { data_dir }))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}
