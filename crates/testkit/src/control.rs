//! Services with an HTTP control interface, which answer as a test says: [`ControlServer`].
//!
//! It speaks just enough HTTP/1.1 by hand, so that it can break it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::certificates::ServerTls;

/// A request that came in.
#[derive(Debug, Clone)]
pub struct ControlRequest {
    /// `GET /control/status/x` and the like.
    pub line: String,
    /// Headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
}

impl ControlRequest {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Whether it begins a task.
    pub fn is_execute(&self) -> bool {
        self.line == "POST /control/execute"
    }
}

/// What comes back.
#[derive(Debug, Clone)]
pub enum ControlReply {
    /// A status and a body.
    Answer(u16, String),
    /// The connection is closed without an answer.
    Drop,
    /// Nothing, and the connection stays.
    Hang,
    /// These bytes, over and over, as a body of that length.
    Endless(u64),
}

impl ControlReply {
    /// 200 with that body.
    pub fn ok(body: &str) -> Self {
        Self::Answer(200, body.to_owned())
    }
}

type Answers = Arc<dyn Fn(&ControlRequest) -> ControlReply + Send + Sync>;

/// A service on a port of its own. Dropping it stops it.
#[derive(Debug)]
pub struct ControlServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<ControlRequest>>>,
    _accepting: JoinSet<()>,
}

impl ControlServer {
    /// Starts a service that answers like this.
    pub async fn start(answers: impl Fn(&ControlRequest) -> ControlReply + Send + Sync + 'static) -> Self {
        Self::begin(None, Arc::new(answers)).await
    }

    /// The same over TLS.
    pub async fn secured(
        tls: &ServerTls,
        answers: impl Fn(&ControlRequest) -> ControlReply + Send + Sync + 'static,
    ) -> Self {
        Self::begin(Some(tls.acceptor()), Arc::new(answers)).await
    }

    async fn begin(tls: Option<TlsAcceptor>, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let requests: Arc<Mutex<Vec<ControlRequest>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, seen, tls) = (Arc::clone(&answers), Arc::clone(&seen), tls.clone());
                connections.spawn(async move {
                    // Whoever goes away in the middle is a test's business.
                    match tls {
                        None => serve(stream, &answers, &seen).await.ok(),
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &answers, &seen).await.ok(),
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, requests, _accepting: accepting }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What has come in so far, questions for readiness aside.
    pub fn requests(&self) -> Vec<ControlRequest> {
        let requests = self.requests.lock().unwrap_or_else(|error| panic!("{error}"));
        requests.iter().filter(|request| request.line != "GET /health").cloned().collect()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    answers: &Answers,
    seen: &Mutex<Vec<ControlRequest>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        seen.lock().unwrap_or_else(|error| panic!("{error}")).push(request.clone());
        let reply = if request.line == "GET /health" { ControlReply::ok("{}") } else { answers(&request) };
        match reply {
            ControlReply::Answer(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} S\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(body.as_bytes()).await?;
            }
            ControlReply::Drop => return Ok(()),
            ControlReply::Hang => std::future::pending().await,
            ControlReply::Endless(length) => {
                stream
                    .write_all(format!("HTTP/1.1 200 S\r\ncontent-length: {length}\r\n\r\n").as_bytes())
                    .await?;
                let piece = vec![b'x'; 1 << 20];
                for _ in 0..=length >> 20 {
                    stream.write_all(&piece).await?;
                }
            }
        }
        stream.flush().await?;
    }
    Ok(())
}

/// `None` at the end of the connection.
async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<ControlRequest>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let line = first.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(ControlRequest { line, headers, body: String::from_utf8_lossy(&body).into_owned() }))
}
