//! What a service is told about a call.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

use super::access::Access;
use super::connection::Connection;
use crate::ports::Call;
use crate::run::Failure;

const RUN: HeaderName = HeaderName::from_static("aieffect-run-id");
const STEP: HeaderName = HeaderName::from_static("aieffect-step");
const SEQ: HeaderName = HeaderName::from_static("aieffect-seq");
const ATTEMPT: HeaderName = HeaderName::from_static("aieffect-attempt");
const TRACE: HeaderName = HeaderName::from_static("traceparent");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The heads of calls. A step's calls differ in little: what they share is put together once.
#[derive(Debug, Default)]
pub(super) struct Heads(Mutex<VecDeque<Shared>>);

/// So many steps are remembered.
const MOST_SHARED: usize = 32;

/// What the calls of one step share.
#[derive(Debug)]
struct Shared {
    /// The same memory, not only the same text: a look at one takes no time.
    path: Arc<str>,
    run: Arc<str>,
    step: Arc<str>,
    attempt: NonZeroU32,
    deadline: Option<Duration>,
    head: Request<()>,
}

impl Heads {
    /// The head of a call over that connection.
    pub(super) fn request(
        &self,
        connection: &Connection,
        call: &Call,
        access: &Access,
    ) -> Result<Request<()>, Failure> {
        let mut request = self.shared(connection, call, access)?;
        let headers = request.headers_mut();
        headers.insert(SEQ, passing(call.metadata.seq.into()));
        headers.insert(TRACE, passing(text(&call.metadata.traceparent, &TRACE)?));
        Ok(request)
    }

    fn shared(&self, connection: &Connection, call: &Call, access: &Access) -> Result<Request<()>, Failure> {
        // What is in there is whole at any time.
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.iter().find(|shared| shared.is_of(call));
        if let Some(Shared { head, .. }) =
            known.filter(|shared| shared.head.uri().authority() == Some(&connection.authority))
        {
            return Ok(head.clone());
        }
        let head = head(connection, call, access)?;
        if heads.len() >= MOST_SHARED {
            heads.pop_back();
        }
        let about = &call.metadata;
        heads.push_front(Shared {
            path: Arc::clone(&call.path),
            run: Arc::clone(&about.run),
            step: Arc::clone(&about.step),
            attempt: about.attempt,
            deadline: call.deadline,
            head: head.clone(),
        });
        Ok(head)
    }
}

impl Shared {
    fn is_of(&self, call: &Call) -> bool {
        let about = &call.metadata;
        Arc::ptr_eq(&self.step, &about.step)
            && Arc::ptr_eq(&self.run, &about.run)
            && Arc::ptr_eq(&self.path, &call.path)
            && self.attempt == about.attempt
            && self.deadline == call.deadline
    }
}

/// What stands in the head of every call of a step.
fn head(connection: &Connection, call: &Call, access: &Access) -> Result<Request<()>, Failure> {
    let mut request = bare(connection, &call.path)?;
    let headers = request.headers_mut();
    let about = &call.metadata;
    headers.insert(RUN, text(&about.run, &RUN)?);
    headers.insert(STEP, text(&about.step, &STEP)?);
    headers.insert(ATTEMPT, about.attempt.get().into());
    if let Some(deadline) = call.deadline {
        headers.insert(TIMEOUT, timeout(deadline));
    }
    access.authorize(headers);
    Ok(request)
}

/// The head of a call that says nothing about itself.
pub(super) fn bare(connection: &Connection, path: &str) -> Result<Request<()>, Failure> {
    let no_path = || Failure::Protocol { reason: format!("`{path}` is no path of an RPC") };
    let target: PathAndQuery = path.parse().map_err(|_| no_path())?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(connection.scheme.clone());
    parts.authority = Some(connection.authority.clone());
    parts.path_and_query = Some(target);
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| no_path())?;
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("grpc-rust-aieffect/", env!("CARGO_PKG_VERSION"))),
    );
    *request.headers_mut() = headers;
    Ok(request)
}

fn text(value: &str, name: &HeaderName) -> Result<HeaderValue, Failure> {
    let parsed = HeaderValue::from_str(value);
    parsed.map_err(|_| Failure::Protocol { reason: format!("`{value}` cannot be sent as `{name}`") })
}

/// A value that never comes again: it is kept out of the connection's table of headers, which it would only churn.
fn passing(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// At most eight digits and a unit, says gRPC.
fn timeout(deadline: Duration) -> HeaderValue {
    // As good as none, and within what every implementation reads.
    const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    const MOST: u128 = 99_999_999;
    let deadline = deadline.min(LONGEST);
    let (number, unit) = match (deadline.as_micros(), deadline.as_millis()) {
        (micros, _) if micros <= MOST => (micros, 'u'),
        (_, millis) if millis <= MOST => (millis, 'm'),
        _ => (deadline.as_secs().into(), 'S'),
    };
    // Digits and a letter: this cannot fail.
    HeaderValue::try_from(format!("{number}{unit}")).unwrap_or(HeaderValue::from_static("604800S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_has_at_most_eight_digits() {
        let said = |deadline| timeout(deadline).to_str().unwrap().to_owned();
        assert_eq!(said(Duration::from_millis(1500)), "1500000u");
        assert_eq!(said(Duration::from_secs(300)), "300000m");
        assert_eq!(said(Duration::from_secs(7 * 24 * 3600)), "604800S");
        assert_eq!(said(Duration::MAX), "604800S");
        assert_eq!(said(Duration::ZERO), "0u");
    }
}
