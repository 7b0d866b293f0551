//! Whether a service answers, and in which way.

use std::time::Duration;

use aieffect_blueprint::{Address, TransportKind};
use tokio::time::{Instant, sleep, timeout_at};

use super::grpc::{self, Access, Said, Trouble};
use super::http_control;
use crate::ports::NotReady;

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// One try may hang: something that takes connections and never speaks.
const LONGEST_TRY: Duration = Duration::from_secs(2);

/// Waits until the service at `address` answers in the way that its node is called, at most `limit`. Over gRPC: until its
/// `grpc.health.v1` says that it serves, or, when it has none, until it answers a call at all, be it with a refusal. Over
/// the HTTP control interface: until it answers any request. What cannot become better by waiting is not waited for: a
/// certificate that is not trusted, a service that speaks the other of the two.
pub async fn wait_until_ready(
    address: &Address,
    transport: TransportKind,
    limit: Duration,
    access: &Access,
) -> Result<(), NotReady> {
    let end = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        let try_end = end.min(Instant::now() + LONGEST_TRY);
        let tried = timeout_at(try_end, try_once(address, transport, access)).await;
        let reason = match tried {
            Ok(Ok(Said::Ready)) => return Ok(()),
            Ok(Ok(Said::NotYet(reason))) => reason,
            Ok(Err(Trouble::Lasting(reason))) => {
                return Err(NotReady::NotSecure { address: address.clone(), reason });
            }
            Ok(Err(Trouble::Passing(reason))) => not_so(address, transport, end, access, reason).await?,
            Err(_) => {
                let reason = "something takes connections there and does not answer".to_owned();
                not_so(address, transport, end, access, reason).await?
            }
        };
        if Instant::now() + pause >= end {
            return Err(NotReady::TimedOut { address: address.clone(), waited: limit, reason });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What the service at `address` speaks, found out by asking for `limit` at most.
pub async fn spoken_at(
    address: &Address,
    limit: Duration,
    access: &Access,
) -> Result<TransportKind, NotReady> {
    match wait_until_ready(address, TransportKind::Grpc, limit, access).await {
        Ok(()) => Ok(TransportKind::Grpc),
        Err(NotReady::OtherTransport { speaks, .. }) => Ok(speaks),
        Err(other) => Err(other),
    }
}

async fn try_once(address: &Address, transport: TransportKind, access: &Access) -> Result<Said, Trouble> {
    match transport {
        TransportKind::Grpc => grpc::try_once(address, access).await,
        TransportKind::HttpControl => http_control::try_once(address, access).await.map(|()| Said::Ready),
    }
}

/// Looks whether what does not answer in the one way does in the other; else gives the reason back.
async fn not_so(
    address: &Address,
    called: TransportKind,
    end: Instant,
    access: &Access,
    reason: String,
) -> Result<String, NotReady> {
    let speaks = other(called);
    match is_spoken(address, speaks, end, access).await {
        true => Err(NotReady::OtherTransport { address: address.clone(), speaks, called }),
        false => Ok(reason),
    }
}

async fn is_spoken(address: &Address, transport: TransportKind, end: Instant, access: &Access) -> bool {
    let try_end = end.min(Instant::now() + LONGEST_TRY);
    // That it does not speak the other way either says nothing new about it.
    let access = access.unwatched();
    matches!(timeout_at(try_end, try_once(address, transport, &access)).await, Ok(Ok(_)))
}

fn other(transport: TransportKind) -> TransportKind {
    match transport {
        TransportKind::Grpc => TransportKind::HttpControl,
        TransportKind::HttpControl => TransportKind::Grpc,
    }
}
