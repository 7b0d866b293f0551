//! `execution.json`: what the product adds to a package.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::index::{Match, NameIndex};
use super::NoNodes;
use crate::settings::{EXECUTION_KEYS, OPERATION_KEYS, not_yet};
use crate::use_case::fields;
use crate::{
    At, Code, Diagnostic, Document, ExecutionSettings, FieldMapping, Findings, Link, Node, NodeName,
    OperationId, OperationSettings, Place, Reader, StepName, near_match,
};

struct LinkEntry {
    from: At<StepName>,
    to: At<StepName>,
    fields: Vec<FieldMapping>,
    place: Place,
}

/// How a node is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// As its proto says.
    Grpc,
    /// In a way that needs no proto, and that is not there yet.
    Other,
}

/// The document's parts; each is taken by what it names, and what is left names nothing.
#[derive(Default)]
pub(super) struct Execution {
    pub(super) pipeline: ExecutionSettings,
    operations: BTreeMap<StepName, At<OperationSettings>>,
    links: Vec<LinkEntry>,
    transports: BTreeMap<String, At<String>>,
}

impl Execution {
    pub(super) fn read(document: Option<&Arc<Document>>, findings: &mut Findings) -> Self {
        let Some(document) = document else { return Self::default() };
        let root = Reader::root(document);
        if root.object(findings).is_none() {
            return Self::default();
        }
        let known: Vec<_> =
            ["version", "operations", "links", "nodes"].into_iter().chain(EXECUTION_KEYS).collect();
        root.known_keys(&known, findings, Diagnostic::error);
        check_version(&root, findings);
        Self {
            pipeline: ExecutionSettings::read(&root, findings),
            operations: operations(&root, findings),
            links: links(&root, findings),
            transports: transports(&root, findings),
        }
    }

    /// The settings of a step.
    pub(super) fn take(&mut self, step: &StepName) -> OperationSettings {
        self.operations.remove(step).map(|settings| settings.value).unwrap_or_default()
    }

    /// How a node is called; a finding when that is not there.
    pub(super) fn transport(&mut self, node: &NodeName, findings: &mut Findings) -> Transport {
        let Some(transport) = self.transports.remove(node.as_str()) else { return Transport::Grpc };
        match transport.value.as_str() {
            "grpc" => return Transport::Grpc,
            "http-control" | "container" => findings.push(
                Diagnostic::error(
                    Code::TransportNotYet,
                    format!("the transport `{}` of `{node}` is not yet there", transport.value),
                )
                .at(transport.place.label())
                .help("nodes are called over `grpc`"),
            ),
            other => findings.push(
                Diagnostic::error(Code::OutOfRange, format!("`{other}` is no transport"))
                    .at(transport.place.label())
                    .help("transports are `grpc`, `http-control` and `container`"),
            ),
        }
        Transport::Other
    }

    /// Gives links their fields; what names nothing is a finding.
    pub(super) fn settle(
        &mut self,
        nodes: &[Node],
        no_nodes: &NoNodes,
        links: &mut [Link],
        findings: &mut Findings,
    ) {
        if nodes.is_empty() {
            return;
        }
        let steps: Vec<_> = nodes
            .iter()
            .flat_map(|node| {
                node.operations.iter().map(move |operation| format!("{}:{}", node.name, operation.name))
            })
            .collect();
        let unknown = |step: &StepName, place: &Place| {
            Diagnostic::error(Code::UnknownStep, format!("there is no step `{step}`"))
                .at(place.key_label())
                .help_if(near_match(&step.to_string(), "steps", steps.iter().map(String::as_str)))
        };
        for (step, settings) in std::mem::take(&mut self.operations) {
            if no_nodes.has(step.node.as_str()) {
                continue;
            }
            findings.push(unknown(&step, &settings.place));
        }
        for (name, transport) in std::mem::take(&mut self.transports) {
            let known = nodes.iter().map(|node| node.name.as_str());
            findings.push(
                Diagnostic::error(Code::UnknownStep, format!("there is no node `{name}`"))
                    .at(transport.place.label())
                    .help_if(near_match(&name, "nodes", known)),
            );
        }
        let index = NameIndex::new(nodes.iter().map(|node| node.name.as_str()));
        for entry in std::mem::take(&mut self.links) {
            let find = |step: &StepName| find(nodes, &index, step);
            let (Some(from), Some(to)) = (find(&entry.from.value), find(&entry.to.value)) else {
                let absent = if find(&entry.from.value).is_none() { &entry.from } else { &entry.to };
                if no_nodes.has(absent.value.node.as_str()) {
                    continue;
                }
                findings.push(unknown(&absent.value, &absent.place));
                continue;
            };
            let mut matching = links.iter_mut().filter(|link| link.from == from && link.to == to).peekable();
            if matching.peek().is_none() {
                let message = format!("no link leads from `{}` to `{}`", entry.from.value, entry.to.value);
                findings.push(Diagnostic::error(Code::UnknownStep, message).at(entry.place.label()));
            }
            for link in matching {
                link.fields.clone_from(&entry.fields);
            }
        }
    }
}

fn find(nodes: &[Node], index: &NameIndex, step: &StepName) -> Option<OperationId> {
    let Match::One(node) = index.find(step.node.as_str()) else { return None };
    let operation = nodes[node].operations.iter().position(|operation| operation.name == step.operation)?;
    Some(OperationId { node, operation })
}

fn check_version(root: &Reader<'_>, findings: &mut Findings) {
    let Some(version) = root.require("version", findings) else { return };
    if version.value().as_u64() != Some(1) {
        let message =
            format!("`execution.json` has version {}, and this program reads version 1", version.value());
        findings.push(
            Diagnostic::error(Code::OutOfRange, message)
                .at(version.place().label())
                .help("export the use case again, or use a newer aieffect"),
        );
    }
}

fn operations(root: &Reader<'_>, findings: &mut Findings) -> BTreeMap<StepName, At<OperationSettings>> {
    let Some(reader) = root.get("operations") else { return BTreeMap::new() };
    let mut operations = BTreeMap::new();
    for (name, entry) in reader.entries(findings) {
        if entry.object(findings).is_none() {
            continue;
        }
        entry.known_keys(&OPERATION_KEYS, findings, Diagnostic::error);
        let settings = OperationSettings::read(&entry, findings);
        if let Some(step) = step(name, &entry.place(), findings) {
            operations.insert(step, At { value: settings, place: entry.place() });
        }
    }
    operations
}

fn step(name: &str, place: &Place, findings: &mut Findings) -> Option<StepName> {
    let step = name.parse();
    if let Err(error) = &step {
        let error: &crate::NameError = error;
        findings.push(
            Diagnostic::error(Code::UnknownStep, error.to_string())
                .at(place.key_label())
                .help("steps are written `container:operation`"),
        );
    }
    step.ok()
}

fn links(root: &Reader<'_>, findings: &mut Findings) -> Vec<LinkEntry> {
    let mut links = Vec::new();
    for entry in root.items_of("links", findings) {
        if entry.object(findings).is_none() {
            continue;
        }
        entry.known_keys(&["from", "to", "fields", "keep_latest"], findings, Diagnostic::error);
        not_yet(&entry, "keep_latest", "there are no queues before streams run", findings);
        let mut end = |key| {
            let text = entry.require(key, findings)?.text(findings)?;
            Some(At { value: step(&text.value, &text.place, findings)?, place: text.place })
        };
        let (from, to) = (end("from"), end("to"));
        let fields = fields(&entry, findings);
        if let (Some(from), Some(to)) = (from, to) {
            links.push(LinkEntry { from, to, fields, place: entry.place() });
        }
    }
    links
}

fn transports(root: &Reader<'_>, findings: &mut Findings) -> BTreeMap<String, At<String>> {
    let Some(reader) = root.get("nodes") else { return BTreeMap::new() };
    let mut transports = BTreeMap::new();
    for (name, entry) in reader.entries(findings) {
        if entry.object(findings).is_none() {
            continue;
        }
        entry.known_keys(&["transport"], findings, Diagnostic::error);
        if let Some(transport) = entry.text_of("transport", findings) {
            transports.insert(name.to_owned(), transport);
        }
    }
    transports
}
