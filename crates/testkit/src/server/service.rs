//! Routing by path, for whatever proto, over raw bytes.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost_reflect::MethodDescriptor;
use serde_json::Value;
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::{Code, Status};

use super::Health;
use super::connection::Kill;
use super::talk::{Answering, Talker};
use crate::protos::{Protos, decode, encode};
use crate::reply::{Handler, Received, Reply};

const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// What the server's thread and the test see.
pub(super) struct Shared {
    protos: Protos,
    handlers: HashMap<String, Handler>,
    talkers: HashMap<String, Talker>,
    calls: Mutex<Vec<Received>>,
    /// How many there were of each path.
    earlier: Mutex<HashMap<String, usize>>,
    arrived: watch::Sender<usize>,
    abandoned: watch::Sender<usize>,
    health_checked: watch::Sender<usize>,
    health: Mutex<Health>,
}

impl Shared {
    pub(super) fn new(
        protos: Protos,
        handlers: HashMap<String, Handler>,
        talkers: HashMap<String, Talker>,
        health: Health,
    ) -> Self {
        Self {
            protos,
            handlers,
            talkers,
            calls: Mutex::default(),
            earlier: Mutex::default(),
            arrived: watch::Sender::new(0),
            abandoned: watch::Sender::new(0),
            health_checked: watch::Sender::new(0),
            health: Mutex::new(health),
        }
    }

    pub(super) fn calls(&self) -> Vec<Received> {
        locked(&self.calls).clone()
    }

    pub(super) fn arrivals(&self) -> watch::Receiver<usize> {
        self.arrived.subscribe()
    }

    pub(super) fn abandonments(&self) -> watch::Receiver<usize> {
        self.abandoned.subscribe()
    }

    pub(super) fn health_checks(&self) -> watch::Receiver<usize> {
        self.health_checked.subscribe()
    }

    pub(super) fn set_health(&self, health: Health) {
        *locked(&self.health) = health;
    }

    fn record(&self, mut received: Received) -> Received {
        let mut calls = locked(&self.calls);
        let mut earlier = locked(&self.earlier);
        match earlier.get_mut(&received.path) {
            Some(count) => {
                received.earlier = *count;
                *count += 1;
            }
            None => drop(earlier.insert(received.path.clone(), 1)),
        }
        calls.push(received.clone());
        self.arrived.send_modify(|count| *count += 1);
        received
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone)]
pub(super) struct Routes {
    shared: Arc<Shared>,
}

impl Routes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Service<http::Request<Body>> for Routes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(answer(&shared, request).await) })
    }
}

/// Counts a call whose future is dropped before it has ended.
struct Abandonment<'a> {
    shared: &'a Shared,
    ended: bool,
}

impl Drop for Abandonment<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.abandoned.send_modify(|count| *count += 1);
        }
    }
}

async fn answer(shared: &Arc<Shared>, request: http::Request<Body>) -> http::Response<Body> {
    let path = request.uri().path().to_owned();
    if path == HEALTH_CHECK {
        return check_health(shared);
    }
    if let Some(talker) = shared.talkers.get(&path) {
        let metadata = metadata(&request);
        let (bytes, messages, json) = (Bytes::new(), Vec::new(), Value::Null);
        let received = shared.record(Received { path, earlier: 0, bytes, messages, json, metadata });
        let guard = Unended(Some(Arc::clone(shared)));
        let frames = Answering::new(talker, received.earlier, request.into_body(), guard);
        return response(Body::new(StreamBody::new(frames)));
    }
    let Some(handler) = shared.handlers.get(&path).cloned() else {
        return Status::unimplemented(format!("no handler for {path}")).into_http();
    };
    let kill = request.extensions().get::<Kill>().cloned().unwrap_or_default();
    let method = shared.protos.method(&path);
    let mut abandonment = Abandonment { shared, ended: false };
    let received = match receive(path, method.as_ref(), request).await {
        Ok(received) => received,
        Err(status) => return status.into_http(),
    };
    let mut reply = handler(shared.record(received));
    while let Reply::After(event, next) = reply {
        event.await;
        reply = *next;
    }
    let response = respond(reply, method.as_ref(), &kill).await;
    abandonment.ended = true;
    response
}

fn check_health(shared: &Shared) -> http::Response<Body> {
    shared.health_checked.send_modify(|count| *count += 1);
    match *locked(&shared.health) {
        Health::Absent => Status::unimplemented("no health service").into_http(),
        // HealthCheckResponse { status: SERVING | NOT_SERVING }
        Health::Serving => messages(vec![Bytes::from_static(&[0x08, 1])]),
        Health::NotServing => messages(vec![Bytes::from_static(&[0x08, 2])]),
    }
}

/// Told of a response that ended.
pub(super) trait End {
    fn end(self);
}

/// Counts a response that is dropped before it has ended.
struct Unended(Option<Arc<Shared>>);

impl End for Unended {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Unended {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.abandoned.send_modify(|count| *count += 1);
        }
    }
}

fn metadata(request: &http::Request<Body>) -> BTreeMap<String, String> {
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        value.to_str().ok().map(|value| (name.to_string(), value.to_owned()))
    };
    request.headers().iter().filter_map(text).collect()
}

async fn receive(
    path: String,
    method: Option<&MethodDescriptor>,
    request: http::Request<Body>,
) -> Result<Received, Status> {
    let metadata = metadata(&request);
    let body = request.into_body().collect().await?.to_bytes();
    let messages = unframe(body)?;
    let bytes = messages.first().cloned().unwrap_or_default();
    let json = method.map_or(Value::Null, |method| decode(method.input(), &bytes));
    Ok(Received { path, earlier: 0, bytes, messages, json, metadata })
}

async fn respond(reply: Reply, method: Option<&MethodDescriptor>, kill: &Kill) -> http::Response<Body> {
    let as_message = |json: &Value| match method {
        Some(method) => encode(method.output(), json),
        None => panic!("a reply in JSON needs the method's proto"),
    };
    match reply {
        Reply::Json(json) => messages(vec![as_message(&json)]),
        Reply::Stream(all) => messages(all.iter().map(as_message).collect()),
        Reply::Bytes(bytes) => messages(vec![bytes]),
        Reply::Raw(all) => messages(all),
        Reply::Status(Code::Ok, _) => messages(Vec::new()),
        Reply::Status(code, message) => Status::new(code, message).into_http(),
        Reply::Hang | Reply::After(..) => pending().await,
        Reply::Panic => panic!("as it was told to"),
        Reply::Die => {
            kill.now();
            pending().await
        }
        Reply::DieMidway => half_a_message(kill.clone()),
    }
}

fn messages(messages: Vec<Bytes>) -> http::Response<Body> {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let mut frames: Vec<Result<Frame<Bytes>, Status>> = Vec::new();
    for message in messages {
        frames.push(Ok(Frame::data(header(message.len()))));
        // Empty frames count as an attack.
        if !message.is_empty() {
            frames.push(Ok(Frame::data(message)));
        }
    }
    frames.push(Ok(Frame::trailers(trailers)));
    response(Body::new(StreamBody::new(tokio_stream::iter(frames))))
}

/// Says that 1000 bytes follow, sends ten, and closes the connection once they are on their way.
fn half_a_message(kill: Kill) -> http::Response<Body> {
    let mut start = BytesMut::from(&header(1000)[..]);
    start.put_bytes(0, 10);
    let first = tokio_stream::once(Ok::<_, Status>(Frame::data(start.freeze())));
    let rest = tokio_stream::once(()).filter_map(move |()| {
        kill.now();
        None
    });
    response(Body::new(StreamBody::new(first.chain(rest).chain(tokio_stream::pending()))))
}

fn response(body: Body) -> http::Response<Body> {
    let mut response = http::Response::new(body);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
    response
}

pub(super) fn header(length: usize) -> Bytes {
    let mut header = BytesMut::with_capacity(5);
    header.put_u8(0);
    header.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    header.freeze()
}

fn unframe(mut body: Bytes) -> Result<Vec<Bytes>, Status> {
    let mut messages = Vec::new();
    while body.remaining() >= 5 {
        let compressed = body.get_u8();
        let length = body.get_u32() as usize;
        if compressed != 0 || body.remaining() < length {
            return Err(Status::internal("the request is no whole, uncompressed message"));
        }
        messages.push(body.split_to(length));
    }
    Ok(messages)
}
