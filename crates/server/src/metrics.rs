//! What an operator's monitoring reads of the server: [`Metrics`].
//!
//! Numbers are taken where the truth is: what runs come to and how long the store takes at the store, calls from the engine's
//! events, messages at the transport, what stands still from the model when it is asked for. Every label has few values, and
//! none that a package names (docs/adr/0024-monitoring.md). Deliberately absent: who may read it, and over what.

mod breakers;
mod calls;
mod labels;
mod passing;
mod process;
mod runs;
mod store;
mod text;
mod transfers;

use std::collections::BTreeSet;
use std::sync::Arc;

use aieffect_orchestrator::engine::Transfers;
use aieffect_orchestrator::transport::Breakers;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(crate) use self::calls::Calls;
use self::labels::{Key, present};
pub(crate) use self::passing::Passing;
use self::runs::RunMetrics;
pub(crate) use self::store::Measured;
use self::store::StoreMetrics;

/// The form that Prometheus asks for first,
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// and the one that everything reads.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How a caller is named that is in no file of keys any more.
const OTHER: &str = "other";

/// All that is counted. Shared by whoever counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) runs: RunMetrics,
    calls: calls::CallMetrics,
    messages: passing::MessageMetrics,
    store: StoreMetrics,
    /// How long making requests takes, in all runs.
    pub(crate) transfers: Arc<Transfers>,
    subscribers: Gauge,
    /// Runs that wait for their turn, by the name of the key that began them.
    waiting: Family<Key, Gauge>,
    callers: BTreeSet<Arc<str>>,
}

/// The forms that the numbers are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    OpenMetrics,
    Text,
}

/// Somebody who reads a run's events, until this is dropped.
#[derive(Debug)]
pub(crate) struct Subscriber(Gauge);

impl Metrics {
    /// From nothing on, for callers of these names.
    pub(crate) fn new(version: &str, callers: BTreeSet<Arc<str>>, breakers: Arc<Breakers>) -> Self {
        let mut registry = Registry::default();
        process::register(&mut registry);
        let own = registry.sub_registry_with_prefix("aieffect");
        labels::register_build(own, version);
        breakers::register(own, breakers);
        let transfers = Arc::<Transfers>::default();
        transfers::register(own, Arc::clone(&transfers));
        let (subscribers, waiting) = (Gauge::default(), Family::<Key, Gauge>::default());
        own.register("event_subscribers", "Readers that follow the events of runs", subscribers.clone());
        let help = "Runs that wait for their turn, by the name of the key that began them";
        own.register("runs_waiting", help, waiting.clone());
        for key in &callers {
            present(&waiting, &Key { key: key.to_string() });
        }
        Self {
            runs: RunMetrics::register(own),
            calls: calls::CallMetrics::register(own),
            messages: passing::MessageMetrics::register(own),
            store: StoreMetrics::register(own),
            registry,
            transfers,
            subscribers,
            waiting,
            callers,
        }
    }

    /// All of it as it is now.
    pub(crate) fn shown(&self, form: Form) -> String {
        let mut shown = String::new();
        // Nothing fails that writes to a text.
        prometheus_client::encoding::text::encode(&mut shown, &self.registry).ok();
        match form {
            Form::OpenMetrics => shown,
            Form::Text => text::of_open_metrics(&shown),
        }
    }

    /// How many of a caller's runs wait for their turn.
    pub(crate) fn waiting(&self, caller: &Arc<str>) -> Gauge {
        let key = if self.callers.contains(caller) { caller } else { OTHER };
        self.waiting.get_or_create_owned(&Key { key: key.to_owned() })
    }

    /// Somebody begins to read a run's events.
    pub(crate) fn subscriber(&self) -> Subscriber {
        self.subscribers.inc();
        Subscriber(self.subscribers.clone())
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Form {
    /// The one that a request asks for by its `Accept`.
    pub(crate) fn wanted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => OPEN_METRICS,
            Self::Text => TEXT,
        }
    }
}
