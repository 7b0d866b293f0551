//! A link's `fields`, bound to the descriptors of both messages.

use aieffect_blueprint::{Code, Diagnostic, Findings, Place, near_match};
use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::super::offer::singular_message;
use super::Incoming;
use super::report::Report;

/// One entry: what fills a request field.
pub(super) struct Mapping {
    /// The fields of the request that lead to it.
    pub(super) target: Vec<FieldDescriptor>,
    /// The fields of the response that lead to its value; `None`: it is not carried.
    pub(super) source: Option<Vec<FieldDescriptor>>,
    /// The entry.
    pub(super) place: Place,
}

/// The entries that name fields; each that does not is a finding.
pub(super) fn read(report: &Report<'_>, incoming: &Incoming<'_>, findings: &mut Findings) -> Vec<Mapping> {
    let mut mappings = Vec::new();
    for entry in &incoming.link.fields {
        let target = find(report.input, &entry.target)
            .map_err(|wrong| wrong.finding("request", entry.place.key_label()));
        let source = match &entry.source {
            None => Ok(None),
            Some(path) => find(&incoming.operation.output, path)
                .map(Some)
                .map_err(|wrong| wrong.finding("response", entry.place.label())),
        };
        match (target, source) {
            (Ok(target), Ok(source)) => {
                mappings.push(Mapping { target, source, place: entry.place.clone() });
            }
            (target, source) => {
                for diagnostic in [target.err(), source.err()].into_iter().flatten() {
                    findings.push(diagnostic);
                }
            }
        }
    }
    mappings
}

struct Wrong {
    path: String,
    part: String,
    message: MessageDescriptor,
    kind: WrongKind,
}

enum WrongKind {
    Unknown,
    NotAMessage,
    TooDeep,
}

/// Messages nested deeper are refused by every reader.
const MAX_DEPTH: usize = 100;

impl Wrong {
    fn finding(self, side: &str, label: aieffect_blueprint::Label) -> Diagnostic {
        let (path, part, message) = (&self.path, &self.part, self.message.name());
        let (text, help) = match self.kind {
            WrongKind::Unknown => {
                let known: Vec<_> = self.message.fields().map(|field| field.name().to_owned()).collect();
                let help = near_match(part, "fields", known.iter().map(String::as_str));
                let what = if path == part { format!("`{path}`") } else { format!("`{part}` (in `{path}`)") };
                (format!("the {side} `{message}` has no field {what}"), help)
            }
            WrongKind::TooDeep => (format!("a path goes at most {MAX_DEPTH} messages deep"), None),
            WrongKind::NotAMessage => (
                format!("`{part}` of `{path}` is no singular message, so the path ends there"),
                Some("a path leads through singular messages only".to_owned()),
            ),
        };
        Diagnostic::error(Code::BadFieldMapping, text).at(label).help_if(help)
    }
}

fn find(message: &MessageDescriptor, path: &str) -> Result<Vec<FieldDescriptor>, Wrong> {
    let mut fields: Vec<FieldDescriptor> = Vec::new();
    let mut message = message.clone();
    let parts: Vec<_> = path.split('.').collect();
    for (nth, part) in parts.iter().enumerate() {
        let wrong =
            |kind| Wrong { path: path.to_owned(), part: (*part).to_owned(), message: message.clone(), kind };
        if nth == MAX_DEPTH {
            return Err(wrong(WrongKind::TooDeep));
        }
        let field = message.get_field_by_name(part).ok_or_else(|| wrong(WrongKind::Unknown))?;
        let is_last = nth + 1 == parts.len();
        let inner = singular_message(&field);
        fields.push(field);
        match inner {
            Some(inner) => message = inner,
            None if !is_last => return Err(wrong(WrongKind::NotAMessage)),
            None => {}
        }
    }
    Ok(fields)
}
