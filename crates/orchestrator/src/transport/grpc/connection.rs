//! Connections: how they are made, and who drives them.

use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::Address;
use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::codegen::Service;

use super::access::Access;
use super::status::connecting_failed;
use super::tls::Trouble;

const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
/// Wide enough that stalled streams do not stall the calls beside them.
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;
/// What a service says of a failure comes as a header, and may be a whole traceback.
const MOST_HEADERS: u32 = 256 * 1024;
/// What of one call waits to be written, beyond a message that is begun.
const MOST_UNWRITTEN: usize = 512 * 1024;
/// What small frames may cost beyond their bytes while they wait for a full queue. Half the window, as h2 has it, ends
/// the connection of a few stalled streams of small messages.
const FRAMES_OVERHEAD: usize = 512 * 1024 * 1024;
/// Calls at once before the service has said how many it takes: others would be refused.
const STREAMS_AT_FIRST: usize = 100;
/// Whoever vanishes without a word is found out.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was made. It ends with the last of its clones.
#[derive(Clone)]
pub(super) struct Connection {
    client: SendRequest<Bytes>,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// Reads and writes for all calls. Why it ended, its calls are told.
    _driver: Arc<JoinSet<()>>,
}

impl Connection {
    /// Connects now.
    pub(super) async fn make(address: &Address, access: &Access) -> Result<Self, Trouble> {
        let none = |_| Trouble::Lasting(format!("`{address}` is no address to connect to"));
        let authority: Authority = address.to_string().parse().map_err(none)?;
        let secured = access.tls().map(|tls| tls.connector(address, CONNECT_TIMEOUT)).transpose();
        let secured = secured.map_err(Trouble::Lasting)?;
        let scheme = if secured.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder().scheme(scheme.clone()).authority(authority.clone()).path_and_query("/");
        let uri =
            uri.build().map_err(|_| Trouble::Lasting(format!("`{address}` is no address to connect to")))?;
        let (client, driver) = match secured {
            // What is secured keeps the time itself, and says who was waited for.
            Some(mut secured) => {
                let stream = secured.call(uri).await.map_err(|error| connecting_failed(&*error))?;
                driven(stream.into_inner()).await?
            }
            None => {
                let mut tcp = HttpConnector::new();
                tcp.set_nodelay(true);
                tcp.set_keepalive(Some(KEEP_ALIVE));
                let late = |_| Trouble::Passing("it did not take the connection in time".to_owned());
                let stream = timeout(CONNECT_TIMEOUT, tcp.call(uri)).await.map_err(late)?;
                driven(stream.map_err(|error| connecting_failed(&error))?.into_inner()).await?
            }
        };
        Ok(Self { client, scheme, authority, _driver: Arc::new(driver) })
    }

    /// For one call; an error when the connection has ended. Calls beyond what the service takes at once wait within it.
    pub(super) async fn ready(&self) -> Result<SendRequest<Bytes>, h2::Error> {
        self.client.clone().ready().await
    }
}

async fn driven<T>(stream: T) -> Result<(SendRequest<Bytes>, JoinSet<()>), Trouble>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MOST_HEADERS)
        .max_send_buffer_size(MOST_UNWRITTEN)
        .data_frame_budget(FRAMES_OVERHEAD)
        .initial_max_send_streams(STREAMS_AT_FIRST);
    let (client, connection) = builder.handshake(stream).await.map_err(|error| connecting_failed(&error))?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Each call is told by its own half.
        connection.await.ok();
    });
    Ok((client, driver))
}
