//! Judges responses.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::timeout;

use crate::plan::{Plan, StepId};
use crate::run::Failure;
use crate::success::DataFolder;

/// What a step's responses must be like, and what its conditions look at.
#[derive(Clone)]
pub(super) struct Judge {
    pub plan: Arc<Plan>,
    pub step: StepId,
    pub data: Arc<DataFolder>,
}

impl Judge {
    /// Whether every response is a good one.
    pub(super) fn accepts_all(&self) -> bool {
        self.plan.step(self.step).success.accepts_all()
    }

    /// Whether judging a response may take its time.
    pub(super) fn takes_time(&self) -> bool {
        self.plan.step(self.step).success.can_block()
    }

    /// Judges a response, if that takes no time.
    pub(super) fn at_once(&self, response: &[u8]) -> Option<Result<(), Failure>> {
        let contract = &self.plan.step(self.step).success;
        if self.takes_time() {
            return None;
        }
        Some(contract.check(response, &self.data).map_err(|error| unsuccessful(error.to_string())))
    }

    /// Judges a response.
    pub(super) async fn check(&self, response: &Bytes) -> Result<(), Failure> {
        match self.at_once(response) {
            Some(judged) => judged,
            None => self.clone().blocking(response.clone()).await,
        }
    }

    /// Judges a response on a thread of its own, within the step's deadline.
    pub(super) async fn blocking(self, response: Bytes) -> Result<(), Failure> {
        let Self { plan, step, data } = self;
        let deadline = plan.step(step).policy.deadline;
        let check = tokio::task::spawn_blocking(move || plan.step(step).success.check(&response, &data));
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
}

fn unsuccessful(message: String) -> Failure {
    Failure::Unsuccessful { message }
}

/// The failure of a call that panicked.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::Panicked { message: text.unwrap_or_else(|| "a panic without a message".to_owned()) }
}
