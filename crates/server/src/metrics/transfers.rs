//! The engine's own count of how long making requests takes, shown when it is asked for.

use std::fmt;
use std::sync::Arc;

use aieffect_orchestrator::engine::Transfers;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug)]
struct Shown(Arc<Transfers>);

pub(super) fn register(registry: &mut Registry, transfers: Arc<Transfers>) {
    registry.register_collector(Box::new(Shown(transfers)));
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "How long it takes to make a request of the messages that came in.";
        let kind = MetricType::Histogram;
        let mut encoder = encoder.encode_descriptor("transfer_duration", help, Some(&Unit::Seconds), kind)?;
        let bound =
            |bound: Option<std::time::Duration>| bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64());
        let buckets: Vec<(f64, u64)> =
            self.0.counts().map(|(most, requests)| (bound(most), requests)).collect();
        let count = buckets.iter().map(|(_, requests)| requests).sum();
        encoder.encode_histogram::<NoLabelSet>(self.0.sum().as_secs_f64(), count, &buckets, None)
    }
}
