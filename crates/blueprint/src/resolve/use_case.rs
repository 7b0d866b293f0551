//! A use case and what its services offer become a pipeline.

use std::collections::{BTreeMap, BTreeSet};

use super::{Interfaces, order};
use crate::{
    Address, At, Code, Connection, DeclaredStreams, Diagnostic, FieldMapping, Findings, ImageRef, Interface,
    Link, Node, NodeName, Operation, OperationId, OperationName, OperationSettings, Pipeline, Place,
    Placement, Port, Service, ServiceName, Signature, UseCase, near_match,
};

/// Resolves a use case whose services' interfaces are known. `None` when a finding is an error.
///
/// Every service becomes a node named after its folder with a `1` behind; nodes stand with the start service
/// first, then each after those that lead to it, then by name. Links stand in the order a blueprint lists
/// them, so a use case and its package mean the same.
pub fn use_case(use_case: &UseCase, interfaces: &Interfaces) -> (Option<Pipeline>, Findings) {
    let mut findings = Findings::new();
    let resolver = Resolver { use_case, interfaces };
    let links = resolver.links(&mut findings);
    let settings = resolver.settings(&links, &mut findings);
    resolver.check_start(&links, &mut findings);
    let pipeline = resolver.pipeline(&links, settings, &mut findings);
    let pipeline = (!findings.has_errors()).then_some(pipeline);
    (pipeline, findings)
}

/// An operation by its service's folder and its own name, before nodes are numbered.
type Endpoint<'a> = (&'a ServiceName, &'a OperationName);

struct NamedLink<'a> {
    from: Endpoint<'a>,
    to: Endpoint<'a>,
    fields: &'a [FieldMapping],
    place: &'a Place,
}

struct Resolver<'a> {
    use_case: &'a UseCase,
    interfaces: &'a Interfaces,
}

impl<'a> Resolver<'a> {
    fn links(&self, findings: &mut Findings) -> Vec<NamedLink<'a>> {
        let connections = self.use_case.topology.connections.iter();
        connections.flat_map(|connection| self.links_of(connection, findings)).collect()
    }

    fn links_of(&self, connection: &'a Connection, findings: &mut Findings) -> Vec<NamedLink<'a>> {
        let from = self.service(&connection.from_service, findings);
        let to = self.service(&connection.to_service, findings);
        let sources = from.map(|service| self.sources(service, connection, findings)).unwrap_or_default();
        let target = to.and_then(|service| self.operation(service, &connection.to_method, findings));
        let Some(target) = target else { return Vec::new() };
        let link =
            |from| NamedLink { from, to: target, fields: &connection.fields, place: &connection.place };
        sources.into_iter().map(link).collect()
    }

    /// The operation that a connection comes from; every one of the service in older files.
    fn sources(
        &self,
        service: &'a Service,
        connection: &Connection,
        findings: &mut Findings,
    ) -> Vec<Endpoint<'a>> {
        if let Some(method) = &connection.from_method {
            return self.operation(service, method, findings).into_iter().collect();
        }
        let Some(interface) = self.interfaces.get(&service.folder) else { return Vec::new() };
        if interface.operations.len() > 1 {
            let names: Vec<_> =
                interface.operations.iter().map(|each| format!("`{}`", each.operation)).collect();
            let service = &connection.from_service.value;
            let message =
                format!("the connection comes from every operation of `{service}`: {}", names.join(", "));
            findings.push(
                Diagnostic::warning(Code::AmbiguousSource, message)
                    .at(connection.place.label().with_note("`from_method` is missing"))
                    .help("name the operation in `from_method`"),
            );
        }
        interface.operations.iter().map(|signature| (&service.folder, &signature.operation)).collect()
    }

    fn service(&self, name: &At<String>, findings: &mut Findings) -> Option<&'a Service> {
        let found = self.use_case.find_service(&name.value);
        if found.is_none() {
            let known =
                self.use_case.services.iter().map(|service| self.use_case.compose_name(service).as_str());
            findings.push(
                Diagnostic::error(Code::UnknownService, format!("there is no service `{}`", name.value))
                    .at(name.place.label())
                    .help_if(near_match(&name.value, "services", known)),
            );
        }
        found
    }

    /// The operation of that name; silent when the service's protos have a finding of their own.
    fn operation(
        &self,
        service: &'a Service,
        name: &At<String>,
        findings: &mut Findings,
    ) -> Option<Endpoint<'a>> {
        let interface = self.interfaces.get(&service.folder)?;
        let found = interface.operations.iter().find(|each| each.operation.as_str() == name.value);
        if found.is_none() {
            let known = interface.operations.iter().map(|each| each.operation.as_str());
            let message =
                format!("`{}` has no operation `{}`", self.use_case.compose_name(service), name.value);
            findings.push(
                Diagnostic::error(Code::UnknownOperation, message)
                    .at(name.place.label())
                    .help_if(near_match(&name.value, "operations", known)),
            );
        }
        found.map(|signature| (&service.folder, &signature.operation))
    }

    fn settings(
        &self,
        links: &[NamedLink<'a>],
        findings: &mut Findings,
    ) -> BTreeMap<Endpoint<'a>, OperationSettings> {
        let mut settings = BTreeMap::new();
        for entry in &self.use_case.topology.operations {
            let Some(service) = self.service(&entry.service, findings) else { continue };
            let Some(endpoint) = self.operation(service, &entry.method, findings) else { continue };
            if !self.is_kept(endpoint, links) {
                findings.push(
                    Diagnostic::warning(
                        Code::UnusedOperation,
                        format!("`{}` is not called", entry.method.value),
                    )
                    .at(entry.method.place.label().with_note("no connection names it"))
                    .help("add a connection from or to it, or remove this entry"),
                );
                continue;
            }
            if settings.insert(endpoint, entry.settings.clone()).is_some() {
                let message = format!("the settings of `{}` are given twice", entry.method.value);
                findings.push(Diagnostic::error(Code::SaidTwice, message).at(entry.method.place.label()));
            }
        }
        settings
    }

    /// Operations that no connection names are left out once their service has a connected one.
    fn is_kept(&self, endpoint: Endpoint<'_>, links: &[NamedLink<'_>]) -> bool {
        let mut ends =
            links.iter().flat_map(|link| [link.from, link.to]).filter(|(folder, _)| *folder == endpoint.0);
        let mut connected = false;
        let named = ends.any(|end| {
            connected = true;
            end.1 == endpoint.1
        });
        named || !connected
    }

    fn check_start(&self, links: &[NamedLink<'_>], findings: &mut Findings) {
        let Some(start) = &self.use_case.topology.start_service else { return };
        let Some(service) = self.service(start, findings) else { return };
        let Some(interface) = self.interfaces.get(&service.folder) else { return };
        let kept = interface
            .operations
            .iter()
            .filter(|each| self.is_kept((&service.folder, &each.operation), links));
        let incoming =
            |operation: &OperationName| links.iter().find(|link| link.to == (&service.folder, operation));
        let mut blocked = kept.map(|each| incoming(&each.operation)).collect::<Vec<_>>().into_iter();
        let first = blocked.next().flatten();
        if let (Some(link), true) = (first, blocked.all(|link| link.is_some())) {
            let message = format!("`start_service` is `{}`, but a connection leads to it", start.value);
            let free = self
                .use_case
                .services
                .iter()
                .filter(|each| !links.iter().any(|link| *link.to.0 == each.folder));
            let free: Vec<_> = free.map(|each| format!("`{}`", self.use_case.compose_name(each))).collect();
            let help = (!free.is_empty())
                .then(|| format!("services without incoming connections: {}", free.join(", ")));
            findings.push(
                Diagnostic::error(Code::StartServiceMismatch, message)
                    .at(start.place.label())
                    .at(link.place.label().with_note("this connection"))
                    .help_if(help),
            );
        }
    }

    fn pipeline(
        &self,
        links: &[NamedLink<'a>],
        mut settings: BTreeMap<Endpoint<'a>, OperationSettings>,
        findings: &mut Findings,
    ) -> Pipeline {
        let mut nodes = Vec::new();
        for service in self.ordered(links) {
            let Some(interface) = self.interfaces.get(&service.folder) else { continue };
            let kept = interface
                .operations
                .iter()
                .filter(|each| self.is_kept((&service.folder, &each.operation), links));
            let place = self.place(service);
            let operations = kept
                .map(|signature| {
                    let settings =
                        settings.remove(&(&service.folder, &signature.operation)).unwrap_or_default();
                    operation(signature, settings, place.clone())
                })
                .collect();
            nodes.extend(self.node(service, interface, operations, place, findings));
        }
        let ids: BTreeMap<_, _> = nodes
            .iter()
            .enumerate()
            .flat_map(|(node, entry): (usize, &Node)| {
                let id = move |operation| OperationId { node, operation };
                let names = entry.operations.iter().enumerate();
                names.map(move |(index, each)| ((entry.service.clone(), each.name.clone()), id(index)))
            })
            .collect();
        let id = |(folder, name): Endpoint<'_>| ids.get(&(folder.clone(), name.clone())).copied();
        let mut resolved: Vec<_> = links
            .iter()
            .filter_map(|link| {
                let fields = link.fields.to_vec();
                Some(Link { from: id(link.from)?, to: id(link.to)?, fields, place: link.place.clone() })
            })
            .collect();
        resolved.sort_by_key(|link| link.from);
        let name = self
            .use_case
            .topology
            .name
            .as_ref()
            .map_or_else(|| self.use_case.name.clone(), |name| name.value.clone());
        Pipeline::new(name, nodes, resolved, self.use_case.topology.execution.clone(), findings)
    }

    fn ordered(&self, links: &[NamedLink<'_>]) -> Vec<&'a Service> {
        let services = &self.use_case.services;
        let names: Vec<_> = services.iter().map(|service| service.folder.as_str()).collect();
        let position = |folder: &ServiceName| names.iter().position(|name| *name == folder.as_str());
        let arrow = |link: &NamedLink<'_>| Some((position(link.from.0)?, position(link.to.0)?));
        let arrows: BTreeSet<_> = links.iter().filter_map(arrow).collect();
        let start = self.use_case.topology.start_service.as_ref();
        let first = start.and_then(|start| position(&self.use_case.find_service(&start.value)?.folder));
        order::stable(&names, &arrows, first).into_iter().map(|index| &services[index]).collect()
    }

    fn node(
        &self,
        service: &Service,
        interface: &Interface,
        operations: Vec<Operation>,
        place: Place,
        findings: &mut Findings,
    ) -> Option<Node> {
        let name = NodeName::new(&format!("{}1", service.folder));
        let image = ImageRef::for_service(&self.use_case.name, self.use_case.compose_name(service));
        let refuse = |code, error: String| Diagnostic::error(code, error).at(place.label());
        let (name, image) = match (name, image) {
            (Ok(name), Ok(image)) => (name, image),
            (Err(error), _) => {
                findings.push(refuse(Code::BadServiceName, error.to_string()));
                return None;
            }
            (_, Err(error)) => {
                let help = "rename the use case's folder, or the service in the compose file";
                findings.push(refuse(Code::BadImageName, error.to_string()).help(help));
                return None;
            }
        };
        let (address, placement) = self.address(service, &name);
        Some(Node {
            name,
            service: service.folder.clone(),
            image,
            address,
            placement,
            proto: interface.root.clone(),
            operations,
            place,
        })
    }

    fn address(&self, service: &Service, name: &NodeName) -> (Address, Placement) {
        let mapping = &self.use_case.topology.mapping;
        let means = |text: &str| self.use_case.find_service(text).map(|found| &found.folder);
        let mapped = mapping.iter().find(|entry| means(&entry.service.value) == Some(&service.folder));
        let Some(mapped) = mapped else {
            let address = Address { host: name.to_string(), port: Port::DEFAULT };
            return (address, Placement::Started(service.folder.clone()));
        };
        let address = Address { host: mapped.host.value.clone(), port: mapped.port };
        let own = mapped.host.value == name.as_str();
        let host = means(&mapped.host.value).or(own.then_some(&service.folder));
        (address, host.map_or(Placement::Remote, |folder| Placement::Started(folder.clone())))
    }

    /// Where a service is written: in the compose file, else the topology.
    fn place(&self, service: &Service) -> Place {
        match self.use_case.compose_service(service) {
            Some(compose) => compose.place.clone(),
            None => self.use_case.topology.place.clone(),
        }
    }
}

fn operation(signature: &Signature, settings: OperationSettings, place: Place) -> Operation {
    let declared = DeclaredStreams::Said { input: signature.input_stream, output: signature.output_stream };
    Operation { name: signature.operation.clone(), declared, settings, place }
}
