//! What whoever runs the server is told as it happens, beside what happens in runs: [`Notice`].

use std::sync::Arc;

use aieffect_orchestrator::engine::{Observer, RunId};
use aieffect_orchestrator::plan::Plan;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use percent_encoding::percent_decode_str;

/// Letters of a request's path that are told.
const LONGEST_PATH: usize = 200;

/// Something that somebody may have to look after.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// A run cannot go on by itself.
    Interrupted {
        /// Which.
        run: &'a RunId,
        /// Why.
        reason: &'a str,
    },
    /// A run waits for the key for its services.
    NeedsKey {
        /// Which.
        run: &'a RunId,
    },
    /// A run that nobody worked on was cancelled.
    Cancelled {
        /// Which.
        run: &'a RunId,
    },
    /// A run that need not be kept any more could not be forgotten.
    NotForgotten {
        /// Which.
        run: &'a RunId,
        /// Why.
        reason: &'a str,
    },
    /// A request could not be answered, which is not its own fault.
    RequestFailed {
        /// Method and path.
        request: &'a str,
        /// What it was answered with.
        status: &'a str,
        /// Why.
        reason: &'a str,
    },
}

/// Takes notices. It is called wherever something happens, and must not block.
pub type Notices = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;

/// Who sees the events of a run.
pub type ObserverFor = Arc<dyn Fn(&RunId, &Arc<Plan>) -> Observer + Send + Sync>;

/// Why a request was answered as it was, for notices alone.
#[derive(Debug, Clone)]
pub(crate) struct Reason(pub(crate) Arc<str>);

/// The same, but of requests that fail it is told.
pub fn telling(router: Router, notices: Notices) -> Router {
    router.layer(from_fn_with_state(notices, tell))
}

async fn tell(State(notices): State<Notices>, request: Request, next: Next) -> Response {
    // What stands behind the path may be anybody's, and is not repeated.
    let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let asked = format!("{} {path}", request.method());
    let response = next.run(request).await;
    if let Some((status, reason)) = failure(&response) {
        notices(&Notice::RequestFailed { request: &asked, status: &status, reason: &reason });
    }
    response
}

/// Status and reason of a response that says that the server failed.
fn failure(response: &Response) -> Option<(String, String)> {
    let status = response.status();
    if status.is_server_error() {
        let reason = response.extensions().get::<Reason>().map(|reason| reason.0.to_string());
        return Some((status.as_str().to_owned(), reason.unwrap_or_default()));
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let word = match text("grpc-status")? {
        "2" => "UNKNOWN",
        "13" => "INTERNAL",
        "14" => "UNAVAILABLE",
        "15" => "DATA_LOSS",
        _ => return None,
    };
    let reason = percent_decode_str(text("grpc-message").unwrap_or_default()).decode_utf8_lossy();
    Some((word.to_owned(), reason.into_owned()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn told(status: u16, headers: &[(&'static str, &'static str)]) -> Option<(String, String)> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let mut response = response.body(Body::empty()).unwrap();
        response.extensions_mut().insert(Reason("no disk".into()));
        failure(&response)
    }

    #[test]
    fn only_what_is_the_server_s_fault_is_told() {
        let pair = |status: &str, reason: &str| Some((status.to_owned(), reason.to_owned()));
        assert_eq!(told(503, &[]), pair("503", "no disk"));
        assert_eq!(told(404, &[]), None);
        assert_eq!(told(200, &[]), None);
        let unavailable = [("grpc-status", "14"), ("grpc-message", "no%20disk%20%e2%80%a6")];
        assert_eq!(told(200, &unavailable), pair("UNAVAILABLE", "no disk …"));
        assert_eq!(told(200, &[("grpc-status", "5"), ("grpc-message", "none")]), None);
        assert_eq!(told(200, &[("grpc-status", "0")]), None);
    }
}
