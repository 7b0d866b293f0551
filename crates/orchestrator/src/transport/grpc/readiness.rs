//! Whether a service answers.

use std::time::Duration;

use aieffect_blueprint::Address;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::access::Access;
use super::channel;
use super::status::connecting_failed;
use super::tls::Trouble;
use crate::ports::NotReady;

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
    let channel = channel::connect_now(address, access).await?;
    // Connecting sends our half of the handshake and does not wait for the other: an answer does.
    let request = access.authorized(Request::new(HealthCheckRequest::default()));
    let answer = HealthClient::new(channel).check(request).await;
    match answer {
        Ok(response) if response.get_ref().status() == ServingStatus::Serving => Ok(()),
        Ok(response) => {
            let says = response.get_ref().status().as_str_name();
            Err(Trouble::Passing(format!("its health service says {says}")))
        }
        Err(status) if std::error::Error::source(&status).is_some() => Err(broken_off(&status, access)),
        // An answer to a question that it does not know, or will not take from us, is an answer.
        Err(status) if status.code() != Code::Unavailable => Ok(()),
        Err(status) => Err(Trouble::Passing(format!("it answers UNAVAILABLE: {}", status.message()))),
    }
}

/// A connection that was made and did not last: a service that expects TLS ends one in plain text at once.
fn broken_off(status: &Status, access: &Access) -> Trouble {
    match connecting_failed(status) {
        Trouble::Passing(reason) if access.tls().is_none() => {
            Trouble::Passing(format!("{reason}; the service may expect TLS"))
        }
        trouble => trouble,
    }
}
