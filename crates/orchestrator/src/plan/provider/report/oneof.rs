//! Members of one oneof that several providers fill.

use std::collections::{BTreeMap, BTreeSet};

use aieffect_blueprint::{Code, Diagnostic, Findings};
use prost_reflect::{FieldDescriptor, MessageDescriptor, OneofDescriptor};

use super::super::super::offer::{Offer, Parts, SourcePath, singular_message};
use super::Report;

impl Report<'_> {
    /// Reports oneofs of the request with more than one provider.
    pub(in super::super) fn oneofs(&self, request: &Parts, findings: &mut Findings) {
        self.oneofs_of(self.input, request, "", findings);
    }

    fn oneofs_of(&self, message: &MessageDescriptor, parts: &Parts, path: &str, findings: &mut Findings) {
        let mut filled: BTreeMap<String, Vec<(FieldDescriptor, &Offer)>> = BTreeMap::new();
        for (number, offer) in &parts.fields {
            let Some(field) = message.get_field(*number) else { continue };
            if let (Offer::Parts(inner), Some(message)) = (offer, singular_message(&field)) {
                self.oneofs_of(&message, inner, &format!("{path}{}.", field.name()), findings);
            }
            if let Some(oneof) = real_oneof(&field) {
                filled.entry(oneof.name().to_owned()).or_default().push((field, offer));
            }
        }
        for (oneof, members) in filled {
            if members.len() > 1 && !is_one_choice(&members) {
                findings.push(self.filled_twice(&oneof, path, &members));
            }
        }
    }

    fn filled_twice(&self, oneof: &str, path: &str, members: &[(FieldDescriptor, &Offer)]) -> Diagnostic {
        let names: Vec<_> = members.iter().map(|(field, _)| format!("`{path}{}`", field.name())).collect();
        let message = format!(
            "several members of the oneof `{oneof}` of `{}` are filled: {}",
            self.step(),
            names.join(", ")
        );
        let mut diagnostic = Diagnostic::error(Code::OneofFilledTwice, message)
            .help("a oneof holds one member: leave the others out, with `null` in a link's `fields` or without their parameter");
        for (field, offer) in members {
            let mut by = BTreeSet::new();
            self.providers(offer, &mut by);
            let by: Vec<_> = by.into_iter().collect();
            let note = format!("filled by {}", by.join(" and "));
            diagnostic = diagnostic.at(self.protos.field_label(self.id, field).with_note(note));
        }
        diagnostic
    }

    fn providers(&self, offer: &Offer, by: &mut BTreeSet<String>) {
        match offer {
            Offer::Given(_, hand) => {
                by.insert(format!("the {}", hand.as_str()));
            }
            Offer::Carried(source) => {
                by.insert(format!("`{}`", self.pipeline.step_name(self.incoming[source.input].link.from)));
            }
            Offer::Parts(parts) => parts.fields.values().for_each(|offer| self.providers(offer, by)),
        }
    }
}

/// The oneof of a field; that of a proto3 `optional` holds only the field itself, and counts as none.
pub(super) fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// Whether all members come from different members of one oneof of one message: of these one at most is set.
fn is_one_choice(members: &[(FieldDescriptor, &Offer)]) -> bool {
    let mut carried = Vec::new();
    for (_, offer) in members {
        let Offer::Carried(SourcePath { input, fields }) = offer else { return false };
        let Some((last, way)) = fields.split_last() else { return false };
        let Some(oneof) = real_oneof(last) else { return false };
        carried.push((*input, way, oneof, last.number()));
    }
    let numbers: BTreeSet<_> = carried.iter().map(|(_, _, _, number)| number).collect();
    let same = carried.windows(2).all(|pair| {
        let [(input, way, oneof, _), (other_input, other_way, other_oneof, _)] = pair else { return true };
        input == other_input && way == other_way && oneof == other_oneof
    });
    same && numbers.len() == carried.len()
}
