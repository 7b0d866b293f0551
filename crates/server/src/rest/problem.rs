//! What went wrong, as RFC 9457 has it.

use std::error::Error as _;

use aieffect_blueprint::{Diagnostic, Findings};
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::keys::Denied;
use crate::kind::Kind;
use crate::listen::TooSlow;
use crate::notices::Reason;
use crate::packages::Refusal;
use crate::runs::Error;

/// How long whoever finds the server full is asked to wait, in seconds.
const PATIENCE: u32 = 2;

/// A status, and the word that stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
}

/// What only HTTP has.
pub(super) const NOT_FOUND: Told = Told { status: StatusCode::NOT_FOUND, code: "not_found" };
pub(super) const OTHER_METHOD: Told =
    Told { status: StatusCode::METHOD_NOT_ALLOWED, code: "method_not_allowed" };
pub(super) const OTHER_MEDIA_TYPE: Told =
    Told { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, code: "unsupported_media_type" };
pub(super) const TOO_LARGE: Told = Told { status: StatusCode::PAYLOAD_TOO_LARGE, code: "too_large" };
pub(super) const TOO_SLOW: Told = Told { status: StatusCode::REQUEST_TIMEOUT, code: "too_slow" };
/// JSON of another form.
pub(super) const NOT_ITS_FORM: Told = Told { status: StatusCode::UNPROCESSABLE_ENTITY, code: "bad_request" };
pub(super) const INTERNAL: Told = Told { status: StatusCode::INTERNAL_SERVER_ERROR, code: "internal" };

impl From<Kind> for Told {
    fn from(kind: Kind) -> Self {
        Self { status: status(kind), code: kind.as_str() }
    }
}

/// A response that says what went wrong.
#[derive(Debug)]
pub(super) struct Problem {
    told: Told,
    detail: String,
    findings: Vec<Value>,
}

impl Problem {
    pub(super) fn new(told: impl Into<Told>, detail: impl Into<String>) -> Self {
        Self { told: told.into(), detail: detail.into(), findings: Vec::new() }
    }

    /// A request that is not understood.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { told: Told { status, code }, detail, findings } = self;
        let mut body = json!({
            "type": format!("urn:aieffect:problem:{code}"),
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": &detail,
            "code": code,
        });
        if !findings.is_empty() {
            body["findings"] = findings.into();
        }
        let mut response = (status, body.to_string()).into_response();
        response.extensions_mut().insert(Reason(detail.into()));
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
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(TOO_LARGE, "the body is larger than what is taken here");
        }
        if is_too_slow(&rejection) {
            return Self::new(TOO_SLOW, TooSlow.to_string());
        }
        Self::bad(format!("the body did not come whole: {}", rejection.body_text()))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Self::new(Kind::from(&error), error.to_string());
        match error {
            Error::Refused(Refusal::Findings(found)) => Self { findings: findings(&found), ..problem },
            _ => problem,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Error::from(refusal).into()
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::new(Kind::from(&denied), denied.to_string())
    }
}

/// Whether a body was given up because it did not come in time.
pub(crate) fn is_too_slow(rejection: &BytesRejection) -> bool {
    let mut cause = rejection.source();
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::BadRequest => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden | Kind::EndpointNotAllowed => StatusCode::FORBIDDEN,
        Kind::NoSuchPipeline | Kind::NoSuchRun => StatusCode::NOT_FOUND,
        Kind::InUse | Kind::WrongState | Kind::Busy => StatusCode::CONFLICT,
        Kind::Findings | Kind::IdempotencyKeyReused | Kind::NoSuchStep | Kind::BadServiceKey => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Kind::TooManyRuns => StatusCode::TOO_MANY_REQUESTS,
        Kind::Store | Kind::Stopping => StatusCode::SERVICE_UNAVAILABLE,
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
