//! What is said about a request: fields that do not fit, are filled twice, or not at all.

mod oneof;
mod required;

use std::collections::{BTreeMap, BTreeSet};

use aieffect_blueprint::{Code, Diagnostic, Findings, OperationId, Pipeline, Place, StepName};
use aieffect_contract::{ProtoSet, fits};
use prost_reflect::{Cardinality, FieldDescriptor, MessageDescriptor};

use self::oneof::real_oneof;
use super::super::Gather;
use super::super::offer::{Offer, Parts, singular_message};
use super::super::overlay::Overlay;
use super::Incoming;

/// The step whose request is planned.
#[derive(Clone, Copy)]
pub(super) struct Report<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) protos: &'a ProtoSet,
    pub(super) id: OperationId,
    pub(super) input: &'a MessageDescriptor,
    pub(super) gather: Gather,
    pub(super) incoming: &'a [Incoming<'a>],
}

impl Report<'_> {
    fn step(&self) -> StepName {
        self.pipeline.step_name(self.id)
    }

    /// Whether `from` may fill the request field at the end of `to`; a finding that names both when not.
    pub(super) fn check_types(
        &self,
        input: usize,
        from: &FieldDescriptor,
        to: &[FieldDescriptor],
        place: &Place,
        findings: &mut Findings,
    ) -> bool {
        let Some(Err(misfit)) = to.last().map(|to| fits(from, to)) else { return true };
        let names: Vec<_> = to.iter().map(FieldDescriptor::name).collect();
        let path = names.join(".");
        let source_id = self.incoming[input].link.from;
        let (source, step) = (self.pipeline.step_name(source_id), self.step());
        let message = format!("`{source}` cannot fill `{path}` of `{step}`: {misfit}");
        findings.push(
            Diagnostic::error(Code::FieldsDoNotFit, message)
                .at(self.protos.field_label(source_id, &misfit.source_field).with_note("this is offered"))
                .at(self.protos.field_label(self.id, &misfit.target_field).with_note("this is to be filled"))
                .at(place.label().with_note("by this link"))
                .help(format!(
                    "make the types equal, or carry nothing with `\"fields\": {{\"{path}\": null}}` on this link",
                )),
        );
        false
    }

    /// A link that offers nothing, though the request has fields and nobody asked for it.
    pub(super) fn nothing_offered(&self, input: usize, findings: &mut Findings) {
        let incoming = &self.incoming[input];
        if self.input.fields().len() == 0 {
            return;
        }
        let names = |message: &MessageDescriptor| {
            let names: Vec<_> = message.fields().map(|field| format!("`{}`", field.name())).collect();
            if names.is_empty() { "no field".to_owned() } else { names.join(", ") }
        };
        let from = self.pipeline.step_name(incoming.link.from);
        let what = match self.gather {
            Gather::Join => "it only orders them",
            Gather::Merge => "its messages only trigger calls",
        };
        let message = format!("the link from `{from}` to `{}` fills nothing: {what}", self.step());
        let help = format!(
            "the response has {}, the request has {}; say which fills which with `fields` on this link",
            names(&incoming.operation.output),
            names(self.input)
        );
        findings.push(
            Diagnostic::warning(Code::LinkFillsNothing, message).at(incoming.link.place.label()).help(help),
        );
    }

    /// Fields that several links offer, one finding for each that a link fills in the end.
    pub(super) fn doubled(&self, overlay: &Overlay, findings: &mut Findings) {
        let mut by_path: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for each in &overlay.doubled {
            let links = by_path.entry(&each.path).or_default();
            if links.last() != Some(&each.loser) {
                links.push(each.loser);
            }
            links.push(each.winner);
        }
        for (path, links) in by_path {
            if self.is_filled_by_link(&overlay.request, path) {
                self.offered_by_several(path, &links, findings);
            }
        }
    }

    /// `links` in the document's order: the last one fills the field.
    fn offered_by_several(&self, path: &str, links: &[usize], findings: &mut Findings) {
        const NAMED: usize = 8;
        let Some((winner, losers)) = links.split_last() else { return };
        let name = |link: &usize| format!("`{}`", self.pipeline.step_name(self.incoming[*link].link.from));
        let mut named: Vec<_> = losers.iter().take(NAMED).map(name).collect();
        if losers.len() > NAMED {
            named.push(format!("{} more", losers.len() - NAMED));
        }
        let message = format!(
            "`{path}` of `{}` is offered by {} and by {}",
            self.step(),
            named.join(", "),
            name(winner)
        );
        let place = |link: &usize| self.incoming[*link].link.place.label();
        let mut diagnostic = Diagnostic::warning(Code::FieldOfferedTwice, message)
            .at(place(winner).with_note("the later link fills it"))
            .help(format!("drop it from all links but one with `\"fields\": {{\"{path}\": null}}`"));
        for loser in losers.iter().take(NAMED) {
            diagnostic = diagnostic.at(place(loser).with_note("this one does not"));
        }
        findings.push(diagnostic);
    }

    fn is_filled_by_link(&self, request: &Parts, path: &str) -> bool {
        let (mut message, mut parts) = (self.input.clone(), request);
        for name in path.split('.') {
            let Some(field) = message.get_field_by_name(name) else { return false };
            match (parts.fields.get(&field.number()), singular_message(&field)) {
                (Some(Offer::Parts(inner)), Some(inner_message)) => (message, parts) = (inner_message, inner),
                (Some(Offer::Carried(_)), _) => return true,
                _ => return false,
            }
        }
        true
    }

    /// Request fields that nothing fills in any of the step's requests: required ones, which each of them needs,
    /// are errors, others one warning for the step. Fields that somebody `tried` to fill are passed over.
    pub(super) fn unfilled(&self, requests: &[&Parts], tried: &BTreeSet<String>, findings: &mut Findings) {
        if requests.is_empty() {
            return;
        }
        requests.iter().for_each(|request| self.unfilled_required(request, tried, findings));
        let filled: BTreeSet<_> =
            requests.iter().flat_map(|request| request.fields.keys().copied()).collect();
        let filled_oneofs: BTreeSet<String> = filled
            .iter()
            .filter_map(|number| real_oneof(&self.input.get_field(*number)?))
            .map(|oneof| oneof.name().to_owned())
            .collect();
        let oneof_filled = |field: &FieldDescriptor| {
            real_oneof(field).is_some_and(|oneof| filled_oneofs.contains(oneof.name()))
        };
        let unfilled: Vec<_> = self
            .input
            .fields()
            .filter(|field| !filled.contains(&field.number()) && field.cardinality() != Cardinality::Required)
            .filter(|field| !oneof_filled(field) && !tried.contains(field.name()))
            .collect();
        if unfilled.is_empty() {
            return;
        }
        let names: Vec<_> = unfilled.iter().map(|field| format!("`{}`", field.name())).collect();
        let (fields, they) = if names.len() == 1 {
            ("field", "it keeps its default")
        } else {
            ("fields", "they keep their defaults")
        };
        let message = format!("nothing fills the {fields} {} of `{}`: {they}", names.join(", "), self.step());
        let mut diagnostic = Diagnostic::warning(Code::UnfilledField, message);
        for field in &unfilled {
            diagnostic = diagnostic.at(self.protos.field_label(self.id, field));
        }
        findings.push(
            diagnostic.help("give a value under `parameters` of this operation, or a link that carries one"),
        );
    }
}
