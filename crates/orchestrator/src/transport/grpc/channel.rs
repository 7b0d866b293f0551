//! How connections are made.

use std::time::Duration;

use aieffect_blueprint::Address;
use tonic::transport::{Channel, Endpoint};

use crate::run::Failure;

const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
/// Wide enough that stalled streams do not stall the calls beside them.
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is made with its first call.
pub(super) fn connect(address: &Address) -> Result<Channel, Failure> {
    let endpoint = endpoint(address).map_err(|reason| Failure::NeverReached { reason })?;
    Ok(endpoint.connect_lazy())
}

/// The endpoint of an address, or why it is none.
pub(super) fn endpoint(address: &Address) -> Result<Endpoint, String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|_| format!("`{address}` is no address to connect to"))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW))
}
