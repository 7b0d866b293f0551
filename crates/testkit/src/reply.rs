//! What a call brings, and what it comes to.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tonic::Code;

/// A call that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// `/package.Service/Method`.
    pub path: String,
    /// How many calls of this path came before.
    pub earlier: usize,
    /// The first request message, encoded.
    pub bytes: Bytes,
    /// All request messages, encoded.
    pub messages: Vec<Bytes>,
    /// The first request message as JSON, where the server knows its proto; else null.
    pub json: Value,
    /// The text headers.
    pub metadata: BTreeMap<String, String>,
}

/// What a call comes to.
pub enum Reply {
    /// A response written as JSON.
    Json(Value),
    /// Responses written as JSON, for a stream.
    Stream(Vec<Value>),
    /// An encoded response.
    Bytes(Bytes),
    /// Encoded responses, for a stream.
    Raw(Vec<Bytes>),
    /// A status.
    Status(Code, String),
    /// The handler panics, and the server cuts the call off.
    Panic,
    /// No answer.
    Hang,
    /// The connection is closed without a word.
    Die,
    /// The connection is closed in the middle of the response.
    DieMidway,
    /// Another reply, after something else.
    After(Pin<Box<dyn Future<Output = ()> + Send>>, Box<Self>),
}

impl Reply {
    /// A status with its text.
    pub fn status(code: Code, message: impl Into<String>) -> Self {
        Self::Status(code, message.into())
    }

    /// This reply, once `event` has come.
    pub fn after(self, event: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::After(Box::pin(event), Box::new(self))
    }
}

impl From<Value> for Reply {
    fn from(json: Value) -> Self {
        Self::Json(json)
    }
}

pub(crate) type Handler = Arc<dyn Fn(Received) -> Reply + Send + Sync>;
