//! How connections are made.

use std::time::Duration;

use aieffect_blueprint::Address;
use tonic::transport::{Channel, Endpoint};

use super::access::Access;
use super::status::connecting_failed;
use super::tls::{Secured, Trouble};
use crate::run::Failure;

const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
/// Wide enough that stalled streams do not stall the calls beside them.
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is made with its first call.
pub(super) fn connect(address: &Address, access: &Access) -> Result<Channel, Failure> {
    let target = Target::new(address, access).map_err(|reason| Failure::NeverReached { reason })?;
    Ok(match target.secured {
        Some(secured) => target.endpoint.connect_with_connector_lazy(secured),
        None => target.endpoint.connect_lazy(),
    })
}

/// A connection that is made now, or why there is none.
pub(super) async fn connect_now(address: &Address, access: &Access) -> Result<Channel, Trouble> {
    let target = Target::new(address, access).map_err(Trouble::Lasting)?;
    let made = match target.secured {
        Some(secured) => target.endpoint.connect_with_connector(secured).await,
        None => target.endpoint.connect().await,
    };
    made.map_err(|error| connecting_failed(&error))
}

struct Target {
    endpoint: Endpoint,
    secured: Option<Secured>,
}

impl Target {
    /// What an address leads to, or why to nothing.
    fn new(address: &Address, access: &Access) -> Result<Self, String> {
        let secured = access.tls().map(|tls| tls.connector(address, CONNECT_TIMEOUT)).transpose()?;
        let scheme = if secured.is_some() { "https" } else { "http" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(|_| format!("`{address}` is no address to connect to"))?;
        // What is secured keeps the time itself: tonic's clock would say nothing of who was waited for.
        let endpoint = if secured.is_some() { endpoint } else { endpoint.connect_timeout(CONNECT_TIMEOUT) };
        let endpoint = endpoint
            .tcp_nodelay(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        Ok(Self { endpoint, secured })
    }
}
