//! What new use cases are made of.

use super::*;

fn made(template: Template, services: &[&str]) -> Files {
    let names: Vec<String> = services.iter().map(|name| (*name).to_owned()).collect();
    let name = UseCaseName::new("wind_day").unwrap();
    use_case(&name, template, &Chain::new(&names).unwrap()).unwrap()
}

fn text<'a>(files: &'a Files, path: &str) -> &'a str {
    &files[path]
}

#[test]
fn a_python_use_case_has_these_files() {
    let files = made(Template::Python, &["load", "clean_data", "report"]);
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    insta::assert_snapshot!(paths.join("\n"), @r"
    .gitignore
    README.md
    connections.json
    data/.gitkeep
    docker-compose.yml
    services/clean_data/Dockerfile
    services/clean_data/proto/clean_data.proto
    services/clean_data/requirements.txt
    services/clean_data/server.py
    services/load/Dockerfile
    services/load/proto/load.proto
    services/load/requirements.txt
    services/load/server.py
    services/report/Dockerfile
    services/report/proto/report.proto
    services/report/requirements.txt
    services/report/server.py
    ");
    insta::assert_snapshot!(text(&files, "connections.json"), @r#"
    {
      "pipeline": {
        "name": "Wind day",
        "description": "Made by aieffect init.",
        "start_service": "load",
        "connections": [
          {
            "from_service": "load",
            "from_method": "Load",
            "to_service": "clean-data",
            "to_method": "CleanData"
          },
          {
            "from_service": "clean-data",
            "from_method": "CleanData",
            "to_service": "report",
            "to_method": "Report"
          }
        ],
        "operations": [
          {
            "service": "load",
            "method": "Load",
            "parameters": { "hours": 48 },
            "expect": ["size(values) > 0"]
          }
        ]
      }
    }
    "#);
    insta::assert_snapshot!(text(&files, "docker-compose.yml"), @r#"
    # Development: `docker compose up --build`. `aieffect` starts the services locally from their Dockerfiles.
    services:
      "load":
        build:
          context: services/load
          args:
            PYTHON_IMAGE: ${PYTHON_IMAGE:-python:3.11-slim}
        environment:
          GRPC_PORT: "50051"
          DATA_DIR: /app/data
        ports:
          - "50051:50051"
        volumes:
          - ./data:/app/data

      "clean-data":
        build:
          context: services/clean_data
          args:
            PYTHON_IMAGE: ${PYTHON_IMAGE:-python:3.11-slim}
        environment:
          GRPC_PORT: "50051"
          DATA_DIR: /app/data
        ports:
          - "50052:50051"
        volumes:
          - ./data:/app/data

      "report":
        build:
          context: services/report
          args:
            PYTHON_IMAGE: ${PYTHON_IMAGE:-python:3.11-slim}
        environment:
          GRPC_PORT: "50051"
          DATA_DIR: /app/data
        ports:
          - "50053:50051"
        volumes:
          - ./data:/app/data
    "#);
    insta::assert_snapshot!(text(&files, "README.md"), @r"
    # Wind day

    Made by `aieffect init`: 3 Python services, one folder each in `services/`.

    ```text
    load ──▶ clean-data ──▶ report
    ```

    | folder | does |
    |---|---|
    | `services/load` | Makes a series of hourly values. |
    | `services/clean_data` | Averages each value with its neighbours. |
    | `services/report` | Sums the values up and writes a report. |

    Run it on this machine, without Docker:

    ```sh
    aieffect run .
    ```

    Make it yours: a service's operation is in its `proto/`, what it does in `server.py`, which service feeds which in
    `connections.json`. `aieffect check .` says what does not fit, and where.

    Files that go in or come out lie in `data/`; in messages they are called `data/<file>`.
    ");
    insta::assert_snapshot!(text(&files, "services/report/server.py"), @r#"
    """report: Sums the values up and writes a report."""

    import logging
    import os
    import signal
    from concurrent import futures
    from pathlib import Path

    import grpc

    import report_pb2
    import report_pb2_grpc

    MAX_MESSAGE_BYTES = 256 * 1024 * 1024

    log = logging.getLogger("report")


    def summary(values: list[float]) -> str:
        """What is written to the report. Put your own here."""
        mean = sum(values) / len(values)
        return f"{len(values)} values, mean {mean:.3f} kW, maximum {max(values):.3f} kW\n"


    class ReportServicer(report_pb2_grpc.ReportServiceServicer):
        def Report(
            self, request: report_pb2.ReportRequest, context: grpc.ServicerContext
        ) -> report_pb2.ReportResponse:
            if not request.values:
                return report_pb2.ReportResponse(success=False, message="no values to report on")
            values = list(request.values)
            # Messages name files as data/<file>, wherever the data folder is.
            report = Path(os.environ.get("DATA_DIR", "data")) / "summary.txt"
            try:
                report.write_text(summary(values), encoding="utf-8")
            except OSError as error:
                return report_pb2.ReportResponse(success=False, message=f"cannot write the report: {error}")
            return report_pb2.ReportResponse(
                success=True,
                message="summary written",
                mean=sum(values) / len(values),
                maximum=max(values),
                report_path="data/summary.txt",
            )


    def main() -> None:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
        port = os.environ.get("GRPC_PORT", "50051")
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=4),
            options=[
                ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ],
        )
        report_pb2_grpc.add_ReportServiceServicer_to_server(ReportServicer(), server)
        server.add_insecure_port(f"0.0.0.0:{port}")
        server.start()
        log.info("listening on port %s", port)

        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: server.stop(grace=5))
        server.wait_for_termination()


    if __name__ == "__main__":
        main()
    "#);
    insta::assert_snapshot!(text(&files, "services/clean_data/proto/clean_data.proto"), @r#"
    syntax = "proto3";

    // Averages each value with its neighbours.
    service CleanDataService {
      rpc CleanData(CleanDataRequest) returns (CleanDataResponse);
    }

    message CleanDataRequest {
      // Kilowatts, hour by hour. Named like the previous service's response field, so that the link fills it.
      repeated double values = 1;
    }

    message CleanDataResponse {
      // False when the request cannot be served; `message` then says why.
      bool success = 1;
      string message = 2;
      // Kilowatts, hour by hour.
      repeated double values = 3;
    }
    "#);
}

#[test]
fn a_rust_use_case_has_these_files() {
    let files = made(Template::Rust, &["load", "clean_data", "report"]);
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    insta::assert_snapshot!(paths.join("\n"), @r"
    .dockerignore
    .gitignore
    Cargo.toml
    Dockerfile
    README.md
    connections.json
    data/.gitkeep
    docker-compose.yml
    services/clean_data/Cargo.toml
    services/clean_data/build.rs
    services/clean_data/proto/clean_data.proto
    services/clean_data/src/main.rs
    services/load/Cargo.toml
    services/load/build.rs
    services/load/proto/load.proto
    services/load/src/main.rs
    services/report/Cargo.toml
    services/report/build.rs
    services/report/proto/report.proto
    services/report/src/main.rs
    ");
    insta::assert_snapshot!(text(&files, "Dockerfile"), @r#"
    # One file for all services. The first stage builds them all, in layers that their images share; SERVICE picks one.
    ARG RUST_IMAGE=rust:1-slim
    FROM ${RUST_IMAGE} AS build
    WORKDIR /src
    COPY Cargo.* ./
    COPY services ./services
    # Static binaries need the target spelled out; procedural macros would not build otherwise.
    RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
        && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --target "$target" \
        && mkdir /out \
        && cd "target/$target/release" \
        && cp load_service clean_data_service report_service /out/

    FROM scratch
    ARG SERVICE
    WORKDIR /app
    COPY --from=build /out/${SERVICE} /app/service
    ENV GRPC_PORT=50051 DATA_DIR=/app/data
    EXPOSE 50051
    CMD ["/app/service"]
    "#);
    insta::assert_snapshot!(text(&files, "docker-compose.yml"), @r#"
    # Development: `docker compose up --build`. `aieffect` reads names and start commands from here.
    x-aieffect:
      build: ["cargo", "build", "--release"]

    services:
      "load":
        build:
          context: .
          args:
            RUST_IMAGE: ${RUST_IMAGE:-rust:1-slim}
            SERVICE: load_service
        environment:
          GRPC_PORT: "50051"
          DATA_DIR: /app/data
        ports:
          - "50051:50051"
        volumes:
          - ./data:/app/data
        x-aieffect:
          run: ["cargo", "run", "--release", "--quiet", "-p", "load_service"]

      "clean-data":
        build:
          context: .
          args:
            RUST_IMAGE: ${RUST_IMAGE:-rust:1-slim}
            SERVICE: clean_data_service
        environment:
          GRPC_PORT: "50051"
          DATA_DIR: /app/data
        ports:
          - "50052:50051"
        volumes:
          - ./data:/app/data
        x-aieffect:
          run: ["cargo", "run", "--release", "--quiet", "-p", "clean_data_service"]

      "report":
        build:
          context: .
          args:
            RUST_IMAGE: ${RUST_IMAGE:-rust:1-slim}
            SERVICE: report_service
        environment:
          GRPC_PORT: "50051"
          DATA_DIR: /app/data
        ports:
          - "50053:50051"
        volumes:
          - ./data:/app/data
        x-aieffect:
          run: ["cargo", "run", "--release", "--quiet", "-p", "report_service"]
    "#);
    insta::assert_snapshot!(text(&files, "services/clean_data/src/main.rs"), @r#"
    //! `clean_data`: Averages each value with its neighbours.

    use std::env;
    use std::error::Error;
    use std::net::{Ipv4Addr, SocketAddr};

    use tokio::signal::unix::{SignalKind, signal};
    use tonic::transport::{Server, server::TcpIncoming};
    use tonic::{Request, Response, Status};

    use proto::clean_data_service_server::{CleanDataService, CleanDataServiceServer};
    use proto::{CleanDataRequest, CleanDataResponse};

    mod proto {
        // A proto without a package.
        tonic::include_proto!("_");
    }

    const MAX_MESSAGE_BYTES: usize = 256 * 1024 * 1024;

    /// Each value averaged with its neighbours. Put your own step here.
    fn transform(values: &[f64]) -> Vec<f64> {
        let around = |at: usize| &values[at.saturating_sub(1)..(at + 2).min(values.len())];
        (0..values.len()).map(|at| around(at).iter().sum::<f64>() / around(at).len() as f64).collect()
    }

    struct CleanDataServicer;

    #[tonic::async_trait]
    impl CleanDataService for CleanDataServicer {
        async fn clean_data(
            &self,
            request: Request<CleanDataRequest>,
        ) -> Result<Response<CleanDataResponse>, Status> {
            let request = request.into_inner();
            let response = self.serve(request).await;
            // What went wrong is told in the response: `success` stays false.
            Ok(Response::new(
                response.unwrap_or_else(|message| CleanDataResponse { message, ..Default::default() }),
            ))
        }
    }

    impl CleanDataServicer {
        async fn serve(&self, request: CleanDataRequest) -> Result<CleanDataResponse, String> {
            if request.values.is_empty() {
                return Err("no values to work on".to_owned());
            }
            let values = transform(&request.values);
            Ok(CleanDataResponse { success: true, message: format!("{} values", values.len()), values })
        }
    }

    #[tokio::main]
    async fn main() -> Result<(), Box<dyn Error>> {
        let port = env::var("GRPC_PORT").as_deref().unwrap_or("50051").parse()?;
        let service = CleanDataServicer;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;

        let incoming = TcpIncoming::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
        eprintln!("clean_data listens on port {port}");
        let service = CleanDataServiceServer::new(service)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Server::builder()
            .add_service(service)
            .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), async move {
                tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            })
            .await?;
        Ok(())
    }
    "#);
}

#[test]
fn one_service_is_a_use_case() {
    let files = made(Template::Python, &["load"]);
    insta::assert_snapshot!(text(&files, "connections.json"), @r#"
    {
      "pipeline": {
        "name": "Wind day",
        "description": "Made by aieffect init.",
        "start_service": "load",
        "connections": [
        ],
        "operations": [
          {
            "service": "load",
            "method": "Load",
            "parameters": { "hours": 48 },
            "expect": ["size(values) > 0"]
          }
        ]
      }
    }
    "#);
    insta::assert_snapshot!(text(&files, "README.md"), @r"
    # Wind day

    Made by `aieffect init`: 1 Python service, one folder each in `services/`.

    ```text
    load
    ```

    | folder | does |
    |---|---|
    | `services/load` | Makes a series of hourly values. |

    Run it on this machine, without Docker:

    ```sh
    aieffect run .
    ```

    Make it yours: a service's operation is in its `proto/`, what it does in `server.py`, which service feeds which in
    `connections.json`. `aieffect check .` says what does not fit, and where.

    Files that go in or come out lie in `data/`; in messages they are called `data/<file>`.
    ");
}

#[test]
fn no_template_leaves_a_tag_or_an_open_end() {
    for template in [Template::Python, Template::Rust] {
        for services in [&["a"][..], &["a", "b"], &["a", "b", "c", "d"]] {
            for (path, text) in made(template, services) {
                assert!(!text.contains("{{") && !text.contains("}}"), "{path}:\n{text}");
                assert!(text.is_empty() || text.ends_with('\n'), "{path}");
                assert!(!text.contains("\n\n\n\n"), "{path}:\n{text}");
                assert!(text.lines().all(|line| line.trim_end() == line), "{path}:\n{text}");
            }
        }
    }
}
