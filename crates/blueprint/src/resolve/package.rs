//! A package becomes a pipeline: lenient in what others write, strict in what would lead astray.

mod address;
mod execution;
mod proto;
mod steps;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use self::address::Addresses;
use self::execution::Execution;
use self::steps::Steps;
use super::Sketch;
use super::index::Match;
use crate::transport::{Said, TransportKind};
use crate::{
    Code, DeclaredStreams, Diagnostic, Document, Findings, ImageRef, Link, Mention, MentionKind, Node,
    NodeName, NodeTransport, Operation, OperationId, OperationName, Package, Pipeline, Place, Reader,
    ServiceName, StepName, WhenFull, near_match,
};

/// Resolves a package. `None` when a finding is an error.
pub fn package(package: &Package) -> (Option<Pipeline>, Findings) {
    let (pipeline, findings) = resolve(package);
    let pipeline = (!findings.has_errors()).then_some(pipeline);
    (pipeline, findings)
}

/// What can be made of a package with mistakes; what these are, [`package`] says.
pub fn sketch_of_package(package: &Package) -> Sketch {
    Sketch(resolve(package).0)
}

fn resolve(package: &Package) -> (Pipeline, Findings) {
    let mut findings = Findings::new();
    for document in [&package.blueprint, &package.dockerinfo].into_iter().chain(&package.execution) {
        document.check_repeated_keys(&mut findings);
    }
    let addresses = Addresses::read(&package.dockerinfo, &mut findings);
    let mut execution = Execution::read(package.execution.as_ref(), &mut findings);
    let root = Reader::root(&package.blueprint);
    let entries = entries(&root, &mut findings);
    let mut nodes = Vec::new();
    let mut targets = Vec::new();
    let mut no_nodes = NoNodes::default();
    for entry in &entries {
        if let Some((node, connected)) = node(entry, package, &addresses, &mut execution, &mut findings) {
            targets.extend(connected.into_iter().map(|target| target.numbered(nodes.len())));
            nodes.push(node);
        } else {
            no_nodes.add(entry);
        }
    }
    let steps = Steps::new(&nodes);
    let resolved =
        targets.iter().filter_map(|target| target.resolve(&nodes, &steps, &no_nodes, &mut findings));
    let links: Vec<_> = resolved.collect();
    let mut links = without_repeats(&nodes, links, &mut findings);
    let settings = execution.settle(&steps, &no_nodes, &mut links, &mut findings);
    let name = root.text_of("name", &mut findings).map_or_else(|| package.name.clone(), |name| name.value);
    let pipeline = Pipeline::new(name, nodes, links, settings, &mut findings);
    (pipeline, findings)
}

/// Entries that became no node: a finding has said why, or they are mounts. What leads to them is no further
/// mistake.
#[derive(Default)]
struct NoNodes(BTreeSet<String>);

impl NoNodes {
    fn add(&mut self, entry: &Reader<'_>) {
        let name = entry.value().get("container_name").and_then(serde_json::Value::as_str);
        self.0.extend(name.map(str::to_owned));
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

fn entries<'d>(root: &Reader<'d>, findings: &mut Findings) -> Vec<Reader<'d>> {
    if root.object(findings).is_none() {
        return Vec::new();
    }
    let entries = root.items_of("nodes", findings);
    let is_array = root.get("nodes").is_none_or(|nodes| nodes.value().is_array());
    if entries.is_empty() && is_array {
        findings.push(
            Diagnostic::error(Code::NoNodes, "the blueprint has no nodes")
                .at(root.get("nodes").unwrap_or_else(|| root.clone()).place().label())
                .help("a blueprint lists its services under `nodes`; export the use case again"),
        );
    }
    entries
}

/// A link as written, before every node is known.
struct Target {
    from: OperationId,
    container: String,
    operation: String,
    place: Place,
    container_place: Place,
    operation_place: Place,
}

impl Target {
    fn numbered(mut self, node: usize) -> Self {
        self.from.node = node;
        self
    }

    fn resolve(
        &self,
        nodes: &[Node],
        steps: &Steps<'_>,
        no_nodes: &NoNodes,
        findings: &mut Findings,
    ) -> Option<Link> {
        let node = match steps.node(&self.container) {
            Match::One(index) => index,
            Match::None if no_nodes.has(&self.container) => return None,
            Match::None => {
                findings.push(
                    Diagnostic::error(
                        Code::DanglingLink,
                        format!("a link leads to `{}`, which is no node", self.container),
                    )
                    .at(self.container_place.label())
                    .help_if(steps.known_nodes.near_match(&self.container, "nodes")),
                );
                return None;
            }
            Match::Several => {
                findings.push(ambiguous(&self.container, &self.container_place));
                return None;
            }
        };
        let Some(to) = steps.operation(node, &self.operation) else {
            let message = format!(
                "a link leads to `{}:{}`, but the node has no such operation",
                nodes[node].name, self.operation
            );
            let known = nodes[node].operations.iter().map(|operation| operation.name.as_str());
            findings.push(
                Diagnostic::error(Code::DanglingLink, message)
                    .at(self.operation_place.label())
                    .help_if(near_match(&self.operation, "operations", known)),
            );
            return None;
        };
        Some(Link {
            from: self.from,
            to,
            fields: Vec::new(),
            when_full: WhenFull::Wait,
            place: self.place.clone(),
        })
    }
}

/// One link per pair of operations.
fn without_repeats(nodes: &[Node], links: Vec<Link>, findings: &mut Findings) -> Vec<Link> {
    let shown =
        |id: OperationId| format!("{}:{}", nodes[id.node].name, nodes[id.node].operations[id.operation].name);
    let mut firsts: HashMap<_, Place> = HashMap::with_capacity(links.len());
    let mut kept = Vec::with_capacity(links.len());
    for link in links {
        let Some(first) = firsts.get(&(link.from, link.to)) else {
            firsts.insert((link.from, link.to), link.place.clone());
            kept.push(link);
            continue;
        };
        let (from, to) = (shown(link.from), shown(link.to));
        findings.push(
            Diagnostic::warning(
                Code::SaidTwice,
                format!("the link from `{from}` to `{to}` is there twice, and is made once"),
            )
            .at(link.place.label().with_note("again here"))
            .at(first.label().with_note("first here"))
            .help("remove one of them"),
        );
    }
    kept
}

fn ambiguous(name: &str, place: &Place) -> Diagnostic {
    Diagnostic::error(Code::AmbiguousCase, format!("`{name}` is written with other case, and means several"))
        .at(place.label())
        .help("write the name exactly as the blueprint's `container_name` has it")
}

fn node(
    entry: &Reader<'_>,
    package: &Package,
    addresses: &Addresses,
    execution: &mut Execution,
    findings: &mut Findings,
) -> Option<(Node, Vec<Target>)> {
    entry.object(findings)?;
    let written = entry.require("container_name", findings)?.text(findings)?;
    let parsed = NodeName::new(&written.value).and_then(|name| Ok((name, ServiceName::new(&written.value)?)));
    let (name, service) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            findings.push(Diagnostic::error(Code::BadNodeName, error.to_string()).at(written.place.label()));
            return None;
        }
    };
    let is_mount = entry.value().get("node_type").and_then(|kind| kind.as_str()) == Some("SharedFolder");
    let (operations, targets) =
        if is_mount { Default::default() } else { operations(entry, &name, execution, findings) };
    let proto = proto::root(entry, &name, package, findings);
    if is_mount {
        return None;
    }
    let address = addresses.find(&name, &written.place, findings);
    let transport = transport(proto, execution.transport(&name), &name, &written.place, package, findings);
    let ((address, placement), transport) = (address?, transport?);
    let image = entry.text_of("image", findings).map(|image| image.value).unwrap_or_default();
    let image = ImageRef::foreign(image);
    let place = entry.place();
    Some((Node { name, service, image, address, placement, transport, operations, place }, targets))
}

/// How a node is called: as is said, else by its proto, else, when its blueprint names none, by the control interface.
/// `None` when a finding says why not.
fn transport(
    proto: proto::Found,
    said: Option<Said>,
    node: &NodeName,
    place: &Place,
    package: &Package,
    findings: &mut Findings,
) -> Option<NodeTransport> {
    match (said, proto) {
        (Some(Said::Transport(TransportKind::HttpControl)), _) | (None, proto::Found::Unnamed) => {
            Some(NodeTransport::HttpControl)
        }
        (Some(Said::Refused), proto::Found::Nowhere | proto::Found::Unnamed) | (_, proto::Found::Refused) => {
            None
        }
        (_, proto::Found::Root(root)) => Some(NodeTransport::Grpc(root)),
        (_, proto::Found::Nowhere | proto::Found::Unnamed) => {
            findings.push(proto::missing(node, place, package));
            None
        }
    }
}

fn operations(
    entry: &Reader<'_>,
    node: &NodeName,
    execution: &mut Execution,
    findings: &mut Findings,
) -> (Vec<Operation>, Vec<Target>) {
    let mut operations: Vec<Operation> = Vec::new();
    let mut targets = Vec::new();
    for reader in entry.items_of("operation_signature_list", findings) {
        let Some(operation) = operation(&reader, node, execution, findings) else { continue };
        if let Some(first) = operations.iter().find(|other| other.name == operation.name) {
            let message = format!("`{node}` lists the operation `{}` twice", operation.name);
            let label = |operation: &Operation| operation.place.key("operation_name").label();
            findings.push(
                Diagnostic::error(Code::SaidTwice, message)
                    .at(label(&operation).with_note("again here"))
                    .at(label(first).with_note("first here"))
                    .help("remove one of the two entries"),
            );
            continue;
        }
        let from = OperationId { node: 0, operation: operations.len() };
        targets.extend(connected(&reader, from, findings));
        operations.push(operation);
    }
    (operations, targets)
}

fn operation(
    reader: &Reader<'_>,
    node: &NodeName,
    execution: &mut Execution,
    findings: &mut Findings,
) -> Option<Operation> {
    reader.object(findings)?;
    let signature = reader.require("operation_signature", findings)?;
    let written = signature.require("operation_name", findings)?.text(findings)?;
    let name = OperationName::new(&written.value)
        .map_err(|error| {
            findings
                .push(Diagnostic::error(Code::UnknownOperation, error.to_string()).at(written.place.label()));
        })
        .ok()?;
    let step = StepName { node: node.clone(), operation: name.clone() };
    let settings = execution.take(&step);
    let place = signature.place();
    let mentions = vec![Mention { kind: MentionKind::Name, place: place.key("operation_name") }];
    Some(Operation { name, declared: declared(&signature), settings, place, mentions })
}

/// Older documents leave the flags out, or write anything there; the proto has the last word.
fn declared(signature: &Reader<'_>) -> DeclaredStreams {
    let flag = |key| signature.value().get(key).and_then(serde_json::Value::as_bool);
    match (flag("input_message_stream"), flag("output_message_stream")) {
        (Some(input), Some(output)) => DeclaredStreams::Said { input, output },
        (Some(_), None) | (None, Some(_) | None) => DeclaredStreams::Unsaid,
    }
}

fn connected(reader: &Reader<'_>, from: OperationId, findings: &mut Findings) -> Vec<Target> {
    let mut targets = Vec::new();
    for link in reader.items_of("connected_to", findings) {
        if link.object(findings).is_none() {
            continue;
        }
        let container = link.require("container_name", findings).and_then(|name| name.text(findings));
        let signature = link.require("operation_signature", findings);
        let operation = signature.and_then(|each| each.require("operation_name", findings)?.text(findings));
        let (Some(container), Some(operation)) = (container, operation) else { continue };
        targets.push(Target {
            from,
            container: container.value,
            operation: operation.value,
            place: link.place(),
            container_place: container.place,
            operation_place: operation.place,
        });
    }
    targets
}

/// The place of a document as a whole.
fn whole(document: &Arc<Document>) -> Place {
    Reader::root(document).place()
}

#[cfg(test)]
mod tests;
