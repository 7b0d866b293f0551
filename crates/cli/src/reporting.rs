//! Leaves a report of each run: [`Reporting`] gathers while it goes on, and writes the page at its end.

mod account;
mod machine;
mod retold;
mod witness;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use aieffect_blueprint::Pipeline;
use aieffect_orchestrator::engine::{Meters, Observer, Recorded, RunReport};
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::store::Durability;
use aieffect_orchestrator::values::Unreadable;
use aieffect_picture::report::{Amounts, Cause, Ending, Facts, report};

pub(crate) use self::retold::Retold;
use self::witness::Witness;
use crate::arguments::RunFlags;
use crate::clock;
use crate::keep::Kept;
use crate::log::Log;
use crate::sink;

/// Letters of the initial data that are shown.
const LONGEST: usize = 1000;

/// A report on its way.
pub(crate) struct Reporting {
    /// Where the page goes.
    page: Option<PathBuf>,
    plan: Arc<Plan>,
    pipeline: Option<Pipeline>,
    run: String,
    further: Vec<(&'static str, String)>,
    kept: &'static str,
    /// The run's task tells it what happens; it is asked when the run has ended.
    witness: Arc<Mutex<Witness>>,
    meters: OnceLock<Arc<Meters>>,
}

impl Reporting {
    /// Of a run that is about to begin: to the file that is asked for, else to the run's place in its store; without
    /// either there is none.
    pub(crate) fn new(
        flags: &RunFlags,
        plan: &Arc<Plan>,
        pipeline: Option<Pipeline>,
        initial_data: Option<&str>,
        kept: &Kept,
    ) -> Self {
        let chosen = flags.report.clone().filter(|path| !path.as_os_str().is_empty());
        let store = match (kept.memo.is_some(), flags.keep.durability()) {
            (false, _) => "none: the run is not stored",
            (true, Durability::Process) => "survives the death of the process",
            (true, Durability::Power) => "survives a loss of power",
        };
        Self {
            page: chosen.or_else(|| kept.report()),
            plan: Arc::clone(plan),
            pipeline,
            run: kept.id.to_string(),
            further: further(initial_data.unwrap_or_default()),
            kept: store,
            witness: Arc::new(Mutex::new(Witness::new(plan))),
            meters: OnceLock::new(),
        }
    }

    /// Sees what happens in the run; nothing where no report is wanted.
    pub(crate) fn observer(&self) -> Option<Observer> {
        self.page.as_ref()?;
        let witness = Arc::clone(&self.witness);
        Some(Box::new(move |recorded: &Recorded| {
            witness.lock().unwrap_or_else(PoisonError::into_inner).see(recorded);
        }))
    }

    /// What passes in the run is counted there.
    pub(crate) fn counts(&self, meters: Arc<Meters>) {
        // A run begins once.
        let _ = self.meters.set(meters);
    }

    /// Writes the page of a run that has ended, and names it.
    pub(crate) fn write(&self, ended: &RunReport, unreadable: Option<&Unreadable>, log: &Log) {
        let (ending, cause) = account::of(&self.plan, ended, unreadable);
        self.write_as(ending, cause, log);
    }

    /// The same for one whose end is not waited for.
    pub(crate) fn write_without_end(&self, log: &Log) {
        self.write_as(Ending::Interrupted, None, log);
    }

    /// The same for one whose services did not start; without a reason it was stopped while they did.
    pub(crate) fn write_without_beginning(&self, reason: Option<&str>, log: &Log) {
        let cause = reason.map(|reason| Cause {
            what: "The services did not start".to_owned(),
            text: reason.to_owned(),
            details: Vec::new(),
        });
        let ending = if cause.is_some() { Ending::Unreachable } else { Ending::Cancelled };
        self.write_as(ending, cause, log);
    }

    fn write_as(&self, ending: Ending, cause: Option<Cause>, log: &Log) {
        let Some(path) = &self.page else { return };
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        for (step, _) in self.plan.steps() {
            let Some(passed) = self.meters.get().map(|meters| meters.passed(step)) else { break };
            let amounts = Amounts {
                requests: Some((passed.requests, passed.request_bytes)),
                messages: passed.messages,
                bytes: Some(passed.bytes),
                transfer: Some(passed.transfer),
            };
            witness.record.passed(step.index(), amounts);
        }
        let took = witness.close();
        let mut environment = machine::environment();
        environment.push(("Run store", self.kept.to_owned()));
        let facts = Facts {
            run: self.run.clone(),
            pipeline: self.plan.name.clone(),
            ending,
            cause,
            began: began(witness.began.unwrap_or_else(SystemTime::now)),
            took,
            further: self.further.clone(),
            environment,
            unknown: Vec::new(),
        };
        let pipeline =
            self.pipeline.as_ref().ok_or("The documents are not at hand to draw the pipeline from.");
        match sink::replace(path, |writer| {
            writer.write_all(report(&facts, &witness.record, pipeline).as_bytes())
        }) {
            Ok(()) => log.report(path),
            Err(error) => log.warning(&format!("the report `{}` is not written: {error}", path.display())),
        }
    }
}

fn began(at: SystemTime) -> String {
    format!("{} UTC", clock::of_date(at))
}

fn further(initial_data: &str) -> Vec<(&'static str, String)> {
    if initial_data.is_empty() {
        return Vec::new();
    }
    let mut shown: String = initial_data.chars().take(LONGEST).collect();
    if shown.len() < initial_data.len() {
        shown.push('…');
    }
    vec![("Initial data", shown)]
}
