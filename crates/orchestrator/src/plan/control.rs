//! Requests of HTTP-controlled services: data references from links, and parameters.

use aieffect_blueprint::{OperationSettings, StepName, TransportKind};
use bytes::Bytes;
use prost::Message;
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value};

use super::graph::Graph;
use super::initial::StepData;
use super::provider::Incoming;
use super::request::TransferError;
use super::{Gather, RequestPlan, Requests};
use crate::control::{Execution, Output, inline, references, with_producer};
use crate::values::{self, Style};

/// How data references are made of the messages of links.
#[derive(Debug, Clone)]
pub struct References {
    /// Given by hand, before those of links: JSON texts.
    given: Vec<String>,
    /// The JSON text of an object, or nothing.
    parameters: String,
    sources: Vec<Source>,
}

/// What a link carries.
#[derive(Debug, Clone)]
enum Source {
    /// The output of an HTTP-controlled service.
    Output,
    /// A message of a gRPC service.
    Message(MessageDescriptor),
}

/// Plans the requests of a step. Whatever its service makes of parameters, only the service knows.
pub(super) fn requests(
    graph: &Graph<'_>,
    gather: Gather,
    incoming: &[Incoming<'_>],
    settings: &OperationSettings,
    data: Option<&StepData>,
) -> Requests {
    let (given, parameters) = by_hand(settings, data);
    let plan = |incoming: &[Incoming<'_>]| {
        let names = incoming.iter().map(|each| graph.pipeline.step_name(each.link.from)).collect();
        let source = |each: &Incoming<'_>| match each.operation.transport {
            TransportKind::HttpControl => Source::Output,
            TransportKind::Grpc => Source::Message(each.operation.output.clone()),
        };
        let sources = incoming.iter().map(source).collect();
        let (given, parameters) = (given.clone(), parameters.clone());
        RequestPlan::references(References { given, parameters, sources }, names)
    };
    match gather {
        Gather::Join => Requests::Joined(plan(incoming)),
        Gather::Merge => {
            Requests::Merged(incoming.iter().map(|each| plan(std::slice::from_ref(each))).collect())
        }
    }
}

/// The references and parameters that are given by hand.
fn by_hand(settings: &OperationSettings, data: Option<&StepData>) -> (Vec<String>, String) {
    let mut parameters = Map::new();
    for values in settings.parameters.iter().chain(&settings.overrides) {
        parameters.extend(values.fields.clone());
    }
    let fields = |fields: &[super::initial::Field]| -> Map<String, Value> {
        fields.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect()
    };
    let mut references: Vec<String> = Vec::new();
    if let Some(data) = data {
        let given = fields(&data.fields);
        match is_reference(&given) {
            true => references.push(Value::from(given).to_string()),
            false => parameters.extend(given),
        }
        let listed = data.listed.iter().flatten().map(|one| Value::from(fields(one)).to_string());
        references.extend(listed);
    }
    let parameters = if parameters.is_empty() { String::new() } else { Value::from(parameters).to_string() };
    (references, parameters)
}

/// Whether the object says where data lies, and how to get there.
fn is_reference(fields: &Map<String, Value>) -> bool {
    ["protocol", "uri"].iter().all(|key| fields.get(*key).is_some_and(Value::is_string))
}

impl References {
    /// The request, from one message per link.
    pub(super) fn fill(&self, inputs: &[Bytes], names: &[StepName]) -> Result<Bytes, TransferError> {
        let mut execution = Execution { inputs: self.given.clone(), parameters: self.parameters.clone() };
        for ((source, message), name) in self.sources.iter().zip(inputs).zip(names) {
            let producer = name.to_string();
            let undecodable = |message: &str, why: String| TransferError::Undecodable {
                from: producer.clone(),
                message: message.to_owned(),
                why,
            };
            match source {
                Source::Output => {
                    let output = Output::decode(message.as_ref()).map_err(|error| {
                        undecodable(aieffect_contract::control::RESPONSE, error.to_string())
                    })?;
                    execution.inputs.extend(references(&output.json, &producer));
                }
                Source::Message(descriptor) => {
                    let mut json = Vec::new();
                    values::render(descriptor, message, &mut json, Style::Compact)
                        .map_err(|error| undecodable(descriptor.full_name(), error.to_string()))?;
                    let json = String::from_utf8_lossy(&json);
                    let reference = inline(&json, Some(descriptor.full_name()));
                    execution.inputs.push(with_producer(&reference, &producer));
                }
            }
        }
        Ok(execution.encode_to_vec().into())
    }

    /// What fills what, for a person to read.
    pub(super) fn explain(&self, names: &[StepName]) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        match self.given.len() {
            0 => {}
            1 => lines.push(("inputs".to_owned(), "initial data".to_owned())),
            count => lines.push(("inputs".to_owned(), format!("initial data ({count} references)"))),
        }
        for (source, name) in self.sources.iter().zip(names) {
            let from = match source {
                Source::Output => format!("{name} (its data references)"),
                Source::Message(message) => format!("{name} ({} as inline JSON)", message.name()),
            };
            lines.push(("inputs".to_owned(), from));
        }
        if lines.is_empty() {
            lines.push(("inputs".to_owned(), "none".to_owned()));
        }
        let parameters = if self.parameters.is_empty() { "none" } else { "given by hand" };
        lines.push(("parameters".to_owned(), parameters.to_owned()));
        lines
    }
}
