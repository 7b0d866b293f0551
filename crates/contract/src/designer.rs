//! What the platform's visual designer cannot take. It reads protos line by line, knows no packages, and links
//! operations by the names of their messages.
//!
//! Entry point: [`designer`]. Deliberately absent: whether the platform's other parts take it; they read more.

mod lines;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use aieffect_blueprint::{Code, Diagnostic, Findings, Link, Pipeline};
use prost_reflect::MessageDescriptor;

use crate::ProtoSet;

/// Everything in the pipeline's protos and links that the designer cannot take, as errors.
///
/// `protos` are that pipeline's; files that only a node without compiled protos uses are not looked at.
pub fn designer(pipeline: &Pipeline, protos: &ProtoSet) -> Findings {
    let mut findings = Findings::new();
    let mut seen = HashSet::new();
    // HTTP-controlled nodes have nothing that it could read.
    let has_proto = |node: usize| pipeline.nodes()[node].transport.proto().is_some();
    for node in (0..pipeline.nodes().len()).filter(|node| has_proto(*node)) {
        for file in protos.proto_of(node).map_or(&[][..], |proto| proto.files()) {
            if seen.insert(file.path.as_str()) {
                lines::inspect(&file.source, &mut findings);
            }
        }
    }
    let between_protos = |link: &&Link| has_proto(link.from.node) && has_proto(link.to.node);
    for link in pipeline.links().iter().filter(between_protos) {
        findings.extend(message_names(pipeline, protos, link).map(Findings::from).unwrap_or_default());
    }
    findings
}

fn message_names(pipeline: &Pipeline, protos: &ProtoSet, link: &Link) -> Option<Diagnostic> {
    let (given, taken) = (&protos.operation(link.from)?.output, &protos.operation(link.to)?.input);
    let (gives, takes) = (name(given), name(taken));
    if gives == takes {
        return None;
    }
    let (from, to) = (pipeline.step_name(link.from), pipeline.step_name(link.to));
    let message = format!(
        "`{from}` answers with `{gives}` and `{to}` takes `{takes}`; the designer links equal names only"
    );
    let finding = Diagnostic::error(Code::DesignerMessageNames, message)
        .at(protos.message_label(link.to, taken).with_note("this message is taken"))
        .at(protos.message_label(link.from, given).with_note("and this one is given"))
        .help(format!("give both messages one name, in both protos and in what the services make of them; `{gives}`, say"));
    Some(finding)
}

/// The name without the file's package.
fn name(message: &MessageDescriptor) -> String {
    let (full, file) = (message.full_name(), message.parent_file());
    let below = full.strip_prefix(file.package_name()).and_then(|rest| rest.strip_prefix('.'));
    below.unwrap_or(full).to_owned()
}
