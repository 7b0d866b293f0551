//! A plan as text: steps, call shapes, and field by field what fills each request and how it is carried.

use std::fmt::Write;

use prost_reflect::MessageDescriptor;

use super::offer::{Offer, Parts, SourcePath, singular_message};
use super::{Carry, Plan, RequestPlan, Step};
use aieffect_contract::CallShape;

/// The plan for a person to read.
pub fn explain(plan: &Plan) -> String {
    let mut text = String::new();
    for (number, step) in plan.steps.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}. {}  {}", number + 1, step.name, shape(step.operation.shape));
        let _ =
            writeln!(text, "   calls   {} on {}", step.operation.path, plan.nodes[step.node.index()].address);
        let after: Vec<_> =
            step.inputs.iter().map(|link| plan.step(plan.link(*link).from).name.to_string()).collect();
        if !after.is_empty() {
            let _ = writeln!(text, "   after   {}", after.join(", "));
        }
        let _ = writeln!(
            text,
            "   request {} {}",
            step.operation.input.name(),
            carried(&step.requests.plans()[0])
        );
        for line in fields(step) {
            let _ = writeln!(text, "     {line}");
        }
    }
    text
}

fn shape(shape: CallShape) -> &'static str {
    match shape {
        CallShape::Unary => "unary",
        CallShape::ClientStream => "client stream",
        CallShape::ServerStream => "server stream",
        CallShape::Bidirectional => "bidirectional stream",
    }
}

fn carried(request: &RequestPlan) -> &'static str {
    match request.carry() {
        Carry::Constant(_) => "(always the same)",
        Carry::AsIs(_) => "(bytes handed on as they are)",
        Carry::Spliced(_) => "(spliced from bytes)",
        Carry::Decoded(_) => "(decoded, converted, encoded)",
    }
}

fn fields(step: &Step) -> Vec<String> {
    let mut lines = Vec::new();
    collect(
        &step.operation.input,
        step.requests.plans()[0].parts(),
        "",
        &step.requests.plans()[0],
        &mut lines,
    );
    let width = lines.iter().map(|(path, _)| path.chars().count()).max().unwrap_or_default();
    lines.into_iter().map(|(path, from)| format!("{path:width$}  ← {from}")).collect()
}

fn collect(
    message: &MessageDescriptor,
    parts: &Parts,
    prefix: &str,
    request: &RequestPlan,
    lines: &mut Vec<(String, String)>,
) {
    for field in message.fields() {
        let path = format!("{prefix}{}", field.name());
        match parts.fields.get(&field.number()) {
            None => lines.push((path, "default".to_owned())),
            Some(Offer::Given(_, hand)) => lines.push((path, hand.as_str().to_owned())),
            Some(Offer::Carried(source)) => lines.push((path, carried_from(source, request))),
            Some(Offer::Parts(inner)) => match singular_message(&field) {
                Some(message) => collect(&message, inner, &format!("{path}."), request, lines),
                None => lines.push((path, "default".to_owned())),
            },
        }
    }
}

fn carried_from(source: &SourcePath, request: &RequestPlan) -> String {
    let names: Vec<_> = source.fields.iter().map(prost_reflect::FieldDescriptor::name).collect();
    let step = request.sources().get(source.input).map(ToString::to_string).unwrap_or_default();
    format!("{step} {}", names.join("."))
}
