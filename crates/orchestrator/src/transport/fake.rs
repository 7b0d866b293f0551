//! A transport without a network, for tests that own the clock.

use std::sync::{Arc, Mutex};

use aieffect_blueprint::Address;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};

use crate::ports::{Call, CallMetadata, Inputs, Outputs, Transport};
use crate::run::Failure;

type Service =
    Arc<dyn Fn(&Call, Vec<Bytes>) -> BoxFuture<'static, Result<Vec<Bytes>, Failure>> + Send + Sync>;

/// Answers calls with a function.
#[derive(Clone)]
pub(crate) struct FakeTransport {
    service: Service,
    nobody: Option<Address>,
    calls: Arc<Mutex<Vec<CallMetadata>>>,
    abandoned: Arc<Mutex<usize>>,
}

impl FakeTransport {
    pub(crate) fn new<F>(service: impl Fn(&Call, Vec<Bytes>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Vec<Bytes>, Failure>> + Send + 'static,
    {
        let service: Service = Arc::new(move |call, inputs| Box::pin(service(call, inputs)));
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
            let inputs: Vec<Bytes> = inputs.collect().await;
            self.calls.lock().unwrap().push(call.metadata.clone());
            let mut abandonment = Abandonment(Some(Arc::clone(&self.abandoned)));
            let result = (self.service)(call, inputs).await;
            abandonment.0 = None;
            for message in result? {
                let Ok(()) = outputs.send(message).await;
            }
            Ok(())
        })
    }
}
