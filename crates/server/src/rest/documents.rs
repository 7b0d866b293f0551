//! Requests and responses as JSON.

use std::collections::BTreeMap;

use aieffect_orchestrator::store::StepHistory;
use axum::body::Bytes;
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use super::problem::{INTERNAL, NOT_ITS_FORM, OTHER_MEDIA_TYPE, Problem};
use crate::packages::KeptPackage;
use crate::runs::{NodeHealth, RunView};
use crate::time;

/// The body of a request, as JSON.
pub(super) struct Json<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        is_json(request.headers())?;
        let body = Bytes::from_request(request, state).await?;
        parsed(&body).map(Self)
    }
}

/// The same, where nothing stands for what is said by leaving all out.
pub(super) struct JsonOrNothing<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for JsonOrNothing<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let body = Bytes::from_request(request, state).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json?;
        parsed(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media_type(headers).as_str() {
        "application/json" => Ok(()),
        _ => Err(Problem::new(OTHER_MEDIA_TYPE, "the body is to be application/json")),
    }
}

/// What the body is said to be, without what is said beside that.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The words that a path has in places of its own.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::from_request_parts(parts, state).await;
        path.map(|extract::Path(path)| Self(path)).map_err(|error| Problem::bad(error.body_text()))
    }
}

/// What a body says. That it is no JSON is the request's fault, that it is another JSON too: 400 and 422.
pub(super) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let faulty = |error: serde_json::Error| match error.classify() {
        Category::Data => Problem::new(NOT_ITS_FORM, error.to_string()),
        Category::Syntax | Category::Eof | Category::Io => Problem::bad(format!("no JSON: {error}")),
    };
    // serde would take an array for the fields in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<IgnoredAny>(body).map_err(faulty)?;
        return Err(Problem::new(NOT_ITS_FORM, "the body is to be a JSON object, and is an array"));
    }
    serde_json::from_slice(body).map_err(faulty)
}

/// What stands behind the `?`: single words, each once.
pub(super) struct Query(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut words = BTreeMap::new();
        let text = parts.uri.query().unwrap_or_default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| {
                let text = percent_decode_str(text).decode_utf8();
                text.map(|text| text.into_owned()).map_err(|_| Problem::bad(format!("`{pair}` is no UTF-8")))
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            if words.insert(name.clone(), value).is_some() {
                return Err(Problem::bad(format!("`{name}` is given twice")));
            }
        }
        Ok(Self(words))
    }
}

impl Query {
    /// Takes a word out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The same as a number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let number = |text: String| text.parse().map_err(|_| Problem::bad(format!("`{name}` is no number")));
        self.take(name).map(number).transpose()
    }

    /// Nothing else may be there.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            Some(name) => Err(Problem::bad(format!("there is no `{name}` here"))),
            None => Ok(()),
        }
    }
}

/// A body as JSON.
pub(super) struct Answer<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Problem::new(INTERNAL, error.to_string()).into_response(),
        }
    }
}

/// A package as documents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageBody {
    pub(super) blueprint: Value,
    pub(super) dockerinfo: Value,
    #[serde(default)]
    pub(super) execution: Option<Value>,
    /// By path below the package, such as `microservice/meter1.proto`.
    #[serde(default)]
    pub(super) protos: BTreeMap<String, String>,
}

/// A run to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunBody {
    pub(super) pipeline: String,
    #[serde(default)]
    pub(super) initial_data: Option<Value>,
    #[serde(default)]
    pub(super) mode: Option<ModeWord>,
    /// What the services of the run are shown.
    #[serde(default)]
    pub(super) services_api_key: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModeWord {
    Batch,
    Live,
}

/// What a run is gone on with.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ResumeBody {
    #[serde(default)]
    pub(super) redo: Vec<String>,
    #[serde(default)]
    pub(super) services_api_key: Option<String>,
}

#[derive(Serialize)]
pub(super) struct PackageJson {
    digest: String,
    name: String,
    created_at: String,
    size_bytes: u64,
}

#[derive(Serialize)]
pub(super) struct NodeJson {
    name: String,
    address: String,
    is_ready: bool,
    reason: Option<String>,
    calls_refused: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RunJson {
    id: String,
    pipeline: String,
    name: String,
    key: String,
    mode: String,
    state: &'static str,
    reason: Option<String>,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepJson>,
}

#[derive(Serialize)]
pub(super) struct StepJson {
    step: String,
    state: &'static str,
    calls: u64,
    attempts: u64,
    messages: u64,
    bytes: u64,
    began_at: Option<String>,
    ended_at: Option<String>,
    failure: Option<String>,
}

impl From<NodeHealth> for NodeJson {
    fn from(node: NodeHealth) -> Self {
        let NodeHealth { name, address, trouble, refused } = node;
        Self { name, address, is_ready: trouble.is_none(), reason: trouble, calls_refused: refused }
    }
}

impl From<KeptPackage> for PackageJson {
    fn from(package: KeptPackage) -> Self {
        Self {
            digest: package.digest,
            name: package.name,
            created_at: time::shown(package.created),
            size_bytes: package.size,
        }
    }
}

impl From<RunView> for RunJson {
    fn from(run: RunView) -> Self {
        Self {
            id: run.id.to_string(),
            pipeline: run.package,
            name: run.pipeline,
            key: run.caller,
            mode: run.mode,
            state: run.state.as_str(),
            reason: run.reason,
            created_at: time::shown(run.created),
            updated_at: time::shown(run.updated),
            steps: run.steps.into_iter().map(StepJson::from).collect(),
        }
    }
}

impl From<StepHistory> for StepJson {
    fn from(step: StepHistory) -> Self {
        Self {
            step: step.name,
            state: step.state.as_str(),
            calls: step.calls,
            attempts: step.attempts,
            messages: step.messages,
            bytes: step.bytes,
            began_at: step.began.map(time::shown),
            ended_at: step.ended.map(time::shown),
            failure: step.failure,
        }
    }
}
