//! Lets runs begin, a few at once, and sees them to their end: [`Desk`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use aieffect_orchestrator::engine::{Keep, Left, Observer, Orchestrator, RunId, RunOptions};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::ports::{RunStore, StoreError};
use aieffect_orchestrator::run::Outcome;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::labels;
use super::model::{Model, Phase};
use super::queue::Queue;
use crate::metrics::{Calls, Passing};
use crate::packages::Refusal;

/// What the desk is asked for.
pub(super) enum Command {
    /// A run that is in the store is to have its turn.
    Begin { run: RunId, caller: Arc<str>, redo: Vec<String> },
    /// A run is to end; answers whether it was there to be ended, once that is certain.
    Cancel { run: RunId, answer: oneshot::Sender<Result<bool, StoreError>> },
    /// Nothing more begins; answers once that is so.
    Stop { answer: oneshot::Sender<()> },
}

/// Has all that is under way.
pub(super) struct Desk {
    model: Arc<Model>,
    queue: Queue,
    waiting: HashMap<RunId, Waiting>,
    running: JoinSet<Result<Performed, String>>,
    tasks: HashMap<Id, Begun>,
    cancels: HashMap<RunId, CancellationToken>,
    /// What is written of runs that end before they began.
    ending: JoinSet<()>,
    /// Cancelled when it is to stop: runs are left between their steps.
    hold: CancellationToken,
    /// Once it is to stop: what has not come so far by then is cut off.
    end: Option<Instant>,
}

/// What a run came to.
enum Performed {
    Ended(Outcome),
    /// It was left between its steps.
    Held,
}

/// A run that waits for its turn.
struct Waiting {
    redo: Vec<String>,
    since: Instant,
    /// Counts it while it waits.
    counted: Gauge,
}

/// A run that has its turn.
struct Begun {
    run: RunId,
    at: Instant,
}

impl Desk {
    pub(super) fn new(model: Arc<Model>) -> Self {
        Self {
            model,
            queue: Queue::default(),
            waiting: HashMap::new(),
            running: JoinSet::new(),
            tasks: HashMap::new(),
            cancels: HashMap::new(),
            ending: JoinSet::new(),
            hold: CancellationToken::new(),
            end: None,
        }
    }

    /// Works until it is told to stop, and what is under way then is between two steps or the grace is over. What has not ended is
    /// left in the store as it is, to be gone on with.
    pub(super) async fn work(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            self.begin_next();
            if self.end.is_some() && self.running.is_empty() && self.ending.is_empty() {
                return;
            }
            tokio::select! {
                command = commands.recv(), if self.end.is_none() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                Some(ended) = self.running.join_next_with_id() => {
                    let (task, outcome) = match ended {
                        Ok(ended) => ended,
                        Err(error) => (error.id(), Err("the engine failed; its log says more".to_owned())),
                    };
                    self.ended(task, outcome);
                }
                Some(_) = self.ending.join_next() => {}
                () = grace_over(self.end) => return,
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Begin { run, caller, redo } => {
                let counted = self.model.metrics.waiting(&caller);
                counted.inc();
                self.waiting.insert(run.clone(), Waiting { redo, since: Instant::now(), counted });
                self.queue.push(caller, run);
            }
            Command::Cancel { run, answer } => {
                if let Some(token) = self.cancels.get(&run) {
                    token.cancel();
                    // Whoever asked may have gone.
                    answer.send(Ok(true)).ok();
                    return;
                }
                if !self.queue.remove(&run) {
                    answer.send(Ok(false)).ok();
                    return;
                }
                self.wait_no_longer(&run);
                let model = Arc::clone(&self.model);
                // The disk may take its time, and nobody else is to wait for it.
                self.ending.spawn_blocking(move || {
                    answer.send(model.end_unbegun(&run).map(|()| true)).ok();
                });
            }
            Command::Stop { answer } => {
                self.end = Some(Instant::now() + self.model.settings.grace);
                self.hold.cancel();
                // Whoever asked may have gone.
                answer.send(()).ok();
            }
        }
    }

    fn begin_next(&mut self) {
        while self.end.is_none() && self.running.len() < self.model.settings.most_running {
            let Some(run) = self.queue.pop() else { return };
            let cancel = CancellationToken::new();
            let waited = self.wait_no_longer(&run);
            let redo = waited.map_or_else(Vec::new, |waited| {
                self.model.metrics.runs.queued(waited.since.elapsed());
                waited.redo
            });
            self.model.enter(&run, Phase::Running);
            let work = perform(Arc::clone(&self.model), run.clone(), redo, cancel.clone(), self.hold.clone());
            let task = self.running.spawn(work);
            self.tasks.insert(task.id(), Begun { run: run.clone(), at: Instant::now() });
            self.cancels.insert(run, cancel);
        }
    }

    fn wait_no_longer(&mut self, run: &RunId) -> Option<Waiting> {
        let waited = self.waiting.remove(run)?;
        waited.counted.dec();
        Some(waited)
    }

    /// Only here does a run leave its phase: whoever wants to go on with it has to wait until then.
    fn ended(&mut self, task: Id, outcome: Result<Performed, String>) {
        let Some(Begun { run, at }) = self.tasks.remove(&task) else { return };
        self.cancels.remove(&run);
        match outcome {
            Ok(Performed::Ended(outcome)) => self.model.metrics.runs.took(outcome, at.elapsed()),
            // It goes on when the server is back.
            Ok(Performed::Held) => return self.model.enter(&run, Phase::Waiting),
            Err(reason) => return self.model.enter(&run, Phase::Interrupted(reason)),
        }
        self.model.leave(&run);
        self.model.has_ended.notify_one();
    }
}

/// Ready once the grace after the stop is over.
async fn grace_over(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// One run, from its turn to its end. An error says why it could not go on.
async fn perform(
    model: Arc<Model>,
    run: RunId,
    redo: Vec<String>,
    cancel: CancellationToken,
    hold: CancellationToken,
) -> Result<Performed, String> {
    let (plan, options, _claim) = {
        let (model, run) = (Arc::clone(&model), run.clone());
        let prepared = tokio::task::spawn_blocking(move || {
            // Held until the run has ended: no other process goes on with it meanwhile.
            let claim = model.store.claim(&run).map_err(|error| error.to_string())?;
            let (plan, options) = prepare(&model, &run, &redo)?;
            let options = RunOptions { hold, ..options };
            Ok::<_, String>((plan, options, claim))
        });
        prepared.await.map_err(|error| error.to_string())??
    };
    let means = model.means_of(&run)?;
    let metrics = &model.metrics;
    let mut calls = Calls::new(Arc::clone(metrics), &plan);
    let counting: Observer = Box::new(move |recorded| calls.see(recorded));
    let telling = (model.observers)(&run, &plan);
    let transport = Arc::new(Passing::new(means.transport, Arc::clone(metrics)));
    let handle = Orchestrator::new(transport).submit(plan, means.endpoints, options, vec![counting, telling]);
    let asked = handle.cancellation();
    let mut ended = std::pin::pin!(handle.wait());
    let report = tokio::select! {
        report = &mut ended => report,
        () = cancel.cancelled() => {
            asked.cancel();
            ended.await
        }
    };
    match report.left {
        None => Ok(Performed::Ended(report.outcome)),
        // Whoever cancelled it has been told so, and the stop came before the engine knew.
        Some(Left::Held) if cancel.is_cancelled() => {
            tokio::task::spawn_blocking(move || model.store_end(&run, Outcome::Cancelled))
                .await
                .map_err(|error| error.to_string())?
                .map_err(|error| error.to_string())?;
            Ok(Performed::Ended(Outcome::Cancelled))
        }
        Some(Left::Held) => Ok(Performed::Held),
        Some(Left::Unstored(reason)) => Err(reason),
    }
}

fn prepare(model: &Model, run: &RunId, redo: &[String]) -> Result<(Arc<Plan>, RunOptions), String> {
    let stored = model.store.run(run).map_err(|error| error.to_string())?;
    let stored = stored.ok_or_else(|| format!("there is no run {run}"))?;
    let plan = model.packages.plan(&labels::wanted(&stored)).map_err(|refusal| match refusal {
        Refusal::Findings(findings) => {
            let errors = findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>();
            format!("its package has errors: {}", errors.join("; "))
        }
        other => other.to_string(),
    })?;
    model.check_endpoints(&plan.nodes).map_err(|error| error.to_string())?;
    let redo: BTreeSet<_> =
        plan.steps().filter(|(_, step)| redo.contains(&step.name.to_string())).map(|(id, _)| id).collect();
    let store: Arc<dyn RunStore> = Arc::clone(&model.store) as _;
    let memo = Memo::recall(&plan, store, run.clone(), &redo).map_err(|error| error.to_string())?;
    if let [first, ..] = memo.undecided() {
        return Err(format!(
            "{first} was being called when the run was cut off, and `idempotent: false` says that it must not happen \
             twice: resume the run with that step in `redo` to call it again"
        ));
    }
    let options = RunOptions {
        keep: Keep::None,
        memo: Some(Arc::new(memo)),
        quiet: model.settings.quiet,
        // What is cut off then is stored before the server leaves.
        grace: model.settings.grace.mul_f64(0.9),
        data: model.settings.data.clone(),
        transfers: Arc::clone(&model.metrics.transfers),
        ..RunOptions::new(run.clone())
    };
    Ok((plan, options))
}
