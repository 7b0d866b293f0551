//! Who comes in: [`Listener`] takes connections, makes them secure where it is to, and gives out those that are ready.
//!
//! Nobody at the door keeps others waiting: handshakes go on beside each other, each has a time, and so has the beginning of what is
//! sent. Beyond the most connections at once, others wait in the system's queue.

mod connection;
mod timely;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub(crate) use self::connection::Connection;
pub(crate) use self::timely::{Pace, TooSlow, timely};
pub use self::tls::{Expiry, Protocols, Tls, TlsFailure};

/// How long to wait when the system gives no connection, such as when there are no file descriptors left.
const OUT_OF_BREATH: Duration = Duration::from_millis(100);
/// Headers of a request, and bytes of all of them.
const MOST_HEADERS: usize = 100;
const LONGEST_HEAD: usize = 64 * 1024;
/// Requests at once on a connection.
pub(crate) const MOST_CALLS: u32 = 256;
/// What a client may have sent of one request that nobody reads yet, and of all on a connection: those that wait for a place stall
/// none of the others.
pub(crate) const CALL_WINDOW: u32 = 64 * 1024;
pub(crate) const CONNECTION_WINDOW: u32 = (MOST_CALLS + 1) * CALL_WINDOW;
/// A connection on which nothing comes is asked for a sign of life this often, and given up without one.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(20);
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How much anybody may take of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once, of a listener.
    pub connections: usize,
    /// How long a handshake, the head of a request and the time between two requests may take; and a body, which has more
    /// of it for what has come already.
    pub patience: Duration,
}

/// A listener.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<(Tls, Protocols)>,
    limits: Limits,
    places: Arc<Semaphore>,
    handshakes: JoinSet<Option<Connection>>,
}

impl Listener {
    /// Takes connections that speak plainly.
    pub fn plain(tcp: TcpListener, limits: Limits) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections));
        Self { tcp, tls: None, limits, places, handshakes: JoinSet::new() }
    }

    /// The same, that speak TLS.
    #[must_use]
    pub fn over(self, tls: Tls, protocols: Protocols) -> Self {
        Self { tls: Some((tls, protocols)), ..self }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// The next connection that is ready. May be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Connection {
        loop {
            tokio::select! {
                (stream, place) = accept(&self.tcp, &self.places) => {
                    let patience = self.limits.patience;
                    let Some((tls, protocols)) = &self.tls else {
                        return Connection::plain(stream, place, patience);
                    };
                    let acceptor = TlsAcceptor::from(tls.config(*protocols));
                    self.handshakes.spawn(async move {
                        // Whoever does not get through it is told by TLS itself.
                        let secured = timeout(patience, acceptor.accept(stream)).await.ok()?.ok()?;
                        Some(Connection::secured(secured, place, patience))
                    });
                }
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
            }
        }
    }
}

/// A connection, with its place among those that there may be.
async fn accept(tcp: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            // Nobody closes it.
            return std::future::pending().await;
        };
        match tcp.accept().await {
            Ok((stream, _)) => {
                // It is slower without, and nothing else.
                stream.set_nodelay(true).ok();
                return (stream, place);
            }
            Err(error) if is_of_the_connection(&error) => {}
            // Such as no file descriptors: others may give some back.
            Err(_) => sleep(OUT_OF_BREATH).await,
        }
    }
}

/// Whether it was about a connection that is gone already.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers requests until it is told to stop, and those that were begun by then. Streams of events that are open end with their
/// runs, so whoever stops this gives it a time.
pub async fn serve(mut listener: Listener, router: Router, stop: CancellationToken) {
    let patience = listener.limits().patience;
    let router = router.layer(axum::middleware::from_fn(move |request, next| {
        timely(Pace::new(patience, || TooSlow.into()), request, next)
    }));
    let builder = builder(patience);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.next() => {
                connections.spawn(answer(connection, router.clone(), builder.clone(), stop.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn answer(
    connection: Connection,
    router: Router,
    builder: Builder<TokioExecutor>,
    stop: CancellationToken,
) {
    let service = TowerToHyperService::new(router);
    let mut answering = std::pin::pin!(builder.serve_connection(TokioIo::new(connection), service));
    tokio::select! {
        // What goes wrong on a connection is for its client to notice.
        _ = answering.as_mut() => return,
        () = stop.cancelled() => answering.as_mut().graceful_shutdown(),
    }
    answering.await.ok();
}

fn builder(patience: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LONGEST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(LONGEST_HEAD as u32)
        .max_concurrent_streams(MOST_CALLS)
        .initial_stream_window_size(CALL_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(PATIENCE);
    builder
}
