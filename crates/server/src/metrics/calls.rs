//! Calls of services, from the events of the runs that make them: [`Calls`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::TransportKind;
use aieffect_orchestrator::engine::{Origin, Recorded, Supplied};
use aieffect_orchestrator::plan::{Plan, StepId};
use aieffect_orchestrator::run::{Failure, FiringId, RunEvent};
use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use super::labels::{Ended, Outcome, Transport, long_times, present};

/// What is counted of calls.
#[derive(Debug)]
pub(super) struct CallMetrics {
    ended: Family<Ended, Counter>,
    repeated: Family<Transport, Counter>,
    open: Family<Transport, Gauge>,
    duration: Family<Transport, Histogram, fn() -> Histogram>,
    queueing: Histogram,
    readiness: Family<Outcome, Histogram, fn() -> Histogram>,
}

const SUCCEEDED: &str = "succeeded";
const CANCELLED: &str = "cancelled";
const READY: &str = "ready";
const UNREACHABLE: &str = "unreachable";

impl CallMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            ended: Family::default(),
            repeated: Family::default(),
            open: Family::default(),
            duration: Family::new_with_constructor(long_times),
            queueing: long_times(),
            readiness: Family::new_with_constructor(long_times),
        };
        let help = "Calls that ended, each attempt by itself, by what they came to and the status that a service answered";
        registry.register("calls", help, metrics.ended.clone());
        let help = "Calls that failed and are made again";
        registry.register("calls_repeated", help, metrics.repeated.clone());
        registry.register("calls_open", "Calls that have not ended", metrics.open.clone());
        let help = "How long calls took, each attempt by itself";
        registry.register_with_unit("call_duration", help, Unit::Seconds, metrics.duration.clone());
        let help = "How long calls waited for their turn after all that they are made of was there";
        registry.register_with_unit("call_queueing", help, Unit::Seconds, metrics.queueing.clone());
        let help = "How long nodes were waited for at the beginning of a run";
        registry.register_with_unit("node_readiness", help, Unit::Seconds, metrics.readiness.clone());
        for transport in [TransportKind::Grpc, TransportKind::HttpControl].map(TransportKind::as_str) {
            present(&metrics.ended, &Ended { transport, outcome: SUCCEEDED, code: "" });
            present(&metrics.repeated, &Transport { transport });
            present(&metrics.open, &Transport { transport });
            present(&metrics.duration, &Transport { transport });
        }
        for outcome in [READY, UNREACHABLE] {
            present(&metrics.readiness, &Outcome { outcome });
        }
        metrics
    }
}

/// Sees a run's events, and counts its calls.
pub(crate) struct Calls {
    metrics: Arc<Metrics>,
    /// Of each step.
    transports: Vec<&'static str>,
    /// When each open call began.
    open: HashMap<FiringId, Duration>,
    supplied: Supplied,
    /// From when on each step's next call waits for its turn,
    waiting: Vec<Option<Duration>>,
    /// and each call that is made again.
    again: HashMap<FiringId, Duration>,
}

impl Calls {
    pub(crate) fn new(metrics: Arc<Metrics>, plan: &Plan) -> Self {
        let transport = |step: &aieffect_orchestrator::plan::Step| step.operation.transport.as_str();
        Self {
            metrics,
            transports: plan.steps.iter().map(transport).collect(),
            open: HashMap::new(),
            supplied: Supplied::new(plan),
            waiting: vec![None; plan.steps.len()],
            again: HashMap::new(),
        }
    }

    pub(crate) fn see(&mut self, recorded: &Recorded) {
        let Recorded { since, storing, event, origin, .. } = recorded;
        for step in self.supplied.see(event, *origin) {
            self.waiting[step.index()].get_or_insert(*since);
        }
        if *origin == Origin::Stored {
            return;
        }
        match event {
            RunEvent::NodeReady { .. } => self.answered(READY, *since),
            RunEvent::NodeUnreachable { .. } => self.answered(UNREACHABLE, *since),
            RunEvent::FiringStarted { firing, .. } => self.began(*firing, *since, *storing),
            RunEvent::AttemptFailed { firing, failure, .. } => {
                let transport = self.transport(firing.step);
                self.metrics.calls.repeated.get_or_create(&Transport { transport }).inc();
                self.ended(*firing, *since, failure.kind(), code(failure));
            }
            RunEvent::RetryDue { firing } => {
                self.again.insert(*firing, *since);
            }
            RunEvent::FiringSucceeded { firing, .. } | RunEvent::SourceEnded { firing } => {
                self.ended(*firing, *since, SUCCEEDED, "");
            }
            RunEvent::FiringFailed { firing, failure, .. } => {
                self.ended(*firing, *since, failure.kind(), code(failure));
            }
            RunEvent::FiringCancelled { firing } => {
                self.again.remove(firing);
                self.ended(*firing, *since, CANCELLED, "");
            }
            RunEvent::Started
            | RunEvent::Supplied { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::StepFinished { .. }
            | RunEvent::StepFailed { .. }
            | RunEvent::StepSkipped { .. }
            | RunEvent::Closing { .. }
            | RunEvent::CancelRequested
            | RunEvent::Finished { .. } => {}
        }
    }

    fn answered(&self, outcome: &'static str, since: Duration) {
        self.metrics.calls.readiness.get_or_create(&Outcome { outcome }).observe(since.as_secs_f64());
    }

    fn began(&mut self, firing: FiringId, since: Duration, storing: Duration) {
        let waited_from = self.again.remove(&firing).or_else(|| self.waiting[firing.step.index()].take());
        if let Some(from) = waited_from {
            self.metrics.calls.queueing.observe(since.saturating_sub(from).as_secs_f64());
        }
        let transport = self.transport(firing.step);
        self.metrics.calls.open.get_or_create(&Transport { transport }).inc();
        self.open.insert(firing, since + storing);
    }

    /// One that is not open is none: what was given up while it waited to be made again.
    fn ended(&mut self, firing: FiringId, since: Duration, outcome: &'static str, code: &'static str) {
        let Some(began) = self.open.remove(&firing) else { return };
        let (calls, transport) = (&self.metrics.calls, self.transport(firing.step));
        calls.ended.get_or_create(&Ended { transport, outcome, code }).inc();
        calls.open.get_or_create(&Transport { transport }).dec();
        let took = since.saturating_sub(began).as_secs_f64();
        calls.duration.get_or_create(&Transport { transport }).observe(took);
    }

    fn transport(&self, step: StepId) -> &'static str {
        self.transports[step.index()]
    }
}

/// Those of a run that was broken off are open no more.
impl Drop for Calls {
    fn drop(&mut self) {
        for firing in self.open.keys() {
            let transport = self.transport(firing.step);
            self.metrics.calls.open.get_or_create(&Transport { transport }).dec();
        }
    }
}

/// The status that a service answered; of HTTP, where any number goes, the class.
fn code(failure: &Failure) -> &'static str {
    match failure {
        Failure::Status { code, .. } => code.as_str(),
        Failure::Http { status, .. } => match StatusCode::from_u16(*status) {
            Ok(status) if status.is_server_error() => "5xx",
            Ok(status) if status.is_client_error() => "4xx",
            Ok(status) if status.is_redirection() => "3xx",
            _ => "other",
        },
        _ => "",
    }
}
