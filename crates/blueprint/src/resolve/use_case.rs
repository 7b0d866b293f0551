//! A use case and what its services offer become a pipeline.

mod links;
mod mapping;
mod offer;

use std::collections::{BTreeSet, HashMap};

use self::links::Links;
use self::mapping::Mapping;
use self::offer::Offer;
use super::{Interfaces, Sketch, order};
use crate::{
    At, Code, DeclaredStreams, Diagnostic, Findings, ImageRef, Link, Mention, MentionKind, Node, NodeName,
    Operation, OperationEntry, OperationId, Pipeline, Place, Service, Severity, Signature, UseCase,
};

/// Resolves a use case whose services' interfaces are known. `None` when a finding is an error.
///
/// Every service becomes a node named after its folder with a `1` behind; nodes stand with the start service
/// first, then each after those that lead to it, then by name. Links stand in the order a blueprint lists
/// them, so a use case and its package mean the same.
pub fn use_case(use_case: &UseCase, interfaces: &Interfaces) -> (Option<Pipeline>, Findings) {
    let (pipeline, findings) = resolve(use_case, interfaces);
    let pipeline = (!findings.has_errors()).then_some(pipeline);
    (pipeline, findings)
}

/// What can be made of a use case with mistakes; what these are, [`use_case`] says.
pub fn sketch_of_use_case(use_case: &UseCase, interfaces: &Interfaces) -> Sketch {
    Sketch(resolve(use_case, interfaces).0)
}

fn resolve(use_case: &UseCase, interfaces: &Interfaces) -> (Pipeline, Findings) {
    let mut findings = Findings::new();
    check_services(use_case, &mut findings);
    let offer = Offer::new(use_case, interfaces);
    let links = Links::read(&offer, &use_case.topology.connections, &mut findings);
    let resolver = Resolver { use_case, offer, links };
    let settings = resolver.settings(&mut findings);
    resolver.check_nodes(&mut findings);
    resolver.check_start(&mut findings);
    let pipeline = resolver.pipeline(&settings, &mut findings);
    (pipeline, findings)
}

fn check_services(use_case: &UseCase, findings: &mut Findings) {
    if use_case.services.is_empty() {
        findings.push(
            Diagnostic::error(Code::NoNodes, "the use case has no services")
                .at(use_case.topology.place.label())
                .help("give each service a folder of its own under `services/`"),
        );
    }
}

/// An operation by the positions of its service and of itself in what that offers, before nodes are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Endpoint {
    service: usize,
    operation: usize,
}

struct Resolver<'a> {
    use_case: &'a UseCase,
    offer: Offer<'a>,
    links: Links<'a>,
}

impl<'a> Resolver<'a> {
    fn settings(&self, findings: &mut Findings) -> HashMap<Endpoint, &'a OperationEntry> {
        let mut settings = HashMap::new();
        let mut places = HashMap::new();
        for entry in &self.use_case.topology.operations {
            let service = self.offer.service(&entry.service, Severity::Error, findings);
            let end = service.and_then(|service| self.offer.operation(service, &entry.method, findings));
            let Some(end) = end else { continue };
            if let Some(first) = places.insert(end, &entry.method.place) {
                let message = format!("the settings of `{}` are given twice", entry.method.value);
                findings.push(
                    Diagnostic::error(Code::SaidTwice, message)
                        .at(entry.method.place.label())
                        .at(first.label().with_note("first here"))
                        .help("put both into one entry"),
                );
            }
            if self.links.keep(end) {
                settings.insert(end, entry);
                continue;
            }
            findings.push(
                Diagnostic::warning(Code::UnusedOperation, format!("`{}` is not called", entry.method.value))
                    .at(entry.method.place.label().with_note("no connection names it"))
                    .help("add a connection from or to it, or remove this entry"),
            );
        }
        settings
    }

    /// Entries of `nodes` that mean no service, and services that two of them mean.
    fn check_nodes(&self, findings: &mut Findings) {
        let mut places = HashMap::new();
        for entry in &self.use_case.topology.nodes {
            let Some(found) = self.offer.service(&entry.service, Severity::Error, findings) else { continue };
            if let Some(first) = places.insert(found, &entry.service.place) {
                let message = format!("how `{}` is called is said twice", self.offer.compose_name(found));
                findings.push(
                    Diagnostic::error(Code::SaidTwice, message)
                        .at(entry.service.place.key_label().with_note("again here"))
                        .at(first.key_label().with_note("first here"))
                        .help("keep one of the two entries"),
                );
            }
        }
    }

    fn check_start(&self, findings: &mut Findings) {
        let Some(start) = &self.use_case.topology.start_service else { return };
        let Some(service) = self.offer.service(start, Severity::Error, findings) else { return };
        let mut incoming = self.kept(service).map(|(end, _)| self.links.leading_to(end));
        let Some(Some(link)) = incoming.next() else { return };
        if incoming.any(|link| link.is_none()) {
            return;
        }
        let targets = self.links.targets();
        let free = (0..self.use_case.services.len()).filter(|service| !targets.contains(service));
        let free: Vec<_> = free.map(|service| format!("`{}`", self.offer.compose_name(service))).collect();
        let help =
            (!free.is_empty()).then(|| format!("services without incoming connections: {}", free.join(", ")));
        let message = format!("`start_service` is `{}`, but a connection leads to it", start.value);
        findings.push(
            Diagnostic::error(Code::StartServiceMismatch, message)
                .at(start.place.label())
                .at(link.place.label().with_note("this connection"))
                .help_if(help),
        );
    }

    /// The operations of a service that the pipeline has.
    fn kept(&self, service: usize) -> impl Iterator<Item = (Endpoint, &'a Signature)> {
        let signatures = self.offer.interface(service).into_iter().flat_map(|each| &each.operations);
        let ends = signatures
            .enumerate()
            .map(move |(operation, signature)| (Endpoint { service, operation }, signature));
        ends.filter(|(end, _)| self.links.keep(*end))
    }

    fn pipeline(&self, settings: &HashMap<Endpoint, &OperationEntry>, findings: &mut Findings) -> Pipeline {
        let topology = &self.use_case.topology;
        let mapping = Mapping::read(&self.offer, &topology.mapping, findings);
        let start =
            topology.start_service.as_ref().and_then(|start| Some((self.offer.find(&start.value)?, start)));
        let mut nodes = Vec::new();
        let mut ids = HashMap::new();
        for position in self.ordered() {
            let Some(interface) = self.offer.interface(position) else { continue };
            let service = &self.use_case.services[position];
            let place = self.place(service);
            let Some((name, image)) = self.names(service, &place, findings) else { continue };
            let mut operations = Vec::new();
            for (end, signature) in self.kept(position) {
                ids.insert(end, OperationId { node: nodes.len(), operation: operations.len() });
                let entry = settings.get(&end).copied();
                let mentions = self.mentions(position, entry, start, &place);
                operations.push(operation(signature, entry, place.clone(), mentions));
            }
            let (address, placement) = mapping.address(&self.offer, self.use_case, position, &name);
            let service = service.folder.clone();
            let transport = interface.transport.clone();
            nodes.push(Node { name, service, image, address, placement, transport, operations, place });
        }
        let link = |link: &links::NamedLink<'_>| {
            let (from, to) = (*ids.get(&link.from)?, *ids.get(&link.to)?);
            let (fields, place) = (link.fields.clone(), link.place.clone());
            Some(Link { from, to, fields, when_full: link.when_full, place })
        };
        let mut links: Vec<_> = self.links.all.iter().filter_map(link).collect();
        links.sort_by_key(|link| link.from);
        let name =
            topology.name.as_ref().map_or_else(|| self.use_case.name.clone(), |name| name.value.clone());
        Pipeline::new(name, nodes, links, topology.execution.clone(), findings)
    }

    /// Where `connections.json` speaks of an operation, else where its service stands.
    fn mentions(
        &self,
        service: usize,
        entry: Option<&OperationEntry>,
        start: Option<(usize, &At<String>)>,
        place: &Place,
    ) -> Vec<Mention> {
        let start = start.filter(|(position, _)| *position == service).map(|(_, start)| &start.place);
        let start = start.map(|place| Mention { kind: MentionKind::StartService, place: place.clone() });
        let entry = entry.map(|entry| Mention { kind: MentionKind::Name, place: entry.method.place.clone() });
        let mentions: Vec<_> = start.into_iter().chain(entry).collect();
        if mentions.is_empty() {
            return vec![Mention { kind: MentionKind::Service, place: place.clone() }];
        }
        mentions
    }

    fn ordered(&self) -> Vec<usize> {
        let names: Vec<_> = self.use_case.services.iter().map(|service| service.folder.as_str()).collect();
        let arrows: BTreeSet<_> =
            self.links.all.iter().map(|link| (link.from.service, link.to.service)).collect();
        let start = self.use_case.topology.start_service.as_ref();
        order::stable(&names, &arrows, start.and_then(|start| self.offer.find(&start.value)))
    }

    /// The names of a service's node and image; a finding when it cannot have them.
    fn names(
        &self,
        service: &Service,
        place: &Place,
        findings: &mut Findings,
    ) -> Option<(NodeName, ImageRef)> {
        let name = NodeName::new(&format!("{}1", service.folder));
        let image = ImageRef::for_service(&self.use_case.name, self.use_case.compose_name(service));
        let (finding, help) = match (name, image) {
            (Ok(name), Ok(image)) => return Some((name, image)),
            (Err(error), _) => {
                (Diagnostic::error(Code::BadServiceName, error.to_string()), "rename the service's folder")
            }
            (_, Err(error)) => (
                Diagnostic::error(Code::BadImageName, error.to_string()),
                "rename the use case's folder, or the service in the compose file",
            ),
        };
        findings.push(finding.at(place.label()).help(help));
        None
    }

    /// Where a service is written: in the compose file, else the topology.
    fn place(&self, service: &Service) -> Place {
        match self.use_case.compose_service(service) {
            Some(compose) => compose.place.clone(),
            None => self.use_case.topology.place.clone(),
        }
    }
}

fn operation(
    signature: &Signature,
    entry: Option<&OperationEntry>,
    place: Place,
    mentions: Vec<Mention>,
) -> Operation {
    let declared = DeclaredStreams::Said { input: signature.input_stream, output: signature.output_stream };
    let settings = entry.map(|entry| entry.settings.clone()).unwrap_or_default();
    Operation { name: signature.operation.clone(), declared, settings, place, mentions }
}

#[cfg(test)]
mod tests;
