//! A report of what a store remembers of a run: [`Retold`].

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aieffect_blueprint::{Mode, Pipeline};
use aieffect_orchestrator::ports::Entry;
use aieffect_orchestrator::run::Outcome;
use aieffect_orchestrator::store::{Ending as Stored, Gave, StoredEvent, StoredFailure, StoredRun};
use aieffect_picture::report::{Amounts, Cause, Ending, Facts, RunRecord, StepState, report};

use super::machine;
use crate::keep;

/// A run as its stored events tell it.
pub(crate) struct Retold {
    record: RunRecord,
    steps: HashMap<String, usize>,
    nodes: HashMap<String, usize>,
    amounts: Vec<Amounts>,
    mode: Mode,
    begun: SystemTime,
    last: SystemTime,
    /// Time between two processes that worked on the run, which is left out.
    gaps: Duration,
    resumed: u32,
    from: Option<String>,
    failure: Option<(String, String, String)>,
}

impl Retold {
    /// Of a run before its first event.
    pub(crate) fn new(run: &StoredRun) -> Self {
        let mode = keep::mode_of(run);
        let mut record = RunRecord::new(mode);
        let (mut steps, mut nodes) = (HashMap::new(), HashMap::new());
        for (position, name) in run.steps.iter().enumerate() {
            let node = name.split_once(':').map_or(name.as_str(), |(node, _)| node);
            let next = nodes.len();
            let at = *nodes.entry(node.to_owned()).or_insert_with(|| {
                record.add_node(node, "not stored");
                next
            });
            record.add_step(name, at);
            steps.insert(name.clone(), position);
        }
        Self {
            record,
            amounts: vec![Amounts::default(); steps.len()],
            steps,
            nodes,
            mode,
            begun: run.created,
            last: run.created,
            gaps: Duration::ZERO,
            resumed: 0,
            from: None,
            failure: None,
        }
    }

    /// Takes in what happened next.
    pub(crate) fn take(&mut self, entry: &Entry) {
        if let StoredEvent::Resumed { redo, .. } = &entry.event {
            self.resume(entry.at, redo);
        }
        self.last = entry.at.max(self.last);
        let since = self.since(entry.at);
        self.record.until(since);
        if let StoredEvent::NodeReady { node } = &entry.event
            && let Some(node) = self.nodes.get(node)
        {
            self.record.node_answered(*node, since);
        }
        if let StoredEvent::Continued { from } = &entry.event {
            self.from = Some(from.clone());
        }
        let Some(step) = entry.event.step().and_then(|step| self.steps.get(step).copied()) else { return };
        self.take_of_step(step, since, &entry.event);
    }

    fn take_of_step(&mut self, step: usize, since: Duration, event: &StoredEvent) {
        let record = &mut self.record;
        match event {
            StoredEvent::Fired { seq, attempt, .. } => record.called(step, *seq, *attempt, since, since),
            StoredEvent::Done { seq, gave, .. } => {
                if record.is_open(step, *seq) {
                    record.answered(step, *seq, since);
                } else {
                    record.reused(step, *seq, since);
                }
                let (messages, bytes) = match gave {
                    Gave::Message { bytes } => (1, *bytes),
                    // In the file each message has its length before it.
                    Gave::Stream { messages, bytes, .. } => {
                        (*messages, bytes.unwrap_or_default().saturating_sub(4 * messages))
                    }
                };
                let amounts = &mut self.amounts[step];
                amounts.messages += messages;
                amounts.bytes = Some(amounts.bytes.unwrap_or_default() + bytes);
            }
            StoredEvent::AttemptFailed { seq, failure, .. } => {
                record.to_be_repeated(step, *seq, since, &failure.text);
            }
            StoredEvent::Failed { seq, attempt, failure, .. } if self.mode == Mode::Live => {
                record.failed_of_counted(step, *seq, *attempt, since, &failure.text);
            }
            StoredEvent::Failed { step: name, seq, failure, .. } => {
                record.failed(step, *seq, since, &failure.text);
                self.blame(name, failure);
            }
            StoredEvent::Cancelled { seq, .. } => record.cut(step, *seq, since),
            StoredEvent::Counted { calls, failed, messages, failure, .. } => {
                record.counted(
                    step,
                    *calls,
                    *failed,
                    since,
                    failure.as_ref().map(|failure| failure.text.as_str()),
                );
                self.amounts[step].messages += messages;
            }
            StoredEvent::StepFinished { .. } => record.finished(step),
            StoredEvent::StepFailed { step: name, failure } => {
                record.step_failed(step, since, &failure.text);
                self.blame(name, failure);
            }
            StoredEvent::StepSkipped { .. } => record.stands(step, StepState::Skipped),
            StoredEvent::Started
            | StoredEvent::Resumed { .. }
            | StoredEvent::Continued { .. }
            | StoredEvent::NodeReady { .. }
            | StoredEvent::NodeUnreachable { .. }
            | StoredEvent::Closing { .. }
            | StoredEvent::CancelRequested
            | StoredEvent::Finished { .. } => {}
        }
    }

    /// The page.
    pub(crate) fn page(
        mut self,
        run: &StoredRun,
        is_claimed: bool,
        pipeline: Result<&Pipeline, &str>,
    ) -> String {
        let took = self.since(self.last);
        self.record.close(took);
        for (step, amounts) in self.amounts.iter().enumerate() {
            self.record.passed(step, *amounts);
        }
        let ending = match run.ending {
            Stored::Ended(Outcome::Succeeded) => Ending::Succeeded,
            Stored::Ended(Outcome::Failed) => Ending::Failed,
            Stored::Ended(Outcome::Cancelled) => Ending::Cancelled,
            Stored::Ended(Outcome::Unreachable) => Ending::Unreachable,
            Stored::Open if is_claimed => Ending::Running,
            Stored::Open => Ending::Interrupted,
        };
        let cause = self.failure.take().map(|(step, kind, text)| Cause {
            what: format!("{step} failed"),
            text,
            details: vec![("Failure", kind.replace('_', " "))],
        });
        let mut environment = machine::environment();
        if let Some((_, version)) = environment.iter_mut().find(|(name, _)| *name == "aieffect") {
            *version = format!("{} (the report: {version})", run.version);
        }
        let facts = Facts {
            run: run.id.to_string(),
            pipeline: run.pipeline.clone(),
            ending,
            cause: cause.filter(|_| ending != Ending::Succeeded),
            began: super::began(run.created),
            took,
            further: self.further(run),
            environment,
            unknown: self.unknown(),
        };
        report(&facts, &self.record, pipeline)
    }

    fn further(&self, run: &StoredRun) -> Vec<(&'static str, String)> {
        let mut further = super::further(&run.initial_data);
        match self.resumed {
            0 => {}
            1 => further.push(("Resumed", "once".to_owned())),
            times => further.push(("Resumed", format!("{times} times"))),
        }
        further.extend(self.from.iter().map(|from| ("With results of", from.clone())));
        further
    }

    fn unknown(&self) -> Vec<String> {
        let mut unknown = vec![
            "This report is made from the run store, which does not know of requests, and not how long queueing, transfer and \
             storing took: queueing and transfer are a part of calling here."
                .to_owned(),
            "System and cores are those of the machine that this report was made on.".to_owned(),
        ];
        if self.mode == Mode::Live {
            let said = "Of a live run the store has counts, single calls only where they failed, and no sizes: no call is drawn, and no times are known.";
            unknown.push(said.to_owned());
        }
        if self.resumed > 0 {
            let said = "Several processes worked on the run; the time between them is left out.";
            unknown.push(said.to_owned());
        }
        unknown
    }

    fn resume(&mut self, at: SystemTime, redo: &[String]) {
        self.resumed += 1;
        self.failure = None;
        let end = self.since(self.last);
        self.gaps += at.duration_since(self.last).unwrap_or_default();
        self.record.close(end);
        for (name, step) in &self.steps {
            let is_done = matches!(self.record.state(*step), Some(StepState::Finished | StepState::Reused));
            if !is_done || redo.contains(name) {
                self.record.stands(*step, StepState::Waiting);
            }
        }
    }

    /// What failed first is why the run did.
    fn blame(&mut self, step: &str, StoredFailure { kind, text }: &StoredFailure) {
        self.failure.get_or_insert_with(|| (step.to_owned(), kind.clone(), text.clone()));
    }

    fn since(&self, at: SystemTime) -> Duration {
        at.duration_since(self.begun).unwrap_or_default().saturating_sub(self.gaps)
    }
}
