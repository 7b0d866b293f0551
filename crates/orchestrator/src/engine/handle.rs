//! The way in.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::actor::Actor;
use super::meter::Meters;
use super::options::RunOptions;
use super::record::Observer;
use super::report::RunReport;
use crate::plan::Plan;
use crate::ports::{Endpoints, Transport};

/// Runs any number of plans side by side over one transport.
#[derive(Clone)]
pub struct Orchestrator {
    transport: Arc<dyn Transport>,
}

impl Orchestrator {
    /// Calls are made over `transport`.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    /// Starts a run, in the runtime that this is called in. `observers` see every event.
    pub fn submit(
        &self,
        plan: Arc<Plan>,
        endpoints: Arc<dyn Endpoints>,
        options: RunOptions,
        observers: Vec<Observer>,
    ) -> RunHandle {
        let cancel = CancellationToken::new();
        let transport = Arc::clone(&self.transport);
        let actor = Actor::new(plan, transport, endpoints, options, observers, cancel.clone());
        let meters = actor.meters();
        let mut task = JoinSet::new();
        task.spawn(actor.run());
        RunHandle { cancel, task, meters }
    }
}

/// A run under way. Dropping it ends the run at once, without grace.
#[derive(Debug)]
pub struct RunHandle {
    cancel: CancellationToken,
    task: JoinSet<RunReport>,
    meters: Arc<Meters>,
}

impl RunHandle {
    /// Asks the run to stop: nothing more fires, open calls are cancelled.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// What [`cancel`](Self::cancel) does, for whoever has to ask while someone else waits.
    pub fn cancellation(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// What has passed so far, to look at while the run goes on.
    pub fn meters(&self) -> Arc<Meters> {
        Arc::clone(&self.meters)
    }

    /// Waits for the run's end.
    ///
    /// # Panics
    /// When the engine itself did, or the runtime is shut down under it.
    pub async fn wait(mut self) -> RunReport {
        match self.task.join_next().await {
            Some(Ok(report)) => report,
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => unreachable!("only dropping the handle aborts its run: {error}"),
            },
            None => unreachable!("the set has had its one task since `submit`"),
        }
    }
}
