//! Connections: how they are made, and who drives them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
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
use super::gate::{Entry, Gate, Place};
use super::pool::Use;
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
    gate: Arc<Gate>,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// Reads and writes for all calls. Why it ended, its calls are told.
    _driver: Arc<JoinSet<()>>,
}

impl Connection {
    /// Connects now.
    pub(super) async fn make(address: &Address, access: &Access, how: Use) -> Result<Self, Trouble> {
        access.watch(address, Box::pin(Self::connect(address, access, how))).await
    }

    async fn connect(address: &Address, access: &Access, how: Use) -> Result<Self, Trouble> {
        let none = |_| Trouble::Lasting(format!("`{address}` is no address to connect to"));
        let authority: Authority = address.to_string().parse().map_err(none)?;
        let secured = access.tls().map(|tls| tls.connector(address, CONNECT_TIMEOUT)).transpose();
        let secured = secured.map_err(Trouble::Lasting)?;
        let scheme = if secured.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder().scheme(scheme.clone()).authority(authority.clone()).path_and_query("/");
        let uri =
            uri.build().map_err(|_| Trouble::Lasting(format!("`{address}` is no address to connect to")))?;
        let (client, gate, driver) = match secured {
            // What is secured keeps the time itself, and says who was waited for.
            Some(mut secured) => {
                let stream = secured.call(uri).await.map_err(|error| connecting_failed(&*error))?;
                driven(stream.into_inner(), how).await?
            }
            None => {
                let mut tcp = HttpConnector::new();
                tcp.set_nodelay(true);
                tcp.set_keepalive(Some(KEEP_ALIVE));
                let late = |_| Trouble::Passing("it did not take the connection in time".to_owned());
                let stream = timeout(CONNECT_TIMEOUT, tcp.call(uri)).await.map_err(late)?;
                driven(stream.map_err(|error| connecting_failed(&error))?.into_inner(), how).await?
            }
        };
        Ok(Self { client, gate, scheme, authority, _driver: Arc::new(driver) })
    }

    /// For one call, which holds its place until it ends. Waits while the service takes no more calls; an error when the
    /// connection has ended, and nothing was sent.
    pub(super) async fn ready(&self) -> Result<(SendRequest<Bytes>, Place), h2::Error> {
        let mut client = self.client.clone();
        let place = self.gate.enter(|| limit(&mut client)).await?;
        Ok((client, place))
    }

    /// How many calls the service takes at once.
    pub(super) fn most_calls(&self) -> usize {
        self.client.current_max_send_streams()
    }

    /// The same without waiting: there may be no place for it.
    pub(super) fn ready_now(&self) -> Result<(SendRequest<Bytes>, Entry), h2::Error> {
        let mut client = self.client.clone();
        let entry = self.gate.enter_now(limit(&mut client)?);
        Ok((client, entry))
    }
}

/// How many calls the service takes at once; an error when the connection has ended.
fn limit(client: &mut SendRequest<Bytes>) -> Result<usize, h2::Error> {
    // It is pending only after a call of its own, which nobody makes with a handle that asks.
    match client.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => Err(error),
        Poll::Ready(Ok(())) | Poll::Pending => Ok(client.current_max_send_streams()),
    }
}

fn passing(reason: &str) -> Trouble {
    Trouble::Passing(reason.to_owned())
}

/// With somebody to drive it. For streams it is made once the service has said how many calls it takes, so that none is
/// begun which then waits for others.
async fn driven<T>(stream: T, how: Use) -> Result<(SendRequest<Bytes>, Arc<Gate>, JoinSet<()>), Trouble>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let at_first = match how {
        Use::Unary => STREAMS_AT_FIRST,
        Use::Stream => 0,
    };
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MOST_HEADERS)
        .max_send_buffer_size(MOST_UNWRITTEN)
        .data_frame_budget(FRAMES_OVERHEAD)
        .initial_max_send_streams(at_first);
    let (client, mut connection) =
        builder.handshake(stream).await.map_err(|error| connecting_failed(&error))?;
    if how == Use::Stream {
        let said = poll_fn(|context| match Pin::new(&mut connection).poll(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(connecting_failed(&error))),
            Poll::Ready(Ok(())) => Poll::Ready(Err(passing("it closed the connection at once"))),
            Poll::Pending if client.current_max_send_streams() > 0 => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        });
        let late = |_| passing("it took the connection and has not said a word of HTTP/2");
        timeout(CONNECT_TIMEOUT, said).await.map_err(late)??;
    }
    let gate = Arc::<Gate>::default();
    let mut before = client.current_max_send_streams();
    let (mut watched, waited_at) = (client.clone(), Arc::clone(&gate));
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        poll_fn(|context| {
            // Each call is told of the end by its own half.
            let ended = Pin::new(&mut connection).poll(context).is_ready();
            // The service may have said that it takes more calls, or none any more.
            if ended || (waited_at.is_awaited() && limit(&mut watched).ok() != Some(before)) {
                waited_at.look_again();
            }
            if ended {
                return Poll::Ready(());
            }
            before = watched.current_max_send_streams();
            Poll::Pending
        })
        .await;
    });
    Ok((client, gate, driver))
}
