//! The service `data_analyzer`: reads household readings, writes them with efficiency and anomaly marks.
//!
//! What counts as an anomaly is decided in [`analyze`]; here are only the gRPC server and the files.

mod analyze;

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use proto::data_analyzer_service_server::{DataAnalyzerService, DataAnalyzerServiceServer};
use proto::{AnalyzeDataRequest, AnalyzeDataResponse};

#[allow(unreachable_pub, unused_qualifications, reason = "generated code")]
mod proto {
    tonic::include_proto!("data_analyzer");
}

const OUTPUT_FILE: &str = "analyzed_energy.csv";

struct DataAnalyzer {
    data_dir: PathBuf,
}

#[tonic::async_trait]
impl DataAnalyzerService for DataAnalyzer {
    async fn analyze_data(
        &self,
        request: Request<AnalyzeDataRequest>,
    ) -> Result<Response<AnalyzeDataResponse>, Status> {
        let response = self.analyze_file(request.into_inner()).await;
        // What went wrong is told in the response: `success` stays false.
        Ok(Response::new(
            response.unwrap_or_else(|message| AnalyzeDataResponse { message, ..Default::default() }),
        ))
    }
}

impl DataAnalyzer {
    async fn analyze_file(&self, request: AnalyzeDataRequest) -> Result<AnalyzeDataResponse, String> {
        let threshold = analyze::Threshold::new(request.anomaly_threshold)?;
        let input = self.path_of(&request.output_file_path)?;
        let readings = tokio::fs::read_to_string(&input)
            .await
            .map_err(|cause| format!("cannot read `{}`: {cause}", input.display()))?;
        let analysis = analyze::analyze(&readings, threshold)
            .map_err(|cause| format!("`{}`: {cause}", input.display()))?;

        let output = self.data_dir.join(OUTPUT_FILE);
        tokio::fs::write(&output, analysis.csv)
            .await
            .map_err(|cause| format!("cannot write `{}`: {cause}", output.display()))?;

        Ok(AnalyzeDataResponse {
            success: true,
            message: format!("{} anomalies in {} readings", analysis.anomalies, analysis.total),
            total_records: analysis.total,
            anomalies_detected: analysis.anomalies,
            average_efficiency: analysis.average_efficiency as f32,
            output_file_path: format!("data/{OUTPUT_FILE}"),
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
    eprintln!("data_analyzer listens on port {port}");
    Server::builder()
        .add_service(DataAnalyzerServiceServer::new(DataAnalyzer { data_dir }))
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_data_means_the_data_folder() {
        let analyzer = DataAnalyzer { data_dir: "/srv/run".into() };
        assert_eq!(analyzer.path_of("data/raw.csv"), Ok("/srv/run/raw.csv".into()));
        assert_eq!(analyzer.path_of("raw.csv"), Ok("/srv/run/raw.csv".into()));
        assert_eq!(analyzer.path_of("/elsewhere/raw.csv"), Ok("/elsewhere/raw.csv".into()));
    }

    #[tokio::test]
    async fn a_missing_file_is_named_in_the_response() {
        let analyzer = DataAnalyzer { data_dir: "/no/such/folder".into() };
        let request = AnalyzeDataRequest { output_file_path: "data/raw.csv".into(), anomaly_threshold: 0.5 };
        let response = analyzer.analyze_data(Request::new(request)).await.unwrap().into_inner();
        assert!(!response.success);
        assert!(
            response.message.starts_with("cannot read `/no/such/folder/raw.csv`"),
            "{}",
            response.message
        );
    }

    #[test]
    fn a_request_without_a_file_is_refused() {
        let analyzer = DataAnalyzer { data_dir: "data".into() };
        assert_eq!(analyzer.path_of(""), Err("output_file_path names no file".to_owned()));
        assert_eq!(analyzer.path_of("data/"), Err("output_file_path names no file".to_owned()));
    }
}
