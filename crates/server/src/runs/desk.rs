//! Lets runs begin, a few at once, and sees them to their end: [`Desk`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use aieffect_orchestrator::engine::{Keep, RunId, RunOptions};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::ports::RunStore;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::labels;
use super::model::{Model, Phase};
use super::queue::Queue;
use crate::packages::Refusal;

/// What the desk is asked for.
pub(super) enum Command {
    /// A run that is in the store is to have its turn.
    Begin { run: RunId, caller: Arc<str>, redo: Vec<String> },
    /// A run is to end; answers whether it was there to be ended.
    Cancel { run: RunId, answer: oneshot::Sender<bool> },
    /// Nothing more begins.
    Stop,
}

/// Has all that is under way.
pub(super) struct Desk {
    model: Arc<Model>,
    queue: Queue,
    redo: HashMap<RunId, Vec<String>>,
    running: JoinSet<()>,
    tasks: HashMap<Id, RunId>,
    cancels: HashMap<RunId, CancellationToken>,
    is_stopping: bool,
}

impl Desk {
    pub(super) fn new(model: Arc<Model>) -> Self {
        Self {
            model,
            queue: Queue::default(),
            redo: HashMap::new(),
            running: JoinSet::new(),
            tasks: HashMap::new(),
            cancels: HashMap::new(),
            is_stopping: false,
        }
    }

    /// Works until it is told to stop, and what is under way then has ended or the grace is over. What has not ended is
    /// left in the store as it is, to be gone on with.
    pub(super) async fn work(mut self, mut commands: mpsc::Receiver<Command>) {
        let stopping = CancellationToken::new();
        loop {
            self.begin_next();
            if self.is_stopping && self.running.is_empty() {
                return;
            }
            tokio::select! {
                command = commands.recv(), if !self.is_stopping => match command {
                    Some(command) => self.obey(command, &stopping),
                    None => return,
                },
                Some(ended) = self.running.join_next_with_id() => {
                    let id = match &ended {
                        Ok((id, ())) => *id,
                        Err(error) => error.id(),
                    };
                    self.ended(id, ended.is_err());
                }
                () = grace_after(&stopping, self.model.settings.grace) => return,
            }
        }
    }

    fn obey(&mut self, command: Command, stopping: &CancellationToken) {
        match command {
            Command::Begin { run, caller, redo } => {
                self.redo.insert(run.clone(), redo);
                self.queue.push(caller, run);
            }
            Command::Cancel { run, answer } => {
                let found = self.queue.remove(&run);
                if found {
                    self.redo.remove(&run);
                    self.model.end_unbegun(&run);
                }
                let token = self.cancels.get(&run);
                if let Some(token) = token {
                    token.cancel();
                }
                // Whoever asked may have gone.
                answer.send(found || token.is_some()).ok();
            }
            Command::Stop => {
                self.is_stopping = true;
                stopping.cancel();
            }
        }
    }

    fn begin_next(&mut self) {
        while !self.is_stopping && self.running.len() < self.model.settings.most_running {
            let Some(run) = self.queue.pop() else { return };
            let cancel = CancellationToken::new();
            let redo = self.redo.remove(&run).unwrap_or_default();
            self.model.enter(&run, Phase::Running);
            let work = perform(Arc::clone(&self.model), run.clone(), redo, cancel.clone());
            let task = self.running.spawn(work);
            self.tasks.insert(task.id(), run.clone());
            self.cancels.insert(run, cancel);
        }
    }

    fn ended(&mut self, task: Id, has_panicked: bool) {
        let Some(run) = self.tasks.remove(&task) else { return };
        self.cancels.remove(&run);
        if has_panicked {
            self.model.enter(&run, Phase::Interrupted("the engine failed; its log says more".to_owned()));
        }
        self.model.leave(&run);
    }
}

/// Ready once the grace after the stop is over.
async fn grace_after(stopping: &CancellationToken, grace: std::time::Duration) {
    stopping.cancelled().await;
    tokio::time::sleep(grace).await;
}

/// One run, from its turn to its end.
async fn perform(model: Arc<Model>, run: RunId, redo: Vec<String>, cancel: CancellationToken) {
    let prepared = {
        let (model, run) = (Arc::clone(&model), run.clone());
        tokio::task::spawn_blocking(move || prepare(&model, &run, &redo)).await
    };
    let (plan, options) = match prepared {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(reason)) => return model.enter(&run, Phase::Interrupted(reason)),
        Err(error) => return model.enter(&run, Phase::Interrupted(error.to_string())),
    };
    // Held until the run has ended: no other process goes on with it meanwhile.
    let _claim = match model.store.claim(&run) {
        Ok(claim) => claim,
        Err(error) => return model.enter(&run, Phase::Interrupted(error.to_string())),
    };
    let means = match model.means_of(&run) {
        Ok(means) => means,
        Err(reason) => return model.enter(&run, Phase::Interrupted(reason)),
    };
    let handle = means.orchestrator.submit(plan, means.endpoints, options, Vec::new());
    let asked = handle.cancellation();
    let mut ended = std::pin::pin!(handle.wait());
    let report = tokio::select! {
        report = &mut ended => report,
        () = cancel.cancelled() => {
            asked.cancel();
            ended.await
        }
    };
    if let Some(reason) = report.unstored {
        model.enter(&run, Phase::Interrupted(reason));
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
        data: model.settings.data.clone(),
        ..RunOptions::new(run.clone())
    };
    Ok((plan, options))
}
