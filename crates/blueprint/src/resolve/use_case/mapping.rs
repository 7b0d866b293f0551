//! Where the nodes of a use case answer: `service_mapping`, else their own names.

use std::collections::BTreeMap;

use super::offer::Offer;
use crate::{
    Address, Code, Diagnostic, Findings, MappedService, NodeName, Placement, Port, Severity, UseCase,
};

/// The entries of `service_mapping`, by the service that they mean.
pub(super) struct Mapping<'a>(BTreeMap<usize, &'a MappedService>);

impl<'a> Mapping<'a> {
    /// An entry that means no service is a warning: newer files map the platform's own services too.
    pub(super) fn read(offer: &Offer<'_>, mapped: &'a [MappedService], findings: &mut Findings) -> Self {
        let mut entries: BTreeMap<usize, &MappedService> = BTreeMap::new();
        for entry in mapped {
            let Some(service) = offer.service(&entry.service, Severity::Warning, findings) else { continue };
            let Some(first) = entries.get(&service) else {
                entries.insert(service, entry);
                continue;
            };
            let message = format!("`{}` and `{}` are one service", first.service.value, entry.service.value);
            findings.push(
                Diagnostic::error(Code::SaidTwice, message)
                    .at(entry.service.place.key_label())
                    .at(first.service.place.key_label().with_note("first here"))
                    .help("map each service once"),
            );
        }
        Self(entries)
    }

    /// Where a service's node answers. An address that is no service is a remote node.
    pub(super) fn address(
        &self,
        offer: &Offer<'_>,
        use_case: &UseCase,
        service: usize,
        node: &NodeName,
    ) -> (Address, Placement) {
        let started = |service: usize| Placement::Started(use_case.services[service].folder.clone());
        let Some(mapped) = self.0.get(&service) else {
            return (Address { host: node.to_string(), port: Port::DEFAULT }, started(service));
        };
        let own = (mapped.host.value == node.as_str()).then_some(service);
        let placement = offer.find(&mapped.host.value).or(own).map_or(Placement::Remote, started);
        (Address { host: mapped.host.value.clone(), port: mapped.port }, placement)
    }
}
