//! What a status of the client library really means.

use std::error::Error;

use tonic::{Code, ConnectError, Status, TimeoutExpired};

use super::MESSAGE_LIMIT;
use super::tls::{Trouble, trouble};
use crate::run::{Direction, Failure, StatusCode};

/// The failure behind a status. One with a source was made by the library, of a connection's error; one
/// without came from the service, or is about a message's size or form.
pub(super) fn failure_of(status: &Status) -> Failure {
    let Some(source) = status.source() else { return said_by_the_service(status) };
    let reason = root_cause(source);
    if has_cause::<TimeoutExpired>(source) {
        return timed_out();
    }
    if has_cause::<ConnectError>(source) || was_not_sent(status, source) {
        return Failure::NeverReached { reason };
    }
    Failure::Lost { reason }
}

/// `hyper` gives a request that it has not sent back as cancelled, without an error of the protocol below it;
/// a service refuses streams that it has not looked at.
fn was_not_sent(status: &Status, source: &(dyn Error + 'static)) -> bool {
    let below = causes(source).find_map(|cause| cause.downcast_ref::<h2::Error>());
    match below {
        Some(error) => error.reason() == Some(h2::Reason::REFUSED_STREAM),
        None => status.code() == Code::Cancelled,
    }
}

/// What kept a connection from being made, or from lasting.
pub(super) fn connecting_failed(error: &(dyn Error + 'static)) -> Trouble {
    trouble(causes(error)).unwrap_or_else(|| Trouble::Passing(innermost(error)))
}

/// Why there is no connection, in words.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
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

fn said_by_the_service(status: &Status) -> Failure {
    let message = status.message();
    if let Some(failure) = too_large(status.code(), message) {
        return failure;
    }
    match StatusCode::new(status.code() as i32 as u32) {
        Some(code) => Failure::Status { code, message: message.to_owned() },
        None => Failure::Protocol { reason: format!("an error with status OK: {message}") },
    }
}

/// A size limit, in the words of tonic (which says it for our own limit too) and of grpcio.
fn too_large(code: Code, message: &str) -> Option<Failure> {
    let (size, limit) = match code {
        Code::OutOfRange | Code::ResourceExhausted if message.contains("message length too large") => {
            let (size, limit) = message.split_once("limit")?;
            (first_number(size)?, first_number(limit)?)
        }
        Code::ResourceExhausted if message.contains("message larger than max") => {
            let (size, limit) = message.split_once(" vs")?;
            (first_number(size)?, first_number(limit)?)
        }
        _ => return None,
    };
    // Nothing over our limit is ever sent, so a message over it is one that came.
    let ours = MESSAGE_LIMIT as u64;
    let direction = if limit == ours && size > ours { Direction::Response } else { Direction::Request };
    Some(Failure::TooLarge { direction, limit, size: Some(size) })
}

fn first_number(text: &str) -> Option<u64> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let digits = &text[start..];
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The library's own clock runs beside ours for the same time; when it is first, its word is as good.
fn timed_out() -> Failure {
    let message = "the deadline passed".to_owned();
    Failure::Status { code: StatusCode::DeadlineExceeded, message }
}

fn has_cause<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<E>())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
