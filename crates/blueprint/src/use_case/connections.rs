//! `connections.json`: the topology of a use case.

use std::sync::Arc;

use crate::endpoint::{host_of, port_of};
use crate::settings::{EXECUTION_KEYS, OPERATION_KEYS, WhenFull};
use crate::transport::Said;
use crate::{
    At, Diagnostic, Document, ExecutionSettings, Findings, OperationSettings, Place, Port, Reader,
    TransportKind,
};

/// What `connections.json` says, with every name's place.
#[derive(Debug, Clone)]
pub struct Topology {
    /// A human name.
    pub name: Option<At<String>>,
    /// The service that the pipeline starts with.
    pub start_service: Option<At<String>>,
    /// Where nodes run, in the newer dialect.
    pub mapping: Vec<MappedService>,
    /// The links, in the file's order.
    pub connections: Vec<Connection>,
    /// Settings of single operations.
    pub operations: Vec<OperationEntry>,
    /// What is said of how services are called.
    pub nodes: Vec<NodeEntry>,
    /// Settings of the whole.
    pub execution: ExecutionSettings,
    /// The `pipeline` object.
    pub place: Place,
}

/// One entry of `service_mapping`.
#[derive(Debug, Clone)]
pub struct MappedService {
    /// The service's name.
    pub service: At<String>,
    /// Its host name or address.
    pub host: At<String>,
    /// Its port.
    pub port: Port,
}

/// One entry of `connections`.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Where it comes from.
    pub from_service: At<String>,
    /// Which operation it comes from; older files leave it out.
    pub from_method: Option<At<String>>,
    /// Where it leads.
    pub to_service: At<String>,
    /// Which operation it leads to.
    pub to_method: At<String>,
    /// Which request field is filled from where, beside matching by name.
    pub fields: Vec<FieldMapping>,
    /// What happens when its queue is full.
    pub when_full: WhenFull,
    /// The whole entry.
    pub place: Place,
}

/// One entry of a link's `fields`.
#[derive(Debug, Clone)]
pub struct FieldMapping {
    /// The request's field, a dotted path.
    pub target: String,
    /// The response's field, a dotted path; `None` means: not carried.
    pub source: Option<String>,
    /// The entry.
    pub place: Place,
}

/// One entry of `operations`.
#[derive(Debug, Clone)]
pub struct OperationEntry {
    /// The service.
    pub service: At<String>,
    /// Its operation.
    pub method: At<String>,
    /// How to call it.
    pub settings: OperationSettings,
}

/// One entry of `nodes`.
#[derive(Debug, Clone)]
pub struct NodeEntry {
    /// The service's name.
    pub service: At<String>,
    /// How it is called; `None` when a finding says that it cannot be so.
    pub transport: Option<TransportKind>,
}

impl Topology {
    /// Reads the document; what can be read is there also when there are findings.
    pub fn read(document: &Arc<Document>, findings: &mut Findings) -> Option<Self> {
        let root = Reader::root(document);
        root.object(findings)?;
        document.check_repeated_keys(findings);
        root.known_keys(&["pipeline"], findings, Diagnostic::warning);
        let pipeline = root.require("pipeline", findings)?;
        pipeline.object(findings)?;
        let known = [
            "name",
            "description",
            "start_service",
            "service_mapping",
            "connections",
            "operations",
            "nodes",
            "execution",
        ];
        pipeline.known_keys(&known, findings, Diagnostic::warning);
        Some(Self {
            name: pipeline.text_of("name", findings),
            start_service: pipeline.text_of("start_service", findings),
            mapping: pipeline
                .get("service_mapping")
                .map(|reader| mapping(&reader, findings))
                .unwrap_or_default(),
            connections: connections(&pipeline, findings),
            operations: operations(&pipeline, findings),
            nodes: nodes(&pipeline, findings),
            execution: pipeline
                .get("execution")
                .map(|reader| execution(&reader, findings))
                .unwrap_or_default(),
            place: pipeline.place(),
        })
    }
}

fn mapping(reader: &Reader<'_>, findings: &mut Findings) -> Vec<MappedService> {
    let mut mapped = Vec::new();
    for (name, entry) in reader.entries(findings) {
        if entry.object(findings).is_none() {
            continue;
        }
        entry.known_keys(&["ip_address", "port"], findings, Diagnostic::warning);
        let host = entry.require("ip_address", findings).and_then(|host| host_of(&host, findings));
        let port = match entry.get("port") {
            Some(port) => port_of(&port, findings),
            None => Some(Port::DEFAULT),
        };
        if let (Some(host), Some(port)) = (host, port) {
            mapped.push(MappedService {
                service: At { value: name.to_owned(), place: entry.place() },
                host,
                port,
            });
        }
    }
    mapped
}

fn connections(pipeline: &Reader<'_>, findings: &mut Findings) -> Vec<Connection> {
    let Some(reader) = pipeline.require("connections", findings) else { return Vec::new() };
    reader.items(findings).iter().filter_map(|entry| connection(entry, findings)).collect()
}

fn connection(entry: &Reader<'_>, findings: &mut Findings) -> Option<Connection> {
    entry.object(findings)?;
    let known = ["from_service", "from_method", "to_service", "to_method", "fields", "keep_latest"];
    entry.known_keys(&known, findings, Diagnostic::warning);
    let mut name = |key| entry.require(key, findings).and_then(|reader| reader.text(findings));
    let (from_service, to_service, to_method) = (name("from_service"), name("to_service"), name("to_method"));
    Some(Connection {
        from_service: from_service?,
        from_method: entry.text_of("from_method", findings),
        to_service: to_service?,
        to_method: to_method?,
        fields: fields(entry, findings),
        when_full: WhenFull::read(entry, findings),
        place: entry.place(),
    })
}

/// The `fields` of a link, in either document.
pub(crate) fn fields(entry: &Reader<'_>, findings: &mut Findings) -> Vec<FieldMapping> {
    let Some(reader) = entry.get("fields") else { return Vec::new() };
    let mut mappings = Vec::new();
    for (target, source) in reader.entries(findings) {
        let source_name =
            if source.value().is_null() { None } else { source.text(findings).map(|text| text.value) };
        if source_name.is_some() || source.value().is_null() {
            mappings.push(FieldMapping {
                target: target.to_owned(),
                source: source_name,
                place: source.place(),
            });
        }
    }
    mappings
}

fn operations(pipeline: &Reader<'_>, findings: &mut Findings) -> Vec<OperationEntry> {
    let mut entries = Vec::new();
    for entry in pipeline.items_of("operations", findings) {
        if entry.object(findings).is_none() {
            continue;
        }
        let known: Vec<_> = ["service", "method"].into_iter().chain(OPERATION_KEYS).collect();
        entry.known_keys(&known, findings, Diagnostic::error);
        let service = entry.require("service", findings).and_then(|reader| reader.text(findings));
        let method = entry.require("method", findings).and_then(|reader| reader.text(findings));
        let settings = OperationSettings::read(&entry, findings);
        if let (Some(service), Some(method)) = (service, method) {
            entries.push(OperationEntry { service, method, settings });
        }
    }
    entries
}

fn nodes(pipeline: &Reader<'_>, findings: &mut Findings) -> Vec<NodeEntry> {
    let Some(reader) = pipeline.get("nodes") else { return Vec::new() };
    let mut nodes = Vec::new();
    for (name, entry) in reader.entries(findings) {
        let Some(said) = TransportKind::read(name, &entry, findings) else { continue };
        let transport = match said.value {
            Said::Transport(kind) => Some(kind),
            Said::Refused => None,
        };
        nodes.push(NodeEntry { service: At { value: name.to_owned(), place: said.place }, transport });
    }
    nodes
}

fn execution(reader: &Reader<'_>, findings: &mut Findings) -> ExecutionSettings {
    if reader.object(findings).is_none() {
        return ExecutionSettings::default();
    }
    reader.known_keys(&EXECUTION_KEYS, findings, Diagnostic::error);
    ExecutionSettings::read(reader, findings)
}
