//! Runs: how many stand how, and how long they wait and last.

use std::sync::atomic::AtomicU64;

use aieffect_orchestrator::run::Outcome as Ending;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{Outcome, State as StateLabel, long_times, present};
use crate::runs::State;

/// What is counted of runs.
#[derive(Debug)]
pub(crate) struct RunMetrics {
    standing: Family<StateLabel, Gauge>,
    most: Family<StateLabel, Gauge>,
    ended: Family<Outcome, Counter>,
    /// Requests for runs that were refused, since too many wait.
    pub(crate) refused: Counter,
    /// Runs that have ended and are kept no longer.
    pub(crate) forgotten: Counter,
    queueing: Histogram,
    duration: Family<Outcome, Histogram, fn() -> Histogram>,
}

impl RunMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            standing: Family::default(),
            most: Family::default(),
            ended: Family::default(),
            refused: Counter::<u64, AtomicU64>::default(),
            forgotten: Counter::<u64, AtomicU64>::default(),
            queueing: long_times(),
            duration: Family::new_with_constructor(long_times),
        };
        registry.register("runs", "Runs in the store, by how they stand", metrics.standing.clone());
        registry.register("runs_most", "How many runs may stand so at once", metrics.most.clone());
        registry.register("runs_ended", "Runs that came to their end", metrics.ended.clone());
        let help = "Requests for a run that were refused, since too many wait";
        registry.register("runs_refused", help, metrics.refused.clone());
        let help = "Runs that had ended and were forgotten, being too old or too many";
        registry.register("runs_forgotten", help, metrics.forgotten.clone());
        let help = "How long runs waited for their turn";
        registry.register_with_unit("run_queueing", help, Unit::Seconds, metrics.queueing.clone());
        let help = "How long runs took from their turn to their end, without what they waited before";
        registry.register_with_unit("run_duration", help, Unit::Seconds, metrics.duration.clone());
        for outcome in Ending::ALL.map(Ending::as_str) {
            present(&metrics.ended, &Outcome { outcome });
            present(&metrics.duration, &Outcome { outcome });
        }
        for state in State::ALL {
            metrics.stand(state, 0);
        }
        metrics
    }

    /// So many runs stand like that now.
    pub(crate) fn stand(&self, state: State, runs: usize) {
        let label = StateLabel { state: state.as_str() };
        self.standing.get_or_create(&label).set(i64::try_from(runs).unwrap_or(i64::MAX));
    }

    /// So many may.
    pub(crate) fn may(&self, state: State, runs: usize) {
        let label = StateLabel { state: state.as_str() };
        self.most.get_or_create(&label).set(i64::try_from(runs).unwrap_or(i64::MAX));
    }

    /// One has come to its end.
    pub(super) fn ended(&self, ending: Ending) {
        self.ended.get_or_create(&Outcome { outcome: ending.as_str() }).inc();
    }

    /// One has waited so long for its turn.
    pub(crate) fn queued(&self, waited: std::time::Duration) {
        self.queueing.observe(waited.as_secs_f64());
    }

    /// One took so long from its turn on.
    pub(crate) fn took(&self, ending: Ending, took: std::time::Duration) {
        let label = Outcome { outcome: ending.as_str() };
        self.duration.get_or_create(&label).observe(took.as_secs_f64());
    }
}
