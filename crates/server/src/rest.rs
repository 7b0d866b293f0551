//! The native API over HTTP: the same resources as over gRPC, as JSON, under `/api/v1`.
//!
//! What goes wrong is told as RFC 9457 has it, with a stable `code`. Events come as JSON, or as they happen by
//! server-sent events, from where `Last-Event-ID` says. All of it is described at `/openapi.json`, and for people at `/docs`.

mod docs;
mod documents;
mod events;
mod here;
mod metrics;
mod openapi;
mod packages;
mod problem;
mod runs;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRef, FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;

use self::openapi::Callers;
pub(crate) use self::problem::is_too_slow;
use self::problem::{NOT_FOUND, OTHER_METHOD, Problem};
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
    described: Described,
}

/// What all this is, for programs and for people.
#[derive(Clone)]
struct Described {
    document: Bytes,
    page: Arc<str>,
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
    let callers = if keys.is_open() { Callers::Anybody } else { Callers::Known };
    let document = openapi::document(callers);
    let described = Described { page: docs::page(&document).into(), document: document.to_string().into() };
    let every =
        routes().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    every
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .fallback(async || Problem::new(NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || Problem::new(OTHER_METHOD, "this path takes other methods"))
        .with_state(Face { runs, keys, described })
}

/// Every path, and what is done there.
fn routes() -> [(&'static str, MethodRouter<Face>); 16] {
    let package = DefaultBodyLimit::max(LARGEST_PACKAGE);
    [
        ("/api/v1/pipelines", get(packages::list).post(packages::put).layer(package)),
        ("/api/v1/pipelines/{digest}", get(packages::get).delete(packages::remove)),
        ("/api/v1/pipelines/{digest}/package", get(packages::zip)),
        ("/api/v1/pipelines/{digest}/nodes", get(packages::nodes)),
        ("/api/v1/runs", get(runs::list).post(runs::begin)),
        ("/api/v1/runs/{run}", get(runs::get).delete(runs::forget)),
        ("/api/v1/runs/{run}/cancel", post(runs::cancel)),
        ("/api/v1/runs/{run}/resume", post(runs::resume)),
        ("/api/v1/runs/{run}/results", get(runs::results)),
        ("/api/v1/runs/{run}/events", get(events::get)),
        ("/livez", get(async || "ok\n")),
        ("/readyz", get(ready)),
        ("/metrics", get(metrics::get)),
        ("/openapi.json", get(document)),
        ("/docs", get(page)),
        ("/docs/style.css", get(docs::style)),
    ]
}

/// Whether runs can be begun: the store answers.
async fn ready(State(runs): State<Runs>) -> Response {
    match runs.check().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            // Anybody may ask: where the store is and what is wrong with it stands in the log.
            let reason = Extension(Reason(error.to_string().into()));
            (StatusCode::SERVICE_UNAVAILABLE, reason, "not ready\n").into_response()
        }
    }
}

async fn document(State(face): State<Face>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], face.described.document)
}

async fn page(State(face): State<Face>) -> Response {
    docs::shown(face.described.page.to_string())
}

/// A caller who may see.
struct Reader;
/// A caller who may begin and steer runs.
struct Runner(Caller);
/// A caller who may take away.
struct Admin;
/// A place for a package that comes in, until it has been taken.
struct Receiving {
    _place: OwnedSemaphorePermit,
}

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

impl FromRequestParts<Face> for Receiving {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, face: &Face) -> Result<Self, Problem> {
        Ok(Self { _place: face.runs.receive().await? })
    }
}

fn caller(parts: &Parts, face: &Face, scope: Scope) -> Result<Caller, Problem> {
    Ok(face.keys.admit(bearer(&parts.headers), scope)?)
}
