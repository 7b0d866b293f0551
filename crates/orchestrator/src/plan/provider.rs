//! Decides what fills each field of a step's request, and reports what does not fit.
//!
//! Strongest first: initial data, overrides, the last link that offers the field, parameters, the proto's
//! default. A link offers the fields whose names it shares with the request, and what its `fields` add.

mod hand;
mod link;
mod mapping;
mod report;

use std::collections::BTreeSet;

use aieffect_blueprint::{Findings, Known, Link, OperationSettings, TransportKind};
use aieffect_contract::BoundOperation;
use bytes::Bytes;
use prost_reflect::MessageDescriptor;

use self::report::Report;
use super::control;
use super::graph::Graph;
use super::initial::{Field, StepData};
use super::inlined::InlineLink;
use super::offer::{Hand, Parts};
use super::overlay::Overlay;
use super::{Gather, RequestPlan, Requests};

/// An incoming link and the operation that it comes from.
pub(super) struct Incoming<'a> {
    pub(super) link: &'a Link,
    pub(super) operation: &'a BoundOperation,
}

/// Plans the requests of the step at `position`.
pub(super) fn requests(
    graph: &Graph<'_>,
    position: usize,
    gather: Gather,
    incoming: &[Incoming<'_>],
    data: Option<&StepData>,
    findings: &mut Findings,
) -> Requests {
    let Some(bound) = graph.bound(position) else {
        return Requests::Joined(RequestPlan::constant(Vec::new()));
    };
    let settings = &graph.operation(position).settings;
    if bound.transport == TransportKind::HttpControl {
        return control::requests(graph, gather, incoming, settings, data);
    }
    let given = Given::read(&bound.input, settings, data, findings);
    let (pipeline, protos, id) = (graph.pipeline, graph.protos, graph.operations[position]);
    let report = Report { pipeline, protos, id, input: &bound.input, gather, incoming };
    match (gather, data.and_then(|data| data.listed.as_ref())) {
        (_, Some(messages)) => Requests::Listed(listed(&report, &given, messages, findings)),
        (Gather::Join, None) => Requests::Joined(joined(&report, &given, findings)),
        (Gather::Merge, None) => Requests::Merged(merged(&report, &given, findings)),
    }
}

/// One request from a message of every link.
fn joined(report: &Report<'_>, given: &Given, findings: &mut Findings) -> RequestPlan {
    let mut tried = given.tried.clone();
    let (overlay, inline) = overlay(report, given, &mut tried, findings);
    report.doubled(&overlay, findings);
    let request = overlay.request;
    report.oneofs(&request, findings);
    // What inline JSON fills is known when it is there.
    if inline.is_empty() {
        report.unfilled(&[&request], &with_meant(tried, report.input), findings);
    }
    planned(report, request, inline)
}

/// For each link a request from its message alone. What one of them fills may be meant for no other: only what none
/// fills is reported, once for the step.
fn merged(report: &Report<'_>, given: &Given, findings: &mut Findings) -> Vec<RequestPlan> {
    let mut tried = given.tried.clone();
    let mut requests = Vec::with_capacity(report.incoming.len());
    let mut alone = Vec::with_capacity(report.incoming.len());
    let mut inlines = Vec::with_capacity(report.incoming.len());
    for incoming in report.incoming {
        let report = Report { incoming: std::slice::from_ref(incoming), ..*report };
        let (overlay, inline) = overlay(&report, given, &mut tried, findings);
        let request = overlay.request;
        report.oneofs(&request, findings);
        requests.push(request);
        inlines.push(inline);
        alone.push(report);
    }
    if inlines.iter().all(Vec::is_empty) {
        let all: Vec<_> = requests.iter().collect();
        report.unfilled(&all, &with_meant(tried, report.input), findings);
    }
    let each = alone.iter().zip(requests).zip(inlines);
    each.map(|((report, request), inline)| planned(report, request, inline)).collect()
}

/// The messages of a stream, each from what is given for it and what is given for all.
fn listed(
    report: &Report<'_>,
    given: &Given,
    messages: &[Vec<Field>],
    findings: &mut Findings,
) -> Vec<Bytes> {
    let mut tried = given.tried.clone();
    let mut requests = Vec::with_capacity(messages.len());
    for fields in messages {
        tried.extend(fields.iter().map(|(name, _, _)| name.clone()));
        let (mut overlay, _) = overlay(report, given, &mut tried, findings);
        overlay.add(report.input, hand::initial(report.input, fields, findings));
        report.oneofs(&overlay.request, findings);
        requests.push(overlay.request);
    }
    let all: Vec<_> = requests.iter().collect();
    report.unfilled(&all, &with_meant(tried, report.input), findings);
    requests.iter().map(|request| RequestPlan::by_hand(report.input, request)).collect()
}

/// What is given by hand for every request of a step.
struct Given {
    parameters: Parts,
    overrides: Parts,
    initial: Parts,
    /// Fields that somebody meant to fill: when that failed, it has a finding of its own.
    tried: BTreeSet<String>,
}

impl Given {
    fn read(
        input: &MessageDescriptor,
        settings: &OperationSettings,
        data: Option<&StepData>,
        findings: &mut Findings,
    ) -> Self {
        Self {
            parameters: hand::values(input, &settings.parameters, Hand::Parameter, findings),
            overrides: hand::values(input, &settings.overrides, Hand::Override, findings),
            initial: data.map(|data| hand::initial(input, &data.fields, findings)).unwrap_or_default(),
            tried: by_hand(settings, data),
        }
    }
}

/// All providers, the weakest first.
fn overlay(
    report: &Report<'_>,
    given: &Given,
    tried: &mut BTreeSet<String>,
    findings: &mut Findings,
) -> (Overlay, Vec<InlineLink>) {
    let mut overlay = Overlay::default();
    let mut inline = Vec::new();
    overlay.add(report.input, given.parameters.clone());
    for position in 0..report.incoming.len() {
        let offer = link::offer(report, position, findings);
        let is_control = report.incoming[position].operation.transport == TransportKind::HttpControl;
        if is_control
            && offer.parts.fields.is_empty()
            && offer.tried.is_empty()
            && report.input.fields().len() > 0
        {
            let silenced = report.incoming[position].link.fields.iter().map(|entry| entry.target.clone());
            inline.push(InlineLink { input: position, silenced: silenced.collect() });
        } else if offer.is_nothing() {
            report.nothing_offered(position, findings);
        }
        tried.extend(offer.tried);
        overlay.add(report.input, offer.parts);
    }
    overlay.add(report.input, given.overrides.clone());
    overlay.add(report.input, given.initial.clone());
    (overlay, inline)
}

fn planned(report: &Report<'_>, request: Parts, inline: Vec<InlineLink>) -> RequestPlan {
    let names = report.incoming.iter().map(|each| report.pipeline.step_name(each.link.from)).collect();
    let sources: Vec<_> = report.incoming.iter().map(|each| each.operation.output.clone()).collect();
    if inline.is_empty() {
        return RequestPlan::new(report.input, &sources, names, request);
    }
    RequestPlan::inlined(report.input, &sources, names, request, inline)
}

fn by_hand(settings: &OperationSettings, data: Option<&StepData>) -> BTreeSet<String> {
    let values =
        settings.parameters.iter().chain(&settings.overrides).flat_map(|values| values.fields.keys());
    let initial = data
        .into_iter()
        .flat_map(|data| data.fields.iter().map(|(name, _, _)| name).chain(data.meant.iter()));
    values.chain(initial).cloned().collect()
}

/// With the fields that were meant by names of no field: the findings about these offer them.
fn with_meant(mut tried: BTreeSet<String>, input: &MessageDescriptor) -> BTreeSet<String> {
    let fields: Vec<_> = input.fields().map(|field| field.name().to_owned()).collect();
    let known = Known::new(fields.iter().map(String::as_str));
    let meant = |name: &String| match input.get_field_by_name(name) {
        Some(_) => None,
        None => input
            .get_field_by_json_name(name)
            .map(|field| field.name().to_owned())
            .or_else(|| known.nearest(name).map(str::to_owned)),
    };
    let meant: Vec<_> = tried.iter().filter_map(meant).collect();
    tried.extend(meant);
    tried
}
