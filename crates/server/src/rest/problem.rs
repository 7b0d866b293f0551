//! What went wrong, as RFC 9457 has it.

use aieffect_blueprint::{Diagnostic, Findings};
use aieffect_orchestrator::ports::StoreError;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::packages::Refusal;
use crate::runs::Error;

/// How long whoever finds the server full is asked to wait, in seconds.
const PATIENCE: u32 = 2;

/// A response that says what went wrong.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    findings: Vec<Value>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), findings: Vec::new() }
    }

    /// A request that is not understood.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, code, detail, findings } = self;
        let mut body = json!({
            "type": format!("urn:aieffect:problem:{code}"),
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": detail,
            "code": code,
        });
        if !findings.is_empty() {
            body["findings"] = findings.into();
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, PATIENCE.into());
            }
            _ => {}
        }
        response
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let code =
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "bad_request" };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Full { .. } => Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_runs", detail),
            Error::OtherRequest { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail)
            }
            Error::NoRun { .. } => Self::new(StatusCode::NOT_FOUND, "no_such_run", detail),
            Error::WrongState { .. } => Self::new(StatusCode::CONFLICT, "wrong_state", detail),
            Error::NoStep { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "no_such_step", detail),
            Error::Store(StoreError::NoRun { run, .. }) => {
                Self::new(StatusCode::NOT_FOUND, "no_such_run", format!("there is no run {run}"))
            }
            Error::Store(StoreError::Busy { .. }) => Self::new(StatusCode::CONFLICT, "busy", detail),
            Error::Store(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", detail),
            Error::Stopping => Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Findings(found) => {
                let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "findings", detail);
                Self { findings: findings(&found), ..problem }
            }
            Refusal::Unknown { .. } => Self::new(StatusCode::NOT_FOUND, "no_such_pipeline", detail),
            Refusal::Folder { .. } => Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", detail),
        }
    }
}

/// Findings, as `aieffect check --format json` shows them, without their excerpts.
pub(super) fn findings(found: &Findings) -> Vec<Value> {
    const MOST: usize = 200;
    found.iter().take(MOST).map(finding).collect()
}

fn finding(finding: &Diagnostic) -> Value {
    let places = finding.labels.iter().map(|label| {
        let (line, column) = label.source.line_column(label.span.start);
        json!({"file": label.source.name(), "line": line, "column": column, "note": label.note})
    });
    json!({
        "severity": finding.severity.as_str(),
        "code": finding.code.as_str(),
        "message": finding.message,
        "places": places.collect::<Vec<_>>(),
        "help": finding.help,
    })
}
