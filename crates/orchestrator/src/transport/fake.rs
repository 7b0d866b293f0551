//! A transport without a network, for tests that own the clock.

use std::sync::{Arc, Mutex};

use aieffect_blueprint::Address;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;

use crate::messages::Messages;
use crate::ports::{Call, CallMetadata, Inputs, Outputs, Transport};
use crate::run::Failure;

/// The messages that go in, one by one.
pub(crate) type Requests = BoxStream<'static, Bytes>;

type Service = Arc<
    dyn Fn(&Call, Requests, mpsc::Sender<Bytes>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync,
>;

/// Answers calls with a function.
#[derive(Clone)]
pub(crate) struct FakeTransport {
    service: Service,
    nobody: Option<Address>,
    calls: Arc<Mutex<Vec<CallMetadata>>>,
    abandoned: Arc<Mutex<usize>>,
}

impl FakeTransport {
    /// Answers once all messages of a call are in.
    pub(crate) fn new<F>(service: impl Fn(&Call, Vec<Bytes>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Vec<Bytes>, Failure>> + Send + 'static,
    {
        let service = Arc::new(service);
        Self::talking(move |call, inputs, answers| {
            let (service, call) = (Arc::clone(&service), call.clone());
            async move {
                let inputs: Vec<Bytes> = inputs.collect().await;
                for message in service(&call, inputs).await? {
                    // Whoever takes no more drops this future.
                    let _ = answers.send(message).await;
                }
                Ok(())
            }
        })
    }

    /// Takes and gives messages as they come.
    pub(crate) fn talking<F>(
        service: impl Fn(&Call, Requests, mpsc::Sender<Bytes>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let service: Service =
            Arc::new(move |call, inputs, answers| Box::pin(service(call, inputs, answers)));
        Self { service, nobody: None, calls: Arc::default(), abandoned: Arc::default() }
    }

    /// The same, but nobody answers at `address`.
    pub(crate) fn with_nobody_at(self, address: Address) -> Self {
        Self { nobody: Some(address), ..self }
    }

    /// What the calls so far said about themselves.
    pub(crate) fn calls(&self) -> Vec<CallMetadata> {
        self.calls.lock().unwrap().clone()
    }

    /// How many calls were dropped before they ended.
    pub(crate) fn abandoned(&self) -> usize {
        *self.abandoned.lock().unwrap()
    }
}

struct Abandonment(Option<Arc<Mutex<usize>>>);

impl Drop for Abandonment {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            *count.lock().unwrap() += 1;
        }
    }
}

impl Transport for FakeTransport {
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if self.nobody.as_ref() == Some(&call.address) {
                return Err(Failure::NeverReached { reason: "connection refused".into() });
            }
            self.calls.lock().unwrap().push(call.metadata.clone());
            let mut abandonment = Abandonment(Some(Arc::clone(&self.abandoned)));
            let (sender, mut answers) = mpsc::channel(1);
            let giving = async {
                while let Some(message) = answers.recv().await {
                    let Ok(()) = outputs.send(Messages::from(message)).await;
                }
            };
            let (result, ()) = tokio::join!(
                (self.service)(
                    call,
                    Box::pin(inputs.flat_map(|together| stream::iter(together.each()))),
                    sender
                ),
                giving
            );
            abandonment.0 = None;
            result
        })
    }
}
