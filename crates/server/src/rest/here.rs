//! Keeps pages of a browser away from a server that wants no key.
//!
//! A page can have its own name lead to this machine, and then speak to a server here as if it were its own. The name
//! that it was asked for by gives it away.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::uri::Authority;

use super::problem::Problem;
use crate::kind::Kind;

/// Lets through what was asked for by a name of this machine alone.
pub(super) async fn only_here(request: Request, next: Next) -> Response {
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(Authority::as_str));
    if named.is_some_and(is_here) {
        return next.run(request).await;
    }
    let detail = "without keys this server answers to `localhost` and 127.0.0.1 alone";
    Problem::new(Kind::Forbidden, detail).into_response()
}

fn is_here(host: &str) -> bool {
    let Ok(host) = host.parse::<Authority>() else { return false };
    let host = host.host().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        for host in ["localhost", "LocalHost:50101", "127.0.0.1:1", "127.8.8.8", "[::1]:50101"] {
            assert!(is_here(host), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example:50101", "10.0.0.1", "127.0.0.1.nip.io", "[::]:1"]
        {
            assert!(!is_here(host), "{host}");
        }
    }
}
