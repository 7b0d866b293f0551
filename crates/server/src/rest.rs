//! The native API over HTTP: the same resources as over gRPC, as JSON, under `/api/v1`.
//!
//! What goes wrong is told as RFC 9457 has it, with a stable `code`. Events come as JSON, or as they happen by
//! server-sent events, from where `Last-Event-ID` says.

mod documents;
mod events;
mod here;
mod metrics;
mod packages;
mod problem;
mod runs;

use std::io;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::StatusCode;
use http::request::Parts;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::problem::Problem;
use crate::keys::{Caller, Keys, Scope, bearer};
use crate::notices::Reason;
use crate::runs::Runs;

/// Bytes of a package, zipped or as documents.
const LARGEST_PACKAGE: usize = 64 * 1024 * 1024;
/// Bytes of any other request.
const LARGEST_REQUEST: usize = 4 * 1024 * 1024;

/// What every request is answered with.
#[derive(Clone)]
struct Face {
    runs: Runs,
    keys: Arc<Keys>,
}

impl FromRef<Face> for Runs {
    fn from_ref(face: &Face) -> Self {
        face.runs.clone()
    }
}

/// The same for callers on this machine alone, by a name that is this machine's: for a server that wants no keys, which any
/// page in a browser here could speak to otherwise.
pub fn only_here(router: Router) -> Router {
    router.layer(axum::middleware::from_fn(here::only_here))
}

/// The face for these runs and keys.
pub fn router(runs: Runs, keys: Arc<Keys>) -> Router {
    let packages = Router::new()
        .route("/pipelines", get(packages::list).post(packages::put))
        .layer(DefaultBodyLimit::max(LARGEST_PACKAGE));
    let others = Router::new()
        .route("/pipelines/{digest}", get(packages::get).delete(packages::remove))
        .route("/pipelines/{digest}/package", get(packages::zip))
        .route("/pipelines/{digest}/nodes", get(packages::nodes))
        .route("/runs", get(runs::list).post(runs::begin))
        .route("/runs/{run}", get(runs::get).delete(runs::forget))
        .route("/runs/{run}/cancel", post(runs::cancel))
        .route("/runs/{run}/resume", post(runs::resume))
        .route("/runs/{run}/results", get(runs::results))
        .route("/runs/{run}/events", get(events::get))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST));
    Router::new()
        .nest("/api/v1", packages.merge(others))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::get))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path takes other methods",
            )
        })
        .with_state(Face { runs, keys })
}

/// Answers requests until it is told to stop, and those that were begun by then. Streams of events that are open end with their
/// runs, so whoever stops this gives it a time.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// Whether runs can be begun: the store answers.
async fn ready(axum::extract::State(runs): axum::extract::State<Runs>) -> Response {
    match runs.check().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            let body = format!("{error}\n");
            (StatusCode::SERVICE_UNAVAILABLE, Extension(Reason(error.to_string().into())), body)
                .into_response()
        }
    }
}

/// A caller who may see.
struct Reader;
/// A caller who may begin and steer runs.
struct Runner(Caller);
/// A caller who may take away.
struct Admin;

impl FromRequestParts<Face> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        caller(parts, face, Scope::Read).map(|_| Self)
    }
}

impl FromRequestParts<Face> for Runner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        caller(parts, face, Scope::Run).map(Self)
    }
}

impl FromRequestParts<Face> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        caller(parts, face, Scope::Admin).map(|_| Self)
    }
}

fn caller(parts: &Parts, face: &Face, scope: Scope) -> Result<Caller, Problem> {
    Ok(face.keys.admit(bearer(&parts.headers), scope)?)
}
