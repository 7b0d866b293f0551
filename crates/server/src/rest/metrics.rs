//! What monitoring reads: `/metrics`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::Reader;
use crate::metrics::Form;
use crate::runs::Runs;

/// In the form that is asked for.
pub(super) async fn get(_: Reader, State(runs): State<Runs>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let form = Form::wanted(accept);
    ([(CONTENT_TYPE, form.media_type())], runs.metrics(form)).into_response()
}
