//! One attempt of a firing: makes the request, calls, and judges the response.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use tokio::time::{sleep, timeout};

use crate::payload::Payload;
use crate::plan::{Plan, Step, StepId};
use crate::ports::{Call, Transport};
use crate::run::Failure;
use crate::success::DataFolder;

/// What an attempt needs.
pub(super) struct Attempt {
    pub plan: Arc<Plan>,
    pub step: StepId,
    pub transport: Arc<dyn Transport>,
    pub data: Arc<DataFolder>,
    pub call: Call,
    pub inputs: Vec<Bytes>,
}

/// What an attempt came to.
pub(super) struct Attempted {
    pub result: Result<Vec<Payload>, Failure>,
    /// The request, where one was made.
    pub request: Option<Bytes>,
}

impl Attempt {
    /// Makes the attempt. A panic in it is its failure. Dropping the future cancels the call.
    pub(super) async fn make(self) -> Attempted {
        let mut request = None;
        let made = AssertUnwindSafe(self.perform(&mut request)).catch_unwind().await;
        let result = made.unwrap_or_else(|panic| Err(panicked(&*panic)));
        Attempted { result, request }
    }

    async fn perform(&self, request: &mut Option<Bytes>) -> Result<Vec<Payload>, Failure> {
        let message = self.planned().requests.join(&self.inputs).map_err(Failure::Transfer)?;
        *request = Some(message.clone());
        let responses = self.responses(message).await?;
        for response in &responses {
            self.judge(response).await?;
        }
        Ok(responses.into_iter().map(Payload::new).collect())
    }

    async fn responses(&self, message: Bytes) -> Result<Vec<Bytes>, Failure> {
        let deadline = self.planned().policy.deadline;
        let mut responses: Vec<Bytes> = Vec::new();
        let inputs = Box::pin(stream::once(std::future::ready(message)));
        let called = tokio::select! {
            // Ours first: the client library's clock runs beside it, and says less.
            biased;
            () = sleep(deadline) => Err(Failure::Deadline { after: deadline }),
            called = self.transport.call(&self.call, inputs, &mut responses) => called,
        };
        called.map(|()| responses)
    }

    async fn judge(&self, response: &Bytes) -> Result<(), Failure> {
        let unsuccessful = |message: String| Failure::Unsuccessful { message };
        let contract = &self.planned().success;
        if !contract.can_block() {
            return contract.check(response, &self.data).map_err(|error| unsuccessful(error.to_string()));
        }
        let (plan, step, data) = (Arc::clone(&self.plan), self.step, Arc::clone(&self.data));
        let response = response.clone();
        let check = tokio::task::spawn_blocking(move || plan.step(step).success.check(&response, &data));
        let deadline = self.planned().policy.deadline;
        match timeout(deadline, check).await {
            Ok(Ok(judged)) => judged.map_err(|error| unsuccessful(error.to_string())),
            Ok(Err(error)) => match error.try_into_panic() {
                Ok(panic) => Err(panicked(&*panic)),
                Err(error) => Err(Failure::Panicked { message: error.to_string() }),
            },
            Err(_) => Err(unsuccessful(format!(
                "its conditions could not be checked within the deadline of {} s",
                deadline.as_secs_f64()
            ))),
        }
    }

    fn planned(&self) -> &Step {
        self.plan.step(self.step)
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::Panicked { message: text.unwrap_or_else(|| "a panic without a message".to_owned()) }
}
