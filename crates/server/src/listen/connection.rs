//! A connection that is ready: [`Connection`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// How HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection, and its place among those that there may be.
pub(crate) struct Connection {
    stream: Stream,
    beginning: Option<Beginning>,
    _place: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// Until it is clear which HTTP is spoken, nobody else looks at the time.
struct Beginning {
    /// Bytes of the preface that have come.
    seen: usize,
    until: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn plain(stream: TcpStream, place: OwnedSemaphorePermit, patience: Duration) -> Self {
        Self::new(Stream::Plain(stream), place, patience)
    }

    pub(super) fn secured(
        stream: TlsStream<TcpStream>,
        place: OwnedSemaphorePermit,
        patience: Duration,
    ) -> Self {
        Self::new(Stream::Secured(Box::new(stream)), place, patience)
    }

    fn new(stream: Stream, place: OwnedSemaphorePermit, patience: Duration) -> Self {
        let beginning = Beginning { seen: 0, until: Box::pin(sleep(patience)) };
        Self { stream, beginning: Some(beginning), _place: place }
    }
}

impl Beginning {
    /// Whether it is clear now.
    fn is_over_with(&mut self, came: &[u8]) -> bool {
        let left = PREFACE.get(self.seen..).unwrap_or_default();
        let is_other = !left.starts_with(came) && !came.starts_with(left);
        self.seen += came.len();
        is_other || self.seen >= PREFACE.len()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Secured(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        let Some(beginning) = &mut self.beginning else { return read };
        let came = buffer.filled().get(before..).unwrap_or_default();
        if read.is_ready() && beginning.is_over_with(came) {
            self.beginning = None;
            return read;
        }
        if beginning.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Secured(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Secured(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Secured(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
            Stream::Secured(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Secured(stream) => stream.is_write_vectored(),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it is clear after each of these.
    async fn check(came: &[&[u8]], expected: &[bool]) {
        let mut beginning = Beginning { seen: 0, until: Box::pin(sleep(Duration::ZERO)) };
        let clear: Vec<bool> = came.iter().map(|came| beginning.is_over_with(came)).collect();
        assert_eq!(clear, expected);
    }

    #[tokio::test]
    async fn what_begins_like_neither_is_waited_for_and_all_else_is_clear() {
        check(&[b"G"], &[true]).await;
        check(&[b"P", b"O"], &[false, true]).await;
        check(&[b"PRI * HTTP/2.0\r\n\r\n", b"SM\r\n\r", b"\n"], &[false, false, true]).await;
        check(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"], &[true]).await;
        check(&[b"", b"PRI * HTTP/1.1\r\n"], &[false, true]).await;
    }
}
