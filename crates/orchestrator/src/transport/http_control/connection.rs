//! Connections: how they are made, and who drives them.

use std::time::Duration;

use aieffect_blueprint::Address;
use bytes::Bytes;
use http::uri::{Authority, Scheme, Uri};
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tonic::codegen::Service;

use crate::transport::grpc::{Access, Trouble, connecting_failed};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Servers close idle connections, many after five seconds; a request that crosses with that would be lost.
const IDLE: Duration = Duration::from_secs(2);

/// A connection for one request at a time. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) authority: Authority,
    since: Instant,
    /// Reads and writes. Why it ended, the request is told.
    _driver: JoinSet<()>,
}

impl Connection {
    /// Connects now.
    pub(super) async fn make(address: &Address, access: &Access) -> Result<Self, Trouble> {
        access.watch(address, Box::pin(Self::connect(address, access))).await
    }

    async fn connect(address: &Address, access: &Access) -> Result<Self, Trouble> {
        let none = || Trouble::Lasting(format!("`{address}` is no address to connect to"));
        let authority: Authority = address.to_string().parse().map_err(|_| none())?;
        let secured = access.tls().map(|tls| tls.http1_connector(address, CONNECT_TIMEOUT)).transpose();
        let secured = secured.map_err(Trouble::Lasting)?;
        let scheme = if secured.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder().scheme(scheme).authority(authority.clone()).path_and_query("/");
        let uri = uri.build().map_err(|_| none())?;
        match secured {
            Some(mut secured) => {
                let stream = secured.call(uri).await.map_err(|error| connecting_failed(&*error))?;
                driven(stream.into_inner(), authority).await
            }
            None => {
                let mut tcp = HttpConnector::new();
                tcp.set_nodelay(true);
                tcp.set_keepalive(Some(KEEP_ALIVE));
                let late = |_| Trouble::Passing("it did not take the connection in time".to_owned());
                let stream = timeout(CONNECT_TIMEOUT, tcp.call(uri)).await.map_err(late)?;
                let stream = stream.map_err(|error| connecting_failed(&error))?;
                driven(stream.into_inner(), authority).await
            }
        }
    }

    /// Whether it may be used once more.
    pub(super) fn is_fresh(&self) -> bool {
        !self.sender.is_closed() && self.since.elapsed() < IDLE
    }

    /// The same, idle from now on.
    pub(super) fn rested(self) -> Self {
        Self { since: Instant::now(), ..self }
    }
}

async fn driven<T>(stream: T, authority: Authority) -> Result<Connection, Trouble>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|error| connecting_failed(&error))?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // The request is told by its own half.
        connection.await.ok();
    });
    Ok(Connection { sender, authority, since: Instant::now(), _driver: driver })
}
