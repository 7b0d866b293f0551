//! Whether a service answers over gRPC.

use aieffect_blueprint::Address;
use aieffect_contract::CallShape;
use bytes::Bytes;
use futures_util::stream;
use prost::Message;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use super::access::Access;
use super::connection::Connection;
use super::pool::Use;
use super::status::never_reached;
use super::tls::Trouble;
use super::{call, metadata};
use crate::messages::Messages;
use crate::run::{Failure, StatusCode};

const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// What a service that answers says of itself.
pub(crate) enum Said {
    /// It can be called.
    Ready,
    /// It cannot yet; its own words.
    NotYet(String),
}

/// Asks once: its `grpc.health.v1` says that it serves, or, when it has none, it answers a call at all, be it with a
/// refusal.
pub(crate) async fn try_once(address: &Address, access: &Access) -> Result<Said, Trouble> {
    let connection = Connection::make(address, access, Use::Unary).await?;
    // Connecting sends our half of the handshake and does not wait for the other: an answer does.
    let mut answers: Vec<Messages> = Vec::new();
    let asked = ask(&connection, access, &mut answers).await;
    match asked.map_err(|failure| access.without_token(failure)) {
        Ok(()) => {
            let answer = answers.first().and_then(|answer| answer.last()).map(HealthCheckResponse::decode);
            match answer.and_then(Result::ok).map(|answer| answer.status()) {
                Some(ServingStatus::Serving) => Ok(Said::Ready),
                Some(status) => Ok(Said::NotYet(format!("its health service says {}", status.as_str_name()))),
                None => Ok(Said::NotYet("its health service does not say how it is".to_owned())),
            }
        }
        Err(Failure::NeverReached { reason } | Failure::Lost { reason }) => Err(broken_off(reason, access)),
        Err(Failure::Status { code: StatusCode::Unavailable, message }) => {
            Ok(Said::NotYet(format!("it answers UNAVAILABLE: {message}")))
        }
        // An answer to a question that it does not know, or will not take from us, is an answer.
        Err(_) => Ok(Said::Ready),
    }
}

async fn ask(connection: &Connection, access: &Access, answers: &mut Vec<Messages>) -> Result<(), Failure> {
    let (client, _place) = connection.ready().await.map_err(|error| never_reached(&error))?;
    let mut request = metadata::bare(connection, HEALTH)?;
    access.authorize(request.headers_mut());
    let question = Box::pin(stream::once(std::future::ready(Bytes::new().into())));
    call::perform(client, request, CallShape::Unary, question, answers).await
}

/// A connection that was made and did not last: a service that expects TLS ends one in plain text at once.
fn broken_off(reason: String, access: &Access) -> Trouble {
    Trouble::Passing(match access.tls() {
        None => format!("{reason}; the service may expect TLS"),
        Some(_) => reason,
    })
}
