//! `execution.json`: what the product adds to a package.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::NoNodes;
use super::steps::Steps;
use crate::diagnostic::Known;
use crate::settings::{EXECUTION_KEYS, OPERATION_KEYS, WhenFull};
use crate::transport::{Said, TransportKind};
use crate::use_case::fields;
use crate::{
    At, Code, Diagnostic, Document, ExecutionSettings, FieldMapping, Findings, Link, NodeName,
    OperationSettings, Place, Reader, StepName,
};

struct LinkEntry {
    from: At<StepName>,
    to: At<StepName>,
    fields: Vec<FieldMapping>,
    when_full: WhenFull,
    place: Place,
}

/// The document's parts; each is taken by what it names, and what is left names nothing.
#[derive(Default)]
pub(super) struct Execution {
    pub(super) pipeline: ExecutionSettings,
    operations: BTreeMap<StepName, At<OperationSettings>>,
    links: Vec<LinkEntry>,
    transports: BTreeMap<String, At<Said>>,
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

    /// What is said of how a node is called; `None` when nothing is.
    pub(super) fn transport(&mut self, node: &NodeName) -> Option<Said> {
        self.transports.remove(node.as_str()).map(|said| said.value)
    }

    /// Gives links their fields; what names nothing is a finding.
    pub(super) fn settle(
        self,
        steps: &Steps<'_>,
        no_nodes: &NoNodes,
        links: &mut [Link],
        findings: &mut Findings,
    ) -> ExecutionSettings {
        if steps.is_empty() {
            return self.pipeline;
        }
        let written = steps.written();
        let known = Known::new(written.iter().map(String::as_str));
        let unknown = |step: &StepName, place: &Place| {
            Diagnostic::error(Code::UnknownStep, format!("there is no step `{step}`"))
                .at(place.key_label())
                .help_if(known.near_match(&step.to_string(), "steps"))
        };
        for (step, settings) in &self.operations {
            if !no_nodes.has(step.node.as_str()) {
                findings.push(unknown(step, &settings.place));
            }
        }
        for (name, place) in self.transports.iter().filter(|(name, _)| !no_nodes.has(name)) {
            findings.push(
                Diagnostic::error(Code::UnknownStep, format!("there is no node `{name}`"))
                    .at(place.place.key_label())
                    .help_if(steps.known_nodes.near_match(name, "nodes")),
            );
        }
        let positions: HashMap<_, _> =
            links.iter().enumerate().map(|(position, link)| ((link.from, link.to), position)).collect();
        let mut settled: HashMap<usize, &LinkEntry> = HashMap::new();
        for entry in &self.links {
            let (Some(from), Some(to)) = (steps.find(&entry.from.value), steps.find(&entry.to.value)) else {
                let absent = if steps.find(&entry.from.value).is_none() { &entry.from } else { &entry.to };
                if !no_nodes.has(absent.value.node.as_str()) {
                    findings.push(unknown(&absent.value, &absent.place));
                }
                continue;
            };
            let Some(position) = positions.get(&(from, to)) else {
                findings.push(entry.no_such_link());
                continue;
            };
            if let Some(first) = settled.insert(*position, entry) {
                findings.push(entry.said_twice(first));
            }
            links[*position].fields.clone_from(&entry.fields);
            links[*position].when_full = entry.when_full;
        }
        self.pipeline
    }
}

impl LinkEntry {
    fn no_such_link(&self) -> Diagnostic {
        let message = format!("no link leads from `{}` to `{}`", self.from.value, self.to.value);
        Diagnostic::error(Code::UnknownStep, message)
            .at(self.place.label())
            .help("links are written in the blueprint, under `connected_to`; this entry only adds to one")
    }

    fn said_twice(&self, first: &Self) -> Diagnostic {
        let message = format!("the link from `{}` to `{}` has two entries", self.from.value, self.to.value);
        Diagnostic::error(Code::SaidTwice, message)
            .at(self.place.label().with_note("again here"))
            .at(first.place.label().with_note("first here"))
            .help("put both into one entry")
    }
}

fn check_version(root: &Reader<'_>, findings: &mut Findings) {
    let Some(version) = root.require("version", findings) else { return };
    if version.value().as_u64() != Some(1) {
        let message = format!("{} has another version than 1, the one that this program reads", root.title());
        findings.push(
            Diagnostic::error(Code::OutOfRange, message)
                .at(version.place().label())
                .help("write `\"version\": 1`, or export the use case again"),
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
        let mut end = |key| {
            let text = entry.require(key, findings)?.text(findings)?;
            Some(At { value: step(&text.value, &text.place, findings)?, place: text.place })
        };
        let (from, to) = (end("from"), end("to"));
        let fields = fields(&entry, findings);
        let when_full = WhenFull::read(&entry, findings);
        if let (Some(from), Some(to)) = (from, to) {
            links.push(LinkEntry { from, to, fields, when_full, place: entry.place() });
        }
    }
    links
}

fn transports(root: &Reader<'_>, findings: &mut Findings) -> BTreeMap<String, At<Said>> {
    let Some(reader) = root.get("nodes") else { return BTreeMap::new() };
    let mut transports = BTreeMap::new();
    for (name, entry) in reader.entries(findings) {
        if let Some(said) = TransportKind::read(name, &entry, findings) {
            transports.insert(name.to_owned(), said);
        }
    }
    transports
}
