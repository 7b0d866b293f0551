//! Whether a service answers.

use std::time::Duration;

use aieffect_blueprint::Address;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::channel;
use super::status::root_cause;
use crate::ports::NotReady;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// One try may hang: something that takes connections and never speaks.
const LONGEST_TRY: Duration = Duration::from_secs(2);

/// Waits until the service at `address` answers, at most `limit`: until its `grpc.health.v1` says that it
/// serves, or, when it has none, until it answers a call at all, be it with a refusal.
pub async fn wait_until_ready(address: &Address, limit: Duration) -> Result<(), NotReady> {
    let end = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        let try_end = end.min(Instant::now() + LONGEST_TRY);
        let tried = timeout_at(try_end, try_once(address)).await;
        let reason = match tried {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "something takes connections there and does not answer".to_owned(),
        };
        if Instant::now() + pause >= end {
            return Err(NotReady::TimedOut { address: address.clone(), waited: limit, reason });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_once(address: &Address) -> Result<(), String> {
    let channel: Channel = channel::endpoint(address)?.connect().await.map_err(|error| root_cause(&error))?;
    // Connecting sends our half of the handshake and does not wait for the other: an answer does.
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    match answer {
        Ok(response) if response.get_ref().status() == ServingStatus::Serving => Ok(()),
        Ok(response) => Err(format!("its health service says {}", response.get_ref().status().as_str_name())),
        Err(status) if std::error::Error::source(&status).is_some() => Err(root_cause(&status)),
        // An answer to a question that it does not know, or will not take from us, is an answer.
        Err(status) if status.code() != Code::Unavailable => Ok(()),
        Err(status) => Err(format!("it answers UNAVAILABLE: {}", status.message())),
    }
}
