//! The links of a use case, between operations instead of names.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::Endpoint;
use super::offer::Offer;
use crate::{At, Code, Connection, Diagnostic, FieldMapping, Findings, Place, Severity, WhenFull};

pub(super) struct NamedLink<'a> {
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) fields: Vec<FieldMapping>,
    pub(super) when_full: WhenFull,
    pub(super) place: &'a Place,
}

/// All links, in the file's order, and what they touch.
pub(super) struct Links<'a> {
    pub(super) all: Vec<NamedLink<'a>>,
    ends: HashSet<Endpoint>,
    services: HashSet<usize>,
    /// The first link into each operation.
    incoming: HashMap<Endpoint, usize>,
}

impl<'a> Links<'a> {
    pub(super) fn read(offer: &Offer<'_>, connections: &'a [Connection], findings: &mut Findings) -> Self {
        let named: Vec<_> =
            connections.iter().flat_map(|connection| named(offer, connection, findings)).collect();
        let all = without_repeats(offer, named, findings);
        let ends: HashSet<_> = all.iter().flat_map(|link| [link.from, link.to]).collect();
        let services = ends.iter().map(|end| end.service).collect();
        let mut incoming = HashMap::new();
        for (position, link) in all.iter().enumerate() {
            incoming.entry(link.to).or_insert(position);
        }
        Self { all, ends, services, incoming }
    }

    /// Operations that no connection names are left out once their service has a connected one.
    pub(super) fn keep(&self, end: Endpoint) -> bool {
        self.ends.contains(&end) || !self.services.contains(&end.service)
    }

    /// The first link into an operation.
    pub(super) fn leading_to(&self, end: Endpoint) -> Option<&NamedLink<'a>> {
        self.incoming.get(&end).map(|position| &self.all[*position])
    }

    /// The services that a link leads to.
    pub(super) fn targets(&self) -> HashSet<usize> {
        self.incoming.keys().map(|end| end.service).collect()
    }
}

fn named<'a>(offer: &Offer<'_>, connection: &'a Connection, findings: &mut Findings) -> Vec<NamedLink<'a>> {
    let from = offer.service(&connection.from_service, Severity::Error, findings);
    let to = offer.service(&connection.to_service, Severity::Error, findings);
    let sources = from.map(|service| sources(offer, service, connection, findings)).unwrap_or_default();
    let target = to.and_then(|service| offer.operation(service, &connection.to_method, findings));
    let Some(to) = target else { return Vec::new() };
    let link = |from| NamedLink {
        from,
        to,
        fields: connection.fields.clone(),
        when_full: connection.when_full,
        place: &connection.place,
    };
    sources.into_iter().map(link).collect()
}

/// The operation that a connection comes from; every one of the service in older files.
fn sources(
    offer: &Offer<'_>,
    service: usize,
    connection: &Connection,
    findings: &mut Findings,
) -> Vec<Endpoint> {
    if let Some(method) = &connection.from_method {
        return offer.operation(service, method, findings).into_iter().collect();
    }
    let Some(interface) = offer.interface(service) else { return Vec::new() };
    if interface.operations.len() > 1 {
        findings.push(comes_from_all(&connection.from_service, interface, &connection.place));
    }
    (0..interface.operations.len()).map(|operation| Endpoint { service, operation }).collect()
}

fn comes_from_all(service: &At<String>, interface: &crate::Interface, place: &Place) -> Diagnostic {
    let names: Vec<_> = interface.operations.iter().map(|each| format!("`{}`", each.operation)).collect();
    let message =
        format!("the connection comes from every operation of `{}`: {}", service.value, names.join(", "));
    Diagnostic::warning(Code::AmbiguousSource, message)
        .at(place.label().with_note("`from_method` is missing"))
        .help("name the operation in `from_method`")
}

/// One link per pair of operations; what the later ones say about fields is added to the first.
fn without_repeats<'a>(
    offer: &Offer<'_>,
    named: Vec<NamedLink<'a>>,
    findings: &mut Findings,
) -> Vec<NamedLink<'a>> {
    let mut positions = HashMap::with_capacity(named.len());
    let mut all: Vec<NamedLink<'a>> = Vec::with_capacity(named.len());
    for link in named {
        match positions.entry((link.from, link.to)) {
            Entry::Vacant(entry) => {
                entry.insert(all.len());
                all.push(link);
            }
            Entry::Occupied(entry) => {
                let first = &mut all[*entry.get()];
                let (from, to) = (offer.shown(link.from), offer.shown(link.to));
                findings.push(
                    Diagnostic::warning(
                        Code::SaidTwice,
                        format!("the connection from `{from}` to `{to}` is there twice, and is made once"),
                    )
                    .at(link.place.label())
                    .at(first.place.label().with_note("first here"))
                    .help("remove one of them"),
                );
                first.fields.extend(link.fields);
                if link.when_full == WhenFull::KeepLatest {
                    first.when_full = WhenFull::KeepLatest;
                }
            }
        }
    }
    all
}
