//! What is said about a request: fields that do not fit, are filled twice, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use aieffect_blueprint::{Code, Diagnostic, Findings, OperationId, Pipeline, Place, StepName};
use aieffect_contract::{ProtoSet, fits};
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

use super::super::offer::{Doubled, Offer, Parts, singular_message};
use super::Incoming;

/// The step whose request is planned.
pub(super) struct Report<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) protos: &'a ProtoSet,
    pub(super) id: OperationId,
    pub(super) input: &'a MessageDescriptor,
    pub(super) incoming: &'a [Incoming<'a>],
}

impl Report<'_> {
    fn step(&self) -> StepName {
        self.pipeline.step_name(self.id)
    }

    /// Whether `from` may fill `to`; a finding that names both when not.
    pub(super) fn check_types(
        &self,
        input: usize,
        from: &FieldDescriptor,
        to: &FieldDescriptor,
        place: &Place,
        findings: &mut Findings,
    ) -> bool {
        let Err(misfit) = fits(from, to) else { return true };
        let source_id = self.incoming[input].link.from;
        let (source, step) = (self.pipeline.step_name(source_id), self.step());
        let message = format!("`{source}` cannot fill `{}` of `{step}`: {misfit}", to.name());
        findings.push(
            Diagnostic::error(Code::FieldsDoNotFit, message)
                .at(self.protos.field_label(source_id, &misfit.source_field).with_note("this is offered"))
                .at(self.protos.field_label(self.id, &misfit.target_field).with_note("this is to be filled"))
                .at(place.label().with_note("by this link"))
                .help(format!(
                    "make the types equal, or carry nothing with `\"fields\": {{\"{}\": null}}` on this link",
                    to.name()
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
        let message =
            format!("the link from `{from}` to `{}` fills nothing: it only orders them", self.step());
        let help = format!(
            "the response has {}, the request has {}; say which fills which with `fields` on this link",
            names(&incoming.operation.output),
            names(self.input)
        );
        findings.push(
            Diagnostic::warning(Code::LinkFillsNothing, message).at(incoming.link.place.label()).help(help),
        );
    }

    /// Fields that two links offer.
    pub(super) fn doubled(&self, doubled: &[Doubled], findings: &mut Findings) {
        for each in doubled {
            let (loser, winner) = (&self.incoming[each.loser], &self.incoming[each.winner]);
            let (from, by) =
                (self.pipeline.step_name(loser.link.from), self.pipeline.step_name(winner.link.from));
            let message =
                format!("`{}` of `{}` is offered by `{from}` and by `{by}`", each.path, self.step());
            findings.push(
                Diagnostic::warning(Code::FieldOfferedTwice, message)
                    .at(winner.link.place.label().with_note("the later link fills it"))
                    .at(loser.link.place.label().with_note("this one does not"))
                    .help(format!("drop it from one link with `\"fields\": {{\"{}\": null}}`", each.path)),
            );
        }
    }

    /// Members of one oneof that several providers fill.
    pub(super) fn oneofs(&self, request: &Parts, findings: &mut Findings) {
        self.oneofs_of(self.input, request, "", findings);
    }

    fn oneofs_of(&self, message: &MessageDescriptor, parts: &Parts, path: &str, findings: &mut Findings) {
        let mut filled: BTreeMap<String, Vec<(FieldDescriptor, &Offer)>> = BTreeMap::new();
        for (number, offer) in &parts.fields {
            let Some(field) = message.get_field(*number) else { continue };
            if let (Offer::Parts(inner), Some(message)) = (offer, singular_message(&field)) {
                self.oneofs_of(&message, inner, &format!("{path}{}.", field.name()), findings);
            }
            if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                filled.entry(oneof.name().to_owned()).or_default().push((field, offer));
            }
        }
        for (oneof, members) in filled {
            let providers: BTreeSet<_> = members.iter().map(|(_, offer)| provider(offer)).collect();
            if members.len() < 2
                || (providers.len() == 1 && providers.iter().all(|provider| provider.is_one_choice()))
            {
                continue;
            }
            let names: Vec<_> =
                members.iter().map(|(field, _)| format!("`{path}{}`", field.name())).collect();
            let message = format!(
                "several members of the oneof `{oneof}` of `{}` are filled: {}",
                self.step(),
                names.join(", ")
            );
            let mut diagnostic = Diagnostic::error(Code::OneofFilledTwice, message)
                .help("a oneof holds one member: carry the others not, with `null` in a link's `fields`");
            for (field, offer) in &members {
                let by = self.by(offer);
                diagnostic = diagnostic
                    .at(self.protos.field_label(self.id, field).with_note(format!("filled by {by}")));
            }
            findings.push(diagnostic);
        }
    }

    fn by(&self, offer: &Offer) -> String {
        match offer {
            Offer::Given(_, hand) => format!("the {}", hand.as_str()),
            Offer::Carried(source) => {
                format!("`{}`", self.pipeline.step_name(self.incoming[source.input].link.from))
            }
            Offer::Parts(_) => "several".to_owned(),
        }
    }

    /// Request fields that nothing fills: required ones are errors, others one warning for the step.
    /// Fields that somebody `tried` to fill are passed over.
    pub(super) fn unfilled(&self, request: &Parts, tried: &BTreeSet<String>, findings: &mut Findings) {
        self.unfilled_required(request, findings);
        let oneof_filled = |field: &FieldDescriptor| {
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            oneof.is_some_and(|oneof| {
                oneof.fields().any(|member| request.fields.contains_key(&member.number()))
            })
        };
        let unfilled: Vec<_> = self
            .input
            .fields()
            .filter(|field| {
                !request.fields.contains_key(&field.number()) && field.cardinality() != Cardinality::Required
            })
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

    fn unfilled_required(&self, request: &Parts, findings: &mut Findings) {
        let mut missing = Vec::new();
        self.required_of(self.input, request, "", &mut missing);
        for (path, field) in missing {
            findings.push(
                Diagnostic::error(
                    Code::UnfilledRequired,
                    format!("nothing fills `{path}` of `{}`, which is required", self.step()),
                )
                .at(self.protos.field_label(self.id, &field))
                .help("give a value under `parameters` of this operation, or a link that carries one"),
            );
        }
    }

    fn required_of(
        &self,
        message: &MessageDescriptor,
        parts: &Parts,
        path: &str,
        missing: &mut Vec<(String, FieldDescriptor)>,
    ) {
        for field in message.fields() {
            let path = format!("{path}{}", field.name());
            match parts.fields.get(&field.number()) {
                None if field.cardinality() == Cardinality::Required => missing.push((path, field)),
                None | Some(Offer::Given(..)) => {}
                Some(Offer::Parts(inner)) => {
                    if let Some(message) = singular_message(&field) {
                        self.required_of(&message, inner, &format!("{path}."), missing);
                    }
                }
                Some(Offer::Carried(source)) => {
                    let from = source.last().map(FieldDescriptor::kind);
                    if let (Kind::Message(to), Some(Kind::Message(from))) = (field.kind(), from) {
                        required_within(&from, &to, &path, &mut BTreeSet::new(), missing);
                    }
                }
            }
        }
    }
}

/// Required fields of `to`, at any depth, that a message `from` does not have.
fn required_within(
    from: &MessageDescriptor,
    to: &MessageDescriptor,
    path: &str,
    seen: &mut BTreeSet<(String, String)>,
    missing: &mut Vec<(String, FieldDescriptor)>,
) {
    if !seen.insert((from.full_name().to_owned(), to.full_name().to_owned())) {
        return;
    }
    for field in to.fields() {
        let path = format!("{path}.{}", field.name());
        let Some(source) = from.get_field_by_name(field.name()) else {
            if field.cardinality() == Cardinality::Required {
                missing.push((path, field));
            }
            continue;
        };
        if let (Kind::Message(from), Kind::Message(to)) = (source.kind(), field.kind()) {
            required_within(&from, &to, &path, seen, missing);
        }
    }
}

/// Who fills a member of a oneof. One link that carries members of one oneof of its own fills one at most.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Provider {
    Hand(&'static str),
    Oneof(usize, String),
    Field(usize, String),
    Parts,
}

impl Provider {
    fn is_one_choice(&self) -> bool {
        matches!(self, Self::Oneof(..))
    }
}

fn provider(offer: &Offer) -> Provider {
    match offer {
        Offer::Given(_, hand) => Provider::Hand(hand.as_str()),
        Offer::Parts(_) => Provider::Parts,
        Offer::Carried(source) => {
            let last = source.last();
            let oneof =
                last.and_then(FieldDescriptor::containing_oneof).filter(|oneof| !oneof.is_synthetic());
            match oneof {
                Some(oneof) => Provider::Oneof(source.input, oneof.full_name().to_owned()),
                None => Provider::Field(
                    source.input,
                    last.map(|field| field.name().to_owned()).unwrap_or_default(),
                ),
            }
        }
    }
}
