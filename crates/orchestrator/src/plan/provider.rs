//! Decides what fills each field of a step's request, and reports what does not fit.
//!
//! Strongest first: initial data, overrides, the last link that offers the field, parameters, the proto's
//! default. A link offers the fields whose names it shares with the request, and what its `fields` add.

mod hand;
mod link;
mod mapping;
mod report;

use std::collections::BTreeSet;

use aieffect_blueprint::{Findings, Known, Link, OperationId, OperationSettings, Pipeline};
use aieffect_contract::{BoundOperation, ProtoSet};
use prost_reflect::MessageDescriptor;

use self::report::Report;
use super::RequestPlan;
use super::initial::StepData;
use super::offer::Hand;
use super::overlay::Overlay;

/// An incoming link and the operation that it comes from.
pub(super) struct Incoming<'a> {
    pub(super) link: &'a Link,
    pub(super) operation: &'a BoundOperation,
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
    let input = &bound.input;
    let report = Report { pipeline, protos, id, input, incoming };
    // Fields that somebody meant to fill: when that failed, it has a finding of its own.
    let mut tried = by_hand(settings, data);
    let mut overlay = Overlay::default();
    overlay.add(input, hand::values(input, &settings.parameters, Hand::Parameter, findings));
    for position in 0..incoming.len() {
        let offer = link::offer(&report, position, findings);
        if offer.is_nothing() {
            report.nothing_offered(position, findings);
        }
        tried.extend(offer.tried);
        overlay.add(input, offer.parts);
    }
    overlay.add(input, hand::values(input, &settings.overrides, Hand::Override, findings));
    overlay.add(input, data.map(|data| hand::initial(input, data, findings)).unwrap_or_default());
    report.doubled(&overlay, findings);
    let request = overlay.request;
    report.oneofs(&request, findings);
    report.unfilled(&request, &with_meant(tried, input), findings);
    let names = incoming.iter().map(|each| pipeline.step_name(each.link.from)).collect();
    let sources: Vec<_> = incoming.iter().map(|each| each.operation.output.clone()).collect();
    RequestPlan::new(input, &sources, names, request)
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
