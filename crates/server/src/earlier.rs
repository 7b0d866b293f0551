//! The REST face of the earlier AI-EFFECT orchestrator, so that its portal and scripts work unchanged: paths, bodies and
//! codes as it had them.
//!
//! Documents that come this way carry no protos: every node is controlled over HTTP.

mod documents;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use aieffect_orchestrator::plan::PlanOptions;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use self::documents::Submission;
use crate::keys::{Caller, Keys, Scope, bearer};
use crate::notices::Reason;
use crate::packages::{Refusal, Wanted};
use crate::runs::{Error, Naming, Request, RunView, Runs, ServiceKey, State as RunState};
use crate::{rest, time};

const LARGEST: usize = 64 * 1024 * 1024;
/// How long a run that is to be deleted may take to end.
const ENDING: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(crate) struct Face {
    runs: Runs,
    keys: Arc<Keys>,
}

/// The face for these runs and keys.
pub fn router(runs: Runs, keys: Arc<Keys>) -> Router {
    let every =
        routes().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    every
        .layer(DefaultBodyLimit::max(LARGEST))
        .method_not_allowed_fallback(async || {
            Detail::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        })
        .with_state(Face { runs, keys })
}

/// Every path, and what is done there.
pub(crate) fn routes() -> [(&'static str, MethodRouter<Face>); 5] {
    [
        ("/workflows", post(submit)),
        ("/workflows/{workflow}", get(workflow).delete(delete)),
        ("/workflows/{workflow}/tasks", get(list)),
        ("/workflows/{workflow}/tasks/{task}", get(task)),
        ("/health", get(async || body(StatusCode::OK, &json!({"status": "ok"})))),
    ]
}

/// What went wrong, as it is told here.
struct Detail(StatusCode, Value);

impl Detail {
    fn new(status: StatusCode, detail: impl Into<Value>) -> Self {
        Self(status, detail.into())
    }

    /// A body that has not the form that it must have.
    fn form(place: &[&str], said: &str) -> Self {
        let place: Vec<&str> = [&["body"], place].concat();
        let detail = json!([{"type": "value_error", "loc": place, "msg": said}]);
        Self(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }
}

impl IntoResponse for Detail {
    fn into_response(self) -> Response {
        let mut response = body(self.0, &json!({ "detail": self.1 }));
        if let Some(detail) = self.1.as_str() {
            response.extensions_mut().insert(Reason(detail.into()));
        }
        if matches!(self.0, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<Error> for Detail {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match error {
            Error::NoRun { .. } => Self::new(StatusCode::NOT_FOUND, "Workflow not found"),
            Error::Full { .. } => Self::new(StatusCode::TOO_MANY_REQUESTS, said),
            Error::Refused(refusal) => refusal.into(),
            Error::NotAllowed { .. } => {
                Self::new(StatusCode::BAD_REQUEST, format!("Invalid dockerinfo: {said}"))
            }
            Error::BadServiceKey { .. } => Self::form(&["services_api_key"], &said),
            Error::WrongState { .. } | Error::InUse { .. } => Self::new(StatusCode::CONFLICT, said),
            Error::NotUnderstood { .. } | Error::OtherRequest { .. } | Error::NoStep { .. } => {
                Self::new(StatusCode::BAD_REQUEST, said)
            }
            Error::Store(_) | Error::Stopping => Self::new(StatusCode::SERVICE_UNAVAILABLE, said),
        }
    }
}

impl From<Refusal> for Detail {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Findings(findings) => Self::new(StatusCode::BAD_REQUEST, documents::said(&findings)),
            Refusal::Unknown { .. } => Self::new(StatusCode::NOT_FOUND, "Workflow not found"),
            Refusal::Folder { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
        }
    }
}

/// Whoever has a key that is good for runs; for all but `/health`.
struct Known(Caller);

impl FromRequestParts<Face> for Known {
    type Rejection = Detail;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Detail> {
        let scope = match parts.method {
            Method::GET | Method::HEAD => Scope::Read,
            _ => Scope::Run,
        };
        let admitted = face.keys.admit(bearer(&parts.headers), scope);
        admitted.map(Self).map_err(|_| Detail::new(StatusCode::UNAUTHORIZED, "Unauthorized"))
    }
}

/// A place for what comes in, until it has been taken.
struct Receiving {
    _place: OwnedSemaphorePermit,
}

impl FromRequestParts<Face> for Receiving {
    type Rejection = Detail;

    async fn from_request_parts(_: &mut Parts, face: &Face) -> Result<Self, Detail> {
        Ok(Self { _place: face.runs.receive().await? })
    }
}

async fn submit(
    Known(caller): Known,
    // Before the body is read, and until it has been taken.
    _receiving: Receiving,
    State(face): State<Face>,
    headers: HeaderMap,
    sent: Result<Bytes, BytesRejection>,
) -> Result<Response, Detail> {
    // A page in somebody's browser can send any other kind unasked.
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("application/json") {
        return Err(Detail::form(&[], "Input should be application/json"));
    }
    let sent = sent.map_err(|rejection| match rest::is_too_slow(&rejection) {
        true => Detail::new(StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
        false => Detail::new(rejection.status(), rejection.body_text()),
    })?;
    let Submission { files, inputs, service_key } = Submission::read(&sent)?;
    let runs = face.runs.clone();
    let put = tokio::task::spawn_blocking(move || runs.packages().put_files(&files));
    let stopped = |_| Detail::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
    let (package, _) = put.await.map_err(stopped)??;
    let request = Request {
        wanted: Wanted { package: package.digest, initial_data: inputs, options: PlanOptions::default() },
        caller: Arc::clone(caller.name()),
        idempotency: None,
        service_key: service_key.as_deref().map(ServiceKey::new),
        naming: Naming::Workflow,
    };
    let begun = face.runs.begin(request).await?;
    Ok(body(StatusCode::OK, &json!({"workflow_id": begun.run.as_str(), "status": "running"})))
}

async fn workflow(_: Known, State(face): State<Face>, Path(run): Path<String>) -> Result<Response, Detail> {
    let run = face.runs.view(&run).await?;
    let shown = json!({
        "workflow_id": run.id.as_str(),
        "status": status(run.state),
        "created_at": time::shown(run.created),
        "updated_at": time::shown(run.updated),
        "error": error(&run),
    });
    Ok(body(StatusCode::OK, &shown))
}

async fn list(_: Known, State(face): State<Face>, Path(run): Path<String>) -> Result<Response, Detail> {
    let tasks = tasks::of(&face.runs, &run).await?;
    Ok(body(StatusCode::OK, &json!({"workflow_id": run, "tasks": tasks})))
}

async fn task(
    _: Known,
    State(face): State<Face>,
    Path((run, task)): Path<(String, String)>,
) -> Result<Response, Detail> {
    let found = tasks::of(&face.runs, &run).await?.into_iter().find(|known| known["task_id"] == task);
    let found = found.ok_or_else(|| Detail::new(StatusCode::NOT_FOUND, "Task not found"))?;
    Ok(body(StatusCode::OK, &found))
}

/// Ends what is under way first.
async fn delete(
    Known(caller): Known,
    State(face): State<Face>,
    Path(run): Path<String>,
) -> Result<Response, Detail> {
    let news = face.runs.news(&run).await?;
    let view = face.runs.view(&run).await?;
    let is_own = view.caller == **caller.name() && view.id.as_str().starts_with("wf-");
    if !is_own && !caller.may(Scope::Admin) {
        return Err(Detail::new(StatusCode::FORBIDDEN, "Forbidden"));
    }
    if !view.state.is_over() {
        match face.runs.cancel(&run).await {
            // It ended at that moment.
            Ok(()) | Err(Error::WrongState { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(mut news) = news {
            let ended = async { while news.changed().await.is_ok() {} };
            // One that takes longer cannot be deleted yet, which is said below.
            tokio::time::timeout(ENDING, ended).await.ok();
        }
    }
    face.runs.forget(&run).await?;
    Ok(body(StatusCode::OK, &json!({"status": "deleted"})))
}

/// The word that was in use for it.
fn status(state: RunState) -> &'static str {
    match state {
        RunState::Waiting => "pending",
        RunState::Running => "running",
        RunState::Succeeded => "completed",
        RunState::Failed
        | RunState::Cancelled
        | RunState::Unreachable
        | RunState::Interrupted
        | RunState::NeedsKey => "failed",
    }
}

fn error(run: &RunView) -> Option<String> {
    if status(run.state) != "failed" {
        return None;
    }
    Some(run.reason.clone().unwrap_or_else(|| format!("the run is {}", run.state.as_str())))
}

fn body(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], value.to_string())
        .into_response()
}
