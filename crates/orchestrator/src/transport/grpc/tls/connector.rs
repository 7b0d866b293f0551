//! Connections over TLS, made by us and not by tonic: its feature for that would be compiled into every example
//! service too (docs/adr/0013), and reads the certificates anew for each connection.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aieffect_blueprint::Address;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::codegen::{Service, StdError};

use super::super::connection::KEEP_ALIVE;

/// The name of HTTP/2 in the handshake.
pub(super) const HTTP2: &[u8] = b"h2";
/// The name of HTTP/1.1.
pub(super) const HTTP1: &[u8] = b"http/1.1";

/// How long the service's first word is waited for. Nearly every one begins with its settings, unasked; one that first
/// wants to hear ours is called all the same.
const FIRST_WORD: Duration = Duration::from_secs(1);

/// A service that speaks TLS and not HTTP/2.
#[derive(Debug, thiserror::Error)]
#[error("it speaks TLS, and not HTTP/2 over it")]
pub(super) struct NotHttp2;

/// A service that made the handshake and then closed the connection.
#[derive(Debug, thiserror::Error)]
#[error(
    "it closed the connection right after the TLS handshake: it may ask for a client certificate, or not accept ours"
)]
pub(super) struct Silenced;

/// Makes connections to one address.
#[derive(Clone)]
pub(in crate::transport) struct Secured {
    tcp: HttpConnector,
    tls: TlsConnector,
    name: ServerName<'static>,
    limit: Duration,
    speaks: Speaks,
}

/// What is to be spoken over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Http2,
    Http1,
}

impl Secured {
    /// A connection takes at most `limit`, handshake and all.
    pub(super) fn new(config: Arc<ClientConfig>, address: &Address, limit: Duration) -> Result<Self, String> {
        let host = address.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host)
            .map_err(|_| format!("`{}` is no name that a certificate can have", address.host))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        Ok(Self { tcp, tls: TlsConnector::from(config), name, limit, speaks: Speaks::Http2 })
    }

    /// For HTTP/1.1: whoever speaks that may name no protocol, and says nothing before it is asked.
    pub(super) fn for_http1(self) -> Self {
        Self { speaks: Speaks::Http1, ..self }
    }
}

impl Service<Uri> for Secured {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = StdError;
    type Future = BoxFuture<'static, Result<Self::Response, StdError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StdError>> {
        self.tcp.poll_ready(context).map_err(StdError::from)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, tls, name) = (self.tcp.call(uri), self.tls.clone(), self.name.clone());
        let (limit, speaks) = (self.limit, self.speaks);
        Box::pin(async move {
            let secured = timeout(limit, async {
                let mut stream = tls.connect(name, connecting.await?.into_inner()).await?;
                if speaks == Speaks::Http1 {
                    return Ok(stream);
                }
                let (_, session) = stream.get_ref();
                if session.alpn_protocol() != Some(HTTP2) {
                    return Err(StdError::from(NotHttp2));
                }
                hear_first_word(&mut stream).await?;
                Ok(stream)
            });
            secured.await?.map(TokioIo::new)
        })
    }
}

/// In TLS 1.3 a service says what it thinks of our certificate only after the handshake. Whoever writes first finds a
/// broken pipe, and not what was said.
async fn hear_first_word(stream: &mut TlsStream<TcpStream>) -> Result<(), StdError> {
    match timeout(FIRST_WORD, stream.fill_buf()).await {
        Ok(Ok([])) => Err(Silenced.into()),
        // grpcio closes without an alert, and rustls minds that.
        Ok(Err(error)) if is_closing(&error) => Err(Silenced.into()),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

fn is_closing(error: &io::Error) -> bool {
    use io::ErrorKind;
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
