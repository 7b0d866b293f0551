//! Labels, none of which has many values.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Key {
    pub(super) key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct State {
    pub(super) state: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    pub(super) outcome: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Operation {
    pub(super) operation: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Transport {
    pub(super) transport: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Passed {
    pub(super) transport: &'static str,
    pub(super) direction: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Ended {
    pub(super) transport: &'static str,
    pub(super) outcome: &'static str,
    /// The status of a service that answered with one.
    pub(super) code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: String,
}

pub(super) fn register_build(registry: &mut Registry, version: &str) {
    let build = Info::new(Build { version: version.to_owned() });
    registry.register("build", "What is running", build);
}

/// From 1 ms to 9 hours: a call may be a lookup or a day's simulation.
pub(super) fn long_times() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 13))
}

/// From 50 µs to 13 s.
pub(super) fn short_times() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 4.0, 10))
}

/// Has a series be there from the beginning on, so that its first rise is seen as one.
pub(super) fn present<S, M, C>(family: &Family<S, M, C>, label: &S)
where
    S: Clone + std::hash::Hash + Eq,
    C: MetricConstructor<M>,
{
    drop(family.get_or_create(label));
}
