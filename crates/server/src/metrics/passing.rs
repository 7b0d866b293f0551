//! What passes to services and back, counted where it passes: [`Passing`].

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aieffect_blueprint::TransportKind;
use aieffect_orchestrator::messages::Messages;
use aieffect_orchestrator::ports::{Call, Inputs, Outputs, Transport};
use aieffect_orchestrator::run::Failure;
use futures_util::future::BoxFuture;
use futures_util::{Sink, StreamExt};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::labels::Passed;

/// What is counted of messages.
#[derive(Debug)]
pub(super) struct MessageMetrics {
    grpc: Ways,
    http_control: Ways,
}

/// Both ways of a transport.
#[derive(Debug)]
struct Ways {
    sent: Way,
    received: Way,
}

#[derive(Debug, Clone)]
struct Way {
    messages: Counter,
    bytes: Counter,
}

impl MessageMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let (messages, bytes) = (Family::<Passed, Counter>::default(), Family::<Passed, Counter>::default());
        let help = "Messages handed over to be sent to services, and messages that came back, with those of calls that failed";
        registry.register("messages", help, messages.clone());
        registry.register("message_bytes", "The sizes of those messages", bytes.clone());
        let way = |transport: TransportKind, direction| {
            let label = Passed { transport: transport.as_str(), direction };
            Way { messages: messages.get_or_create_owned(&label), bytes: bytes.get_or_create_owned(&label) }
        };
        let ways = |transport| Ways { sent: way(transport, "sent"), received: way(transport, "received") };
        Self { grpc: ways(TransportKind::Grpc), http_control: ways(TransportKind::HttpControl) }
    }

    fn ways(&self, transport: TransportKind) -> &Ways {
        match transport {
            TransportKind::Grpc => &self.grpc,
            TransportKind::HttpControl => &self.http_control,
        }
    }
}

impl Way {
    /// So many together cost as much as one.
    fn count(&self, messages: &Messages) {
        self.messages.inc_by(messages.count() as u64);
        self.bytes.inc_by(messages.size() as u64);
    }
}

/// A transport whose messages are counted.
pub(crate) struct Passing {
    transport: Arc<dyn Transport>,
    metrics: Arc<Metrics>,
}

impl Passing {
    pub(crate) fn new(transport: Arc<dyn Transport>, metrics: Arc<Metrics>) -> Self {
        Self { transport, metrics }
    }
}

impl Transport for Passing {
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let Ways { sent, received } = self.metrics.messages.ways(call.transport);
        let sent = sent.clone();
        let inputs = inputs.inspect(move |messages| sent.count(messages)).boxed();
        Box::pin(
            async move { self.transport.call(call, inputs, &mut Counted { outputs, way: received }).await },
        )
    }
}

/// Counts what it hands on.
struct Counted<'a> {
    outputs: Outputs<'a>,
    way: &'a Way,
}

impl Sink<Messages> for Counted<'_> {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Pin::new(&mut *self.get_mut().outputs).poll_ready(context)
    }

    fn start_send(self: Pin<&mut Self>, messages: Messages) -> Result<(), Infallible> {
        let this = self.get_mut();
        this.way.count(&messages);
        Pin::new(&mut *this.outputs).start_send(messages)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Pin::new(&mut *self.get_mut().outputs).poll_flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Pin::new(&mut *self.get_mut().outputs).poll_close(context)
    }
}
