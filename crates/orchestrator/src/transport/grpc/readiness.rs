//! Whether a service answers.

use std::time::Duration;

use aieffect_blueprint::Address;
use aieffect_contract::CallShape;
use bytes::Bytes;
use futures_util::stream;
use prost::Message;
use tokio::time::{Instant, sleep, timeout_at};
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use super::access::Access;
use super::connection::Connection;
use super::status::never_reached;
use super::tls::Trouble;
use super::{call, metadata};
use crate::messages::Messages;
use crate::ports::NotReady;
use crate::run::{Failure, StatusCode};

const HEALTH: &str = "/grpc.health.v1.Health/Check";

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// One try may hang: something that takes connections and never speaks.
const LONGEST_TRY: Duration = Duration::from_secs(2);

/// Waits until the service at `address` answers, at most `limit`: until its `grpc.health.v1` says that it
/// serves, or, when it has none, until it answers a call at all, be it with a refusal. Over TLS, what cannot become
/// better by waiting is not waited for.
pub async fn wait_until_ready(address: &Address, limit: Duration, access: &Access) -> Result<(), NotReady> {
    let end = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        let try_end = end.min(Instant::now() + LONGEST_TRY);
        let tried = timeout_at(try_end, try_once(address, access)).await;
        let reason = match tried {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Trouble::Passing(reason))) => reason,
            Ok(Err(Trouble::Lasting(reason))) => {
                return Err(NotReady::NotSecure { address: address.clone(), reason });
            }
            Err(_) => "something takes connections there and does not answer".to_owned(),
        };
        if Instant::now() + pause >= end {
            return Err(NotReady::TimedOut { address: address.clone(), waited: limit, reason });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_once(address: &Address, access: &Access) -> Result<(), Trouble> {
    let connection = Connection::make(address, access).await?;
    // Connecting sends our half of the handshake and does not wait for the other: an answer does.
    let mut answers: Vec<Messages> = Vec::new();
    match ask(&connection, access, &mut answers).await {
        Ok(()) => {
            let answer = answers.first().and_then(|answer| answer.last()).map(HealthCheckResponse::decode);
            match answer.and_then(Result::ok).map(|answer| answer.status()) {
                Some(ServingStatus::Serving) => Ok(()),
                Some(status) => {
                    Err(Trouble::Passing(format!("its health service says {}", status.as_str_name())))
                }
                None => Err(Trouble::Passing("its health service does not say how it is".to_owned())),
            }
        }
        Err(Failure::NeverReached { reason } | Failure::Lost { reason }) => Err(broken_off(reason, access)),
        Err(Failure::Status { code: StatusCode::Unavailable, message }) => {
            Err(Trouble::Passing(format!("it answers UNAVAILABLE: {message}")))
        }
        // An answer to a question that it does not know, or will not take from us, is an answer.
        Err(_) => Ok(()),
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
