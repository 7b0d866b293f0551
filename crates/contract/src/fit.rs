//! Whether a value of one field may fill another: [`fits`].
//!
//! Fields of messages are matched by name at every depth. Whether the values agree on the wire too is the
//! plan's question, not asked here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

/// Two fields that do not fit: those asked about, or the innermost pair within their messages.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct Misfit {
    /// The field that gives.
    pub source_field: FieldDescriptor,
    /// The field that takes.
    pub target_field: FieldDescriptor,
    /// Why not, such as `string does not fit int32`.
    pub reason: String,
}

/// Whether a value of `source` may fill `target`.
///
/// The same type fits; `int32` fits `int64`, `uint32` fits `uint64`, `float` fits `double`, and an enum fits
/// `int32`. An enum fits another when that has every value of it with the same number and name, apart from
/// the enum's name before it. A message fits another when its fields fit those of the same name there,
/// whatever else either has. Repeated fields fit by element, maps by key and value.
pub fn fits(source: &FieldDescriptor, target: &FieldDescriptor) -> Result<(), Misfit> {
    let mut messages = Messages::default();
    field(source, target, &mut messages)?;
    while let Some((source, target)) = messages.next() {
        both_in_one_oneof(&source, &target)?;
        for (source, target) in common_fields(&source, &target) {
            field(&source, &target, &mut messages)?;
        }
    }
    Ok(())
}

/// Pairs of messages yet to be compared. A queue and not recursion, and each pair once: types may contain
/// themselves, and chains of them may be longer than the stack is deep.
#[derive(Default)]
struct Messages {
    waiting: VecDeque<(MessageDescriptor, MessageDescriptor)>,
    seen: BTreeSet<(String, String)>,
}

impl Messages {
    fn add(&mut self, source: MessageDescriptor, target: MessageDescriptor) {
        let names = (source.full_name().to_owned(), target.full_name().to_owned());
        if source != target && self.seen.insert(names) {
            self.waiting.push_back((source, target));
        }
    }

    fn next(&mut self) -> Option<(MessageDescriptor, MessageDescriptor)> {
        self.waiting.pop_front()
    }
}

/// Compares all but the insides of messages, which are put off.
fn field(source: &FieldDescriptor, target: &FieldDescriptor, messages: &mut Messages) -> Result<(), Misfit> {
    let misfit = |reason| Misfit { source_field: source.clone(), target_field: target.clone(), reason };
    let shapes = [shape(source), shape(target)];
    if shapes[0] != shapes[1] {
        return Err(misfit(format!("{} does not fit {}", shapes[0], shapes[1])));
    }
    if let (Some(source), Some(target)) = (map_entry(source), map_entry(target)) {
        let keys = (source.map_entry_key_field(), target.map_entry_key_field());
        kind(&keys.0, &keys.1, messages).map_err(|reason| misfit(format!("key: {reason}")))?;
        let values = (source.map_entry_value_field(), target.map_entry_value_field());
        return kind(&values.0, &values.1, messages).map_err(|reason| misfit(format!("value: {reason}")));
    }
    kind(source, target, messages).map_err(misfit)
}

fn shape(field: &FieldDescriptor) -> &'static str {
    match field {
        field if field.is_map() => "map",
        field if field.is_list() => "repeated",
        _ => "singular",
    }
}

fn map_entry(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let Kind::Message(entry) = field.kind() else { return None };
    field.is_map().then_some(entry)
}

fn kind(source: &FieldDescriptor, target: &FieldDescriptor, messages: &mut Messages) -> Result<(), String> {
    // A group's bytes are framed otherwise than a message's, so neither stands for the other.
    let same_framing = source.is_group() == target.is_group();
    match (source.kind(), target.kind()) {
        (Kind::Message(source), Kind::Message(target)) if same_framing => {
            messages.add(source, target);
            Ok(())
        }
        (Kind::Enum(source), Kind::Enum(target)) => enums(&source, &target),
        (Kind::Int32, Kind::Int64)
        | (Kind::Uint32, Kind::Uint64)
        | (Kind::Float, Kind::Double)
        | (Kind::Enum(_), Kind::Int32) => Ok(()),
        (from, to) if is_scalar(&from) && from == to => Ok(()),
        (from, to) => Err(format!("{} does not fit {}", type_name(source, &from), type_name(target, &to))),
    }
}

fn is_scalar(kind: &Kind) -> bool {
    !matches!(kind, Kind::Message(_) | Kind::Enum(_))
}

fn type_name(field: &FieldDescriptor, kind: &Kind) -> String {
    match kind {
        Kind::Message(message) if field.is_group() => format!("group `{}`", message.full_name()),
        Kind::Message(message) => format!("message `{}`", message.full_name()),
        Kind::Enum(of) => format!("enum `{}`", of.full_name()),
        Kind::Double => "double".to_owned(),
        Kind::Float => "float".to_owned(),
        Kind::Int32 => "int32".to_owned(),
        Kind::Int64 => "int64".to_owned(),
        Kind::Uint32 => "uint32".to_owned(),
        Kind::Uint64 => "uint64".to_owned(),
        Kind::Sint32 => "sint32".to_owned(),
        Kind::Sint64 => "sint64".to_owned(),
        Kind::Fixed32 => "fixed32".to_owned(),
        Kind::Fixed64 => "fixed64".to_owned(),
        Kind::Sfixed32 => "sfixed32".to_owned(),
        Kind::Sfixed64 => "sfixed64".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::String => "string".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
    }
}

/// Every number of `source` is one of `target` under one of the same names.
fn enums(source: &EnumDescriptor, target: &EnumDescriptor) -> Result<(), String> {
    if source == target {
        return Ok(());
    }
    let known = names_by_number(target);
    for (number, names) in names_by_number(source) {
        let name = names.first().map_or("", |name| &name.written);
        match known.get(&number) {
            Some(known) if names.iter().any(|name| known.iter().any(|known| name.bare == known.bare)) => {}
            Some(known) => {
                let other = known.first().map_or("", |name| &name.written);
                return Err(format!("in enum `{}` {number} is `{other}`, not `{name}`", target.full_name()));
            }
            None => {
                return Err(format!(
                    "enum `{}` does not have the value `{name} = {number}`",
                    target.full_name()
                ));
            }
        }
    }
    Ok(())
}

/// The name of an enum's value, as written and without the enum's own name before it.
struct ValueName {
    written: String,
    bare: String,
}

fn names_by_number(of: &EnumDescriptor) -> BTreeMap<i32, Vec<ValueName>> {
    let mut names: BTreeMap<i32, Vec<ValueName>> = BTreeMap::new();
    for value in of.values() {
        let name = ValueName {
            written: value.name().to_owned(),
            bare: without_prefix(value.name(), of.name()).to_owned(),
        };
        names.entry(value.number()).or_default().push(name);
    }
    names
}

/// `OK` of `JOB_STATUS_OK` in the enum `JobStatus`: the enum's name is passed over, without regard to case
/// and underscores, unless nothing would be left.
fn without_prefix<'a>(value: &'a str, of: &str) -> &'a str {
    let mut rest = value.chars();
    for wanted in of.chars().filter(|letter| *letter != '_') {
        let next = rest.find(|letter| *letter != '_');
        if !next.is_some_and(|letter| letter.eq_ignore_ascii_case(&wanted)) {
            return value;
        }
    }
    rest.as_str().strip_prefix('_').filter(|name| !name.is_empty()).unwrap_or(value)
}

fn common_fields(
    source: &MessageDescriptor,
    target: &MessageDescriptor,
) -> Vec<(FieldDescriptor, FieldDescriptor)> {
    let pair = |target: FieldDescriptor| Some((source.get_field_by_name(target.name())?, target));
    target.fields().filter_map(pair).collect()
}

/// Two fields of one oneof that may both be filled: then the last in number, not the one meant, would win.
fn both_in_one_oneof(source: &MessageDescriptor, target: &MessageDescriptor) -> Result<(), Misfit> {
    for oneof in target.oneofs() {
        let pairs: Vec<_> = oneof
            .fields()
            .filter_map(|target| Some((source.get_field_by_name(target.name())?, target)))
            .collect();
        let Some(((first, _), others)) = pairs.split_first() else { continue };
        let apart = |source: &FieldDescriptor| {
            source.containing_oneof().is_none() || source.containing_oneof() != first.containing_oneof()
        };
        if let Some((other, target)) = others.iter().find(|(source, _)| apart(source)) {
            let reason = format!(
                "`{}` and `{}` may both be set, and the oneof `{}` takes one",
                first.name(),
                other.name(),
                oneof.name()
            );
            return Err(Misfit { source_field: other.clone(), target_field: target.clone(), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
