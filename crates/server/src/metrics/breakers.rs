//! Services that cannot be connected to, as the transports know them.

use std::fmt;
use std::sync::Arc;

use aieffect_orchestrator::transport::{Breakers, Standing};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::labels::State;

#[derive(Debug)]
struct Shown(Arc<Breakers>);

pub(super) fn register(registry: &mut Registry, breakers: Arc<Breakers>) {
    registry.register_collector(Box::new(Shown(breakers)));
}

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Standing { open, half_open } = self.0.standing();
        let help = "Services that could not be connected to again and again, whose calls fail at once.";
        let mut family = encoder.encode_descriptor("breakers", help, None, MetricType::Gauge)?;
        for (state, services) in [("open", open), ("half_open", half_open)] {
            let services = i64::try_from(services).unwrap_or(i64::MAX);
            ConstGauge::new(services).encode(family.encode_family(&State { state })?)?;
        }
        let mut count = |name: &str, help: &str, value: u64| {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
        };
        count("breakers_opened", "How often calls of a service began to fail at once.", self.0.opened())?;
        let help = "Attempts that failed at once, since the service could not be connected to before.";
        count("calls_refused", help, self.0.refused())
    }
}
