//! What the end of a call means: its status, its connection's error, or neither.

use std::error::Error;

use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderMap, StatusCode as HttpStatus};
use percent_encoding::percent_decode;

use super::tls::{Trouble, trouble};
use crate::run::{Direction, Failure, StatusCode};

const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";
/// What is kept of what a service says of its failure, in bytes.
const MOST_TEXT: usize = 64 * 1024;

/// The failure behind an error of a stream or of its connection.
pub(super) fn failure_of(error: &h2::Error) -> Failure {
    if was_not_sent(error) { never_reached(error) } else { Failure::Lost { reason: root_cause(error) } }
}

/// The failure of a call of which nothing was sent.
pub(super) fn never_reached(error: &h2::Error) -> Failure {
    Failure::NeverReached { reason: root_cause(error) }
}

/// A service refuses streams that it has not looked at, and says where it stopped looking when it goes away.
fn was_not_sent(error: &h2::Error) -> bool {
    let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let went_away = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    is_refused || (error.is_remote() && went_away)
}

/// How a call has ended whose response begins like this; `None` when messages follow.
pub(super) fn head(parts: &Parts) -> Option<Result<(), Failure>> {
    if parts.headers.contains_key(STATUS) {
        return Some(trailer(Some(&parts.headers)));
    }
    if parts.status != HttpStatus::OK {
        let code = of_http(parts.status);
        let message = format!("it speaks HTTP, and not gRPC: {}", parts.status);
        return Some(Err(Failure::Status { code, message }));
    }
    let kind = parts.headers.get(CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()));
    let kind = kind.filter(|kind| !kind.starts_with("application/grpc"))?;
    Some(Err(Failure::Protocol { reason: format!("it answers with {kind}, and not with gRPC messages") }))
}

/// What the status at a call's end says.
pub(super) fn trailer(headers: Option<&HeaderMap>) -> Result<(), Failure> {
    let Some(code) = headers.and_then(|headers| headers.get(STATUS)) else {
        let message = "its answer ended without a status".to_owned();
        return Err(Failure::Status { code: StatusCode::Unknown, message });
    };
    let number = code.to_str().ok().and_then(|code| code.parse().ok());
    let Some(code) = number.map_or(Some(StatusCode::Unknown), StatusCode::new) else { return Ok(()) };
    let message = headers.and_then(|headers| headers.get(MESSAGE)).map(|message| message.as_bytes());
    let message = message.unwrap_or_default();
    let message = percent_decode(&message[..message.len().min(MOST_TEXT)]).decode_utf8_lossy().into_owned();
    Err(too_large(code, &message).unwrap_or(Failure::Status { code, message }))
}

/// What gRPC takes an HTTP status for (grpc/doc/http-grpc-status-mapping.md).
fn of_http(status: HttpStatus) -> StatusCode {
    match status.as_u16() {
        400 => StatusCode::Internal,
        401 => StatusCode::Unauthenticated,
        403 => StatusCode::PermissionDenied,
        404 => StatusCode::Unimplemented,
        429 | 502 | 503 | 504 => StatusCode::Unavailable,
        _ => StatusCode::Unknown,
    }
}

/// What kept a connection from being made, or from lasting.
pub(in crate::transport) fn connecting_failed(error: &(dyn Error + 'static)) -> Trouble {
    trouble(causes(error)).unwrap_or_else(|| Trouble::Passing(innermost(error)))
}

/// Why there is no connection, in words.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    match connecting_failed(error) {
        Trouble::Lasting(reason) | Trouble::Passing(reason) => reason,
    }
}

/// The innermost error's text: the outer ones say "transport error".
fn innermost(error: &(dyn Error + 'static)) -> String {
    let text = causes(error).last().map(ToString::to_string).unwrap_or_default();
    match text.split_once(" (os error") {
        Some((what, _)) => what.to_lowercase(),
        None => text,
    }
}

/// A size limit of the service's, in the words of tonic and of grpcio.
fn too_large(code: StatusCode, message: &str) -> Option<Failure> {
    let (size, limit) = match code {
        StatusCode::OutOfRange | StatusCode::ResourceExhausted
            if message.contains("message length too large") =>
        {
            let (size, limit) = message.split_once("limit")?;
            (first_number(size)?, first_number(limit)?)
        }
        StatusCode::ResourceExhausted if message.contains("message larger than max") => {
            let (size, limit) = message.split_once(" vs")?;
            (first_number(size)?, first_number(limit)?)
        }
        _ => return None,
    };
    Some(Failure::TooLarge { direction: Direction::Request, limit, size: Some(size) })
}

fn first_number(text: &str) -> Option<u64> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let digits = &text[start..];
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn ended(status: Option<&str>, message: Option<&'static [u8]>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(status) = status {
            headers.insert(STATUS, status.parse().unwrap());
        }
        if let Some(message) = message {
            headers.insert(MESSAGE, HeaderValue::from_bytes(message).unwrap());
        }
        trailer(Some(&headers)).map_or_else(|failure| failure.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn a_status_is_read_as_it_comes() {
        assert_eq!(ended(Some("0"), None), "ok");
        assert_eq!(ended(Some("7"), Some(b"not%20you")), "the service answered PERMISSION_DENIED: not you");
        assert_eq!(ended(Some("99"), None), "the service answered UNKNOWN");
        assert_eq!(ended(Some("x"), None), "the service answered UNKNOWN");
        assert_eq!(ended(None, None), "the service answered UNKNOWN: its answer ended without a status");
        assert_eq!(
            ended(Some("2"), Some(b"%zz%ff\xff")),
            "the service answered UNKNOWN: %zz\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn a_service_s_own_size_limit_is_told_apart() {
        let python = b"Received message larger than max (5242893 vs. 4194304)";
        let text = "the request has 5.0 MiB and is over the limit of 4 MiB";
        assert!(ended(Some("8"), Some(python)).starts_with(text), "{}", ended(Some("8"), Some(python)));
        let tonic =
            b"Error, decoded message length too large: found 5242893 bytes, the limit is: 4194304 bytes";
        assert!(ended(Some("11"), Some(tonic)).starts_with(text), "{}", ended(Some("11"), Some(tonic)));
        assert_eq!(ended(Some("8"), Some(b"no room")), "the service answered RESOURCE_EXHAUSTED: no room");
    }

    #[test]
    fn what_is_no_grpc_is_said() {
        let said = |status: u16, kind: &str| {
            let response =
                http::Response::builder().status(status).header(CONTENT_TYPE, kind).body(()).unwrap();
            head(&response.into_parts().0).map(|ended| ended.unwrap_err().to_string())
        };
        assert_eq!(said(200, "application/grpc+proto"), None);
        assert_eq!(
            said(404, "text/html").unwrap(),
            "the service answered UNIMPLEMENTED: it speaks HTTP, and not gRPC: 404 Not Found"
        );
        assert_eq!(
            said(200, "text/html").unwrap(),
            "the service broke the protocol: it answers with text/html, and not with gRPC messages"
        );
    }
}
