//! Decides what fills each field of a step's request, and reports what does not fit.
//!
//! Strongest first: initial data, overrides, the last link that offers the field, parameters, the proto's
//! default. A link offers the fields whose names it shares with the request, and what its `fields` add.

mod mapping;
mod report;

use std::collections::BTreeSet;

use aieffect_blueprint::{Findings, Link, OperationId, OperationSettings, Pipeline, Values};
use aieffect_contract::{BoundOperation, ProtoSet};
use prost_reflect::{FieldDescriptor, MessageDescriptor, Value};
use serde_json::Map;

use self::report::Report;
use super::RequestPlan;
use super::initial::StepData;
use super::offer::{Hand, Offer, Overlay, Parts, SourcePath, expand, singular_message};
use crate::values;

/// An incoming link and the operation that it comes from.
pub(super) struct Incoming<'a> {
    pub(super) link: &'a Link,
    pub(super) operation: &'a BoundOperation,
}

/// What a link offers.
#[derive(Default)]
struct LinkOffer {
    parts: Parts,
    /// Whether its `fields` say that something is not carried.
    is_silenced: bool,
    /// Request fields for which it has a value of another type.
    misfits: Vec<String>,
}

/// Plans the request of the step `id`.
pub(super) fn request(
    pipeline: &Pipeline,
    protos: &ProtoSet,
    id: OperationId,
    incoming: &[Incoming<'_>],
    data: Option<&StepData>,
    findings: &mut Findings,
) -> RequestPlan {
    let Some(bound) = protos.operation(id) else { return RequestPlan::constant(Vec::new()) };
    let settings = &pipeline.operation(id).settings;
    let report = Report { pipeline, protos, id, input: &bound.input, incoming };
    let mut doubled = Vec::new();
    // Fields that somebody meant to fill: when that failed, it has a finding of its own.
    let mut tried: BTreeSet<String> = by_hand(settings, data);
    let mut overlay = Overlay { doubled: &mut doubled };
    let mut request = given(&bound.input, &settings.parameters, Hand::Parameter, findings);
    for (input, each) in incoming.iter().enumerate() {
        let offer = link_offer(&report, input, each, findings);
        if offer.parts.fields.is_empty() && !offer.is_silenced && offer.misfits.is_empty() {
            report.nothing_offered(input, findings);
        }
        tried.extend(offer.misfits);
        overlay.parts(&bound.input, "", &mut request, offer.parts);
    }
    overlay.parts(
        &bound.input,
        "",
        &mut request,
        given(&bound.input, &settings.overrides, Hand::Override, findings),
    );
    if let Some(data) = data {
        overlay.parts(&bound.input, "", &mut request, initial(&bound.input, data, findings));
    }
    report.doubled(&doubled, findings);
    report.oneofs(&request, findings);
    report.unfilled(&request, &tried, findings);
    let names = incoming.iter().map(|each| pipeline.step_name(each.link.from)).collect();
    let sources = incoming.iter().map(|each| each.operation.output.clone()).collect();
    RequestPlan::decoded(bound.input.clone(), sources, names, request)
}

fn by_hand(settings: &OperationSettings, data: Option<&StepData>) -> BTreeSet<String> {
    let values =
        settings.parameters.iter().chain(&settings.overrides).flat_map(|values| values.fields.keys());
    let initial = data.into_iter().flat_map(|data| data.fields.iter().map(|(name, _, _)| name));
    values.chain(initial).cloned().collect()
}

fn given(message: &MessageDescriptor, values: &[Values], hand: Hand, findings: &mut Findings) -> Parts {
    let mut parts = Parts::default();
    for each in values {
        values::check_fields(message, &each.fields, &each.place, findings);
        parts.fields.extend(encode(message, &each.fields, hand).fields);
    }
    parts
}

fn initial(message: &MessageDescriptor, data: &StepData, findings: &mut Findings) -> Parts {
    let mut parts = Parts::default();
    for (name, value, place) in &data.fields {
        let single: Map<_, _> = [(name.clone(), value.clone())].into_iter().collect();
        values::check_fields(message, &single, place, findings);
        parts.fields.extend(encode(message, &single, Hand::Initial).fields);
    }
    parts
}

/// The fields that are given, whether or not their value is the default. What does not fit has been reported.
fn encode(message: &MessageDescriptor, fields: &Map<String, serde_json::Value>, hand: Hand) -> Parts {
    let Ok(encoded) = values::to_message(message, fields) else { return Parts::default() };
    let named = fields.iter().filter(|(_, value)| !value.is_null());
    let offer = |(name, _): (&String, _)| {
        let field = message.get_field_by_name(name)?;
        let value: Value = encoded.get_field(&field).into_owned();
        Some((field.number(), Offer::Given(value, hand)))
    };
    Parts { present_with: Vec::new(), fields: named.filter_map(offer).collect() }
}

fn link_offer(
    report: &Report<'_>,
    input: usize,
    incoming: &Incoming<'_>,
    findings: &mut Findings,
) -> LinkOffer {
    let (source, target) = (&incoming.operation.output, report.input);
    let mappings = mapping::read(report, incoming, findings);
    let mut offer = LinkOffer::default();
    let mut carried_by_mapping = Vec::new();
    for mapping in &mappings {
        match &mapping.source {
            None => offer.is_silenced = true,
            Some(path) => carried_by_mapping.push((mapping, path)),
        }
    }
    for field in target.fields() {
        let Some(from) = source.get_field_by_name(field.name()) else { continue };
        let replaced = mappings.iter().any(|mapping| mapping.path == field.name());
        let reached_into =
            mappings.iter().any(|mapping| mapping.target.len() > 1 && mapping.target[0] == field);
        if replaced {
            continue;
        }
        if report.check_types(input, &from, &field, &incoming.link.place, findings) {
            let whole = Offer::Carried(SourcePath { input, fields: vec![from] });
            let whole = if reached_into { without(whole, &field, &mappings) } else { whole };
            offer.parts.fields.insert(field.number(), whole);
        } else {
            offer.misfits.push(field.name().to_owned());
        }
    }
    for (mapping, source) in carried_by_mapping {
        let (Some(from), Some(to)) = (source.last(), mapping.target.last()) else { continue };
        if report.check_types(input, from, to, &mapping.place, findings) {
            let carried = Offer::Carried(SourcePath { input, fields: source.clone() });
            insert(&mut offer.parts, &mapping.target, carried);
        } else {
            offer.misfits.extend(mapping.target.first().map(|field| field.name().to_owned()));
        }
    }
    offer
}

/// A whole message, less the fields within it that the link's `fields` say are not carried.
fn without(whole: Offer, field: &FieldDescriptor, mappings: &[mapping::Mapping]) -> Offer {
    let Some(message) = singular_message(field) else { return whole };
    let mut parts = expand(&message, whole);
    for mapping in mappings.iter().filter(|mapping| mapping.source.is_none() && mapping.target[0] == *field) {
        remove(&mut parts, &mapping.target[1..]);
    }
    Offer::Parts(parts)
}

fn remove(parts: &mut Parts, path: &[FieldDescriptor]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        parts.fields.remove(&first.number());
        return;
    }
    let Some(message) = singular_message(first) else { return };
    if let Some(offer) = parts.fields.remove(&first.number()) {
        let mut inner = expand(&message, offer);
        remove(&mut inner, rest);
        parts.fields.insert(first.number(), Offer::Parts(inner));
    }
}

fn insert(parts: &mut Parts, path: &[FieldDescriptor], offer: Offer) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        parts.fields.insert(first.number(), offer);
        return;
    }
    let Some(message) = singular_message(first) else { return };
    let below = parts.fields.remove(&first.number());
    let mut inner = below.map(|below| expand(&message, below)).unwrap_or_default();
    insert(&mut inner, rest, offer);
    parts.fields.insert(first.number(), Offer::Parts(inner));
}
