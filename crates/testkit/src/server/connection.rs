//! Connections that a handler can close.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::server::Connected;

/// Closes the connection that a call came over.
#[derive(Debug, Clone, Default)]
pub(super) struct Kill {
    killed: Arc<(std::sync::atomic::AtomicBool, Notify)>,
}

impl Kill {
    /// The connection's next read or write fails, and it is closed.
    pub(super) fn now(&self) {
        self.killed.0.store(true, std::sync::atomic::Ordering::SeqCst);
        self.killed.1.notify_one();
    }
}

/// A connection, over TLS or not.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

pub(super) struct Connection {
    stream: Box<dyn Wire>,
    kill: Kill,
    wait: Pin<Box<dyn Future<Output = ()> + Send>>,
    dead: bool,
}

/// Connections as they come. One whose TLS handshake fails is none.
pub(super) fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
) -> impl Stream<Item = io::Result<Connection>> {
    use tokio_stream::StreamExt;
    let accepted = TcpListenerStream::new(listener).then(move |stream| {
        let tls = tls.clone();
        async move {
            match stream {
                Ok(stream) => Connection::new(stream, tls).await.map(Ok),
                Err(error) => Some(Err(error)),
            }
        }
    });
    accepted.filter_map(|accepted| accepted)
}

impl Connection {
    async fn new(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Self> {
        // Nagle's algorithm would only slow tests down; without the option they are slower, not wrong.
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Wire> = match tls {
            Some(tls) => Box::new(tls.accept(stream).await.ok()?),
            None => Box::new(stream),
        };
        let kill = Kill::default();
        let notified = kill.clone();
        let wait = Box::pin(async move { notified.killed.1.notified().await });
        Some(Self { stream, kill, wait, dead: false })
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.dead && self.wait.as_mut().poll(context).is_ready() {
            self.dead = true;
        }
        if self.dead { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connected for Connection {
    type ConnectInfo = Kill;

    fn connect_info(&self) -> Kill {
        self.kill.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
