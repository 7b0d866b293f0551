//! A plan as text: steps, call shapes, and field by field what fills each request and how it is carried.

use aieffect_blueprint::{AtEnd, Mode, TransportKind};
use aieffect_contract::CallShape;
use prost_reflect::MessageDescriptor;

use super::offer::{Offer, Parts, SourcePath, singular_message};
use super::{Carry, Feed, Gather, LinkId, Multiplicity, Overflow, Plan, RequestPlan, Requests, Step};

/// The plan for a person to read.
pub fn explain(plan: &Plan) -> String {
    let mut lines = Vec::new();
    if plan.mode == Mode::Live {
        lines.push(live(plan));
        lines.push(String::new());
    }
    for (number, step) in plan.steps.iter().enumerate() {
        if number > 0 {
            lines.push(String::new());
        }
        lines.push(format!("{}. {}  {}", number + 1, step.name, shape(step.operation.shape)));
        lines.extend(of_step(plan, step).into_iter().map(|line| format!("   {line}")));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn live(plan: &Plan) -> String {
    let queues = format!("live mode; {} messages wait on a link at most", plan.queue_size);
    match plan.iterations {
        Some(iterations) => format!("{queues}; {iterations} are taken from each source"),
        None => queues,
    }
}

fn of_step(plan: &Plan, step: &Step) -> Vec<String> {
    let mut lines = vec![format!("calls   {} on {}", called(step), plan.nodes[step.node.index()].address)];
    lines.extend(fires(step).map(|fires| format!("fires   {fires}")));
    let request = |lines: &mut Vec<String>, what: &str, fields: Vec<String>| {
        lines.push(format!("request {} {what}", step.operation.input.name()));
        lines.extend(fields.into_iter().map(|line| format!("  {line}")));
    };
    match &step.requests {
        Requests::Joined(plan_of_all) => {
            let after: Vec<_> = step.inputs.iter().map(|link| source(plan, *link)).collect();
            if !after.is_empty() {
                lines.push(format!("after   {}", after.join(", ")));
            }
            request(&mut lines, carried(plan_of_all), fields(step, plan_of_all));
        }
        Requests::Merged(plans) => {
            for (link, plan_of_one) in step.inputs.iter().zip(plans) {
                lines.push(format!("on      {}", source(plan, *link)));
                request(&mut lines, carried(plan_of_one), fields(step, plan_of_one));
            }
        }
        Requests::Listed(messages) => {
            let count = match messages.len() {
                1 => "1 message".to_owned(),
                count => format!("{count} messages"),
            };
            request(&mut lines, &format!("(a stream of {count}, by hand)"), Vec::new());
        }
    }
    lines
}

/// What sets a step firing, where that is more than its place in the order.
fn fires(step: &Step) -> Option<&'static str> {
    match step.feed {
        Feed::Once => None,
        Feed::EachMessage => Some("for each message"),
        Feed::OpenStream if step.gather == Gather::Join => Some("once, fed with the messages"),
        Feed::OpenStream => Some("with the first message, fed with those behind it"),
        Feed::Source if step.gives_stream() => match step.at_end {
            AtEnd::Stop => Some("by itself, once"),
            AtEnd::Restart => Some("by itself, again when its stream has ended"),
        },
        Feed::Source => Some("by itself, again and again"),
    }
}

fn source(plan: &Plan, link: LinkId) -> String {
    let link = plan.link(link);
    let from = &plan.step(link.from).name;
    match (plan.mode, link.carries, link.overflow) {
        (_, _, Overflow::KeepLatest) => format!("{from} (keeps the latest)"),
        (_, _, Overflow::Spool) => format!("{from} (many, spooled)"),
        (Mode::Batch, Multiplicity::Many, Overflow::Wait) => format!("{from} (many)"),
        (Mode::Live, Multiplicity::Many, Overflow::Wait) | (_, Multiplicity::One, Overflow::Wait) => {
            from.to_string()
        }
    }
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
        Carry::References(_) => "(data references)",
        Carry::Inlined(_) => "(decoded; inline JSON fills what is left open)",
    }
}

/// The RPC, or of an HTTP-controlled service the method.
fn called(step: &Step) -> String {
    match step.operation.transport {
        TransportKind::Grpc => step.operation.path.clone(),
        TransportKind::HttpControl => format!("POST /control/execute (method {})", step.operation.path),
    }
}

fn fields(step: &Step, request: &RequestPlan) -> Vec<String> {
    let mut lines = Vec::new();
    match request.carry() {
        Carry::References(references) => lines.extend(references.explain(request.sources())),
        Carry::Inlined(inlined) => {
            collect(&step.operation.input, request.parts(), "", request, &mut lines);
            for (path, from) in lines.iter_mut().filter(|(_, from)| from == "default" || from == "parameter")
            {
                let links = inlined.links.iter().filter(|link| !link.silenced.contains(path));
                let names = links.filter_map(|link| request.sources().get(link.input));
                let names: Vec<String> = names.map(ToString::to_string).collect();
                if !names.is_empty() {
                    *from = format!("{} inline JSON, else {from}", names.join(", "));
                }
            }
        }
        _ => collect(&step.operation.input, request.parts(), "", request, &mut lines),
    }
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
