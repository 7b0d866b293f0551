//! JSON as a message, with every problem on the way.

use std::collections::{BTreeMap, HashMap};

use aieffect_blueprint::{Code, Segment, near_match};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value as Proto};
use serde_json::{Map, Value};

use super::describe;
use super::scalar::{self, Misfit};
use super::well_known::{self, Form};

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The way to it, from the object that was read.
    pub(super) path: Vec<Segment>,
    pub(super) mark: Mark,
    /// The way to what it clashes with.
    pub(super) clash: Option<Vec<Segment>>,
}

/// What to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Key,
    Value,
}

/// Where a reading stands, and what it has found.
#[derive(Default)]
pub(super) struct Reading {
    path: Vec<Segment>,
    problems: Vec<Problem>,
}

impl Reading {
    /// Reads a whole message; what has a problem is left out of it.
    pub(super) fn of(
        message: &MessageDescriptor,
        fields: &Map<String, Value>,
    ) -> (DynamicMessage, Vec<Problem>) {
        let mut reading = Self::default();
        let read = match Form::of(message) {
            Form::Any => reading.any(message, fields),
            Form::Json => {
                let value = Value::Object(fields.clone());
                let read = well_known::from_json(message, &value);
                read.or_else(|| reading.misfit(&Kind::Message(message.clone()), &value))
            }
            Form::Plain | Form::Text | Form::Wrapper => Some(reading.fields(message, fields)),
        };
        (read.unwrap_or_else(|| DynamicMessage::new(message.clone())), reading.problems)
    }

    fn fields(&mut self, message: &MessageDescriptor, fields: &Map<String, Value>) -> DynamicMessage {
        let mut read = DynamicMessage::new(message.clone());
        let mut chosen: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in fields {
            self.path.push(Segment::Key(name.clone()));
            match message.get_field_by_name(name) {
                None => self.unknown(message, name),
                Some(field) if is_given(&field, value) => {
                    self.choose(&field, &mut chosen);
                    if let Some(value) = self.field(&field, value) {
                        set(&mut read, &field, value);
                    }
                }
                Some(_) => {}
            }
            self.path.pop();
        }
        read
    }

    fn field(&mut self, field: &FieldDescriptor, value: &Value) -> Option<Proto> {
        if let (Kind::Message(entry), true) = (field.kind(), field.is_map()) {
            let Value::Object(values) = value else { return self.misfit_field(field, value) };
            return Some(self.map(&entry, values));
        }
        if field.is_list() {
            let Value::Array(values) = value else { return self.misfit_field(field, value) };
            return Some(self.list(&field.kind(), values));
        }
        self.one(&field.kind(), value)
    }

    fn list(&mut self, kind: &Kind, values: &[Value]) -> Proto {
        let mut read = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            self.path.push(Segment::Index(index));
            read.extend(self.one(kind, value));
            self.path.pop();
        }
        Proto::List(read)
    }

    fn map(&mut self, entry: &MessageDescriptor, values: &Map<String, Value>) -> Proto {
        let (keys, kind) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let mut read = HashMap::with_capacity(values.len());
        for (key, value) in values {
            self.path.push(Segment::Key(key.clone()));
            let known = match scalar::read_key(&keys, key) {
                Ok(known) => Some(known),
                Err(_) => {
                    let message =
                        format!("`{}` is no key: keys are {}", self.shown_path(), describe::name(&keys));
                    self.push(Mark::Key, Code::ValueDoesNotFit, message, None);
                    None
                }
            };
            let value = self.one(&kind, value);
            if let (Some(key), Some(value)) = (known, value) {
                read.insert(key, value);
            }
            self.path.pop();
        }
        Proto::Map(read)
    }

    fn one(&mut self, kind: &Kind, value: &Value) -> Option<Proto> {
        if let Kind::Message(message) = kind {
            return self.message(message, value).map(Proto::Message);
        }
        match scalar::read(kind, value) {
            Ok(read) => Some(read),
            Err(Misfit::Type) => self.misfit(kind, value),
            Err(Misfit::Range(help)) => {
                let (path, what) = (self.shown_path(), describe::one(kind));
                let message = format!("`{path}` is {what}; {} is out of its range", describe::written(value));
                self.push(Mark::Value, Code::ValueDoesNotFit, message, Some(help));
                None
            }
            Err(Misfit::Enum(help)) => {
                let (path, what) = (self.shown_path(), describe::one(kind));
                let message =
                    format!("`{path}` is {what}; {} is none of its values", describe::written(value));
                self.push(Mark::Value, Code::ValueDoesNotFit, message, help);
                None
            }
        }
    }

    fn message(&mut self, message: &MessageDescriptor, value: &Value) -> Option<DynamicMessage> {
        let misfit = |reading: &mut Self| reading.misfit(&Kind::Message(message.clone()), value);
        match (Form::of(message), value) {
            (Form::Json, value) => well_known::from_json(message, value).or_else(|| misfit(self)),
            (Form::Any, Value::Object(fields)) => self.any(message, fields),
            (_, Value::Object(fields)) => Some(self.fields(message, fields)),
            (Form::Text, Value::String(_)) => well_known::from_json(message, value).or_else(|| misfit(self)),
            (Form::Wrapper, value) => {
                let field = message.get_field_by_name("value")?;
                let inner = self.one(&field.kind(), value)?;
                let mut read = DynamicMessage::new(message.clone());
                set(&mut read, &field, inner);
                Some(read)
            }
            (Form::Plain | Form::Text | Form::Any, _) => misfit(self),
        }
    }

    /// `{"@type": "…/Name", fields}`, or the two fields of an `Any` as they are.
    fn any(&mut self, any: &MessageDescriptor, fields: &Map<String, Value>) -> Option<DynamicMessage> {
        let Some(type_url) = fields.get("@type") else { return Some(self.fields(any, fields)) };
        let Some(inner) = type_url.as_str().and_then(|url| well_known::type_of_any(any, url)) else {
            self.path.push(Segment::Key("@type".to_owned()));
            let message = format!("{} names no message of the proto", describe::written(type_url));
            let help = "write it like `type.googleapis.com/package.Message`".to_owned();
            self.push(Mark::Value, Code::ValueDoesNotFit, message, Some(help));
            self.path.pop();
            return None;
        };
        let payload = if Form::stands_under_value(&inner) {
            self.path.push(Segment::Key("value".to_owned()));
            let read = self.message(&inner, fields.get("value").unwrap_or(&Value::Null));
            self.path.pop();
            read?
        } else {
            let mut fields = fields.clone();
            fields.shift_remove("@type");
            self.fields(&inner, &fields)
        };
        let mut read = DynamicMessage::new(any.clone());
        let url = type_url.as_str().unwrap_or_default().to_owned();
        read.try_set_field_by_name("type_url", Proto::String(url)).ok()?;
        read.try_set_field_by_name("value", Proto::Bytes(payload.encode_to_vec().into())).ok()?;
        Some(read)
    }

    fn unknown(&mut self, message: &MessageDescriptor, name: &str) {
        let help = match message.get_field_by_json_name(name) {
            Some(field) => Some(format!("write it as in the proto: `{}`", field.name())),
            None => {
                let names: Vec<_> = message.fields().map(|field| field.name().to_owned()).collect();
                near_match(name, "fields", names.iter().map(String::as_str))
            }
        };
        let message = match self.path.as_slice() {
            [_] => format!("`{}` has no field `{name}`", message.full_name()),
            _ => format!("`{}` is no field: `{}` has no `{name}`", self.shown_path(), message.full_name()),
        };
        self.push(Mark::Key, Code::UnknownField, message, help);
    }

    /// Remembers which field of a oneof is given; a second one is a problem.
    fn choose(&mut self, field: &FieldDescriptor, chosen: &mut BTreeMap<String, String>) {
        let Some(oneof) = field.containing_oneof() else { return };
        let Some(other) = chosen.insert(oneof.name().to_owned(), field.name().to_owned()) else { return };
        let message = format!(
            "`{other}` and `{}` are both in the oneof `{}`, which takes one",
            field.name(),
            oneof.name()
        );
        let help = format!("remove `{other}` or `{}`", field.name());
        self.push(Mark::Key, Code::OneofFilledTwice, message, Some(help));
        let mut clash = self.path.clone();
        clash.pop();
        clash.push(Segment::Key(other));
        if let Some(problem) = self.problems.last_mut() {
            problem.clash = Some(clash);
        }
    }

    fn misfit_field<T>(&mut self, field: &FieldDescriptor, value: &Value) -> Option<T> {
        self.misfit_as(&describe::field(field), value, None)
    }

    fn misfit<T>(&mut self, kind: &Kind, value: &Value) -> Option<T> {
        let help = match (kind, value) {
            (Kind::Bytes, Value::String(_)) => {
                let shown = describe::written(value);
                let message = format!("`{}` is bytes; {shown} is no base64", self.shown_path());
                self.push(Mark::Value, Code::ValueDoesNotFit, message, None);
                return None;
            }
            (Kind::String, Value::Number(_) | Value::Bool(_)) => Some("write it in quotes".to_owned()),
            (Kind::Bool, Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
                Some("write it without quotes".to_owned())
            }
            (Kind::Message(message), _) => example(message).map(|text| format!("write it like {text}")),
            _ => None,
        };
        self.misfit_as(&describe::one(kind), value, help)
    }

    fn misfit_as<T>(&mut self, what: &str, value: &Value, help: Option<String>) -> Option<T> {
        let message = format!("`{}` is {what}; {} is not one", self.shown_path(), describe::written(value));
        self.push(Mark::Value, Code::ValueDoesNotFit, message, help);
        None
    }

    fn push(&mut self, mark: Mark, code: Code, message: String, help: Option<String>) {
        let path = self.path.clone();
        self.problems.push(Problem { code, message, help, path, mark, clash: None });
    }

    fn shown_path(&self) -> String {
        let mut shown = String::new();
        for segment in &self.path {
            match segment {
                Segment::Key(key) if shown.is_empty() => shown.push_str(key),
                Segment::Key(key) => shown.extend([".", key.as_str()]),
                Segment::Index(index) => shown.push_str(&format!("[{index}]")),
            }
        }
        shown
    }
}

/// A default that has no presence is left unset, so that equal messages are equal values.
fn set(message: &mut DynamicMessage, field: &FieldDescriptor, value: Proto) {
    if field.supports_presence() || !value.is_default_for_field(field) {
        message.set_field(field, value);
    }
}

/// Null means not given, save where null is what the field holds.
fn is_given(field: &FieldDescriptor, value: &Value) -> bool {
    let holds_null = match field.kind() {
        Kind::Message(message) => message.full_name() == "google.protobuf.Value" && !field.is_list(),
        _ => false,
    };
    holds_null || !value.is_null()
}

fn example(message: &MessageDescriptor) -> Option<&'static str> {
    match message.full_name() {
        "google.protobuf.Timestamp" => Some("\"2026-01-31T12:00:00Z\""),
        "google.protobuf.Duration" => Some("\"1.5s\""),
        "google.protobuf.FieldMask" => Some("\"first,second.inner\""),
        _ => None,
    }
}
