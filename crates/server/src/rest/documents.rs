//! Requests and responses as JSON.

use std::collections::BTreeMap;

use aieffect_orchestrator::store::StepHistory;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::Problem;
use crate::packages::KeptPackage;
use crate::runs::RunView;
use crate::time;

/// The body of a request, as JSON.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub(super) struct Json<T>(pub(super) T);

/// What stands behind the `?`.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(super) struct Query<T>(pub(super) T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "bad_request", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "bad_request", rejection.body_text())
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
}

/// Which of many.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) page_size: Option<usize>,
    #[serde(default)]
    pub(super) page_token: Option<String>,
}

#[derive(Serialize)]
pub(super) struct PackageJson {
    digest: String,
    name: String,
    created_at: String,
    size_bytes: u64,
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
