//! Fields, oneofs and extensions.

use std::collections::BTreeSet;

use prost_reflect::{
    Cardinality, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Syntax, Value,
};

use super::{Printer, flag};

impl Printer<'_> {
    /// The fields in the order they are written, those of a oneof together.
    pub(super) fn fields(&mut self, message: &MessageDescriptor, path: &str) {
        let mut oneofs = BTreeSet::new();
        for raw in &message.descriptor_proto().field {
            let Some(field) = message.get_field_by_name(raw.name()) else { continue };
            match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                None => self.field(&field, path),
                Some(oneof) if oneofs.insert(oneof.name().to_owned()) => {
                    self.open(&format!("oneof {}", oneof.name()));
                    oneof.fields().for_each(|member| self.field(&member, path));
                    self.close();
                }
                Some(_) => {}
            }
        }
    }

    fn field(&mut self, field: &FieldDescriptor, path: &str) {
        let raw = field.field_descriptor_proto();
        let label = self.label(field);
        let mut options = options(&field.options());
        if let Some(packed) = self.packed(field) {
            options.push(format!("packed = {packed}"));
        }
        if raw.default_value.is_some() {
            options.push(format!("default = {}", literal(&field.default_value(), &field.kind())));
        }
        if field.json_name() != usual_json_name(field.name()) {
            options.push(format!("json_name = {}", quoted(field.json_name().as_bytes())));
        }
        let options = listed(&options);
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let key = self.kind(&entry.map_entry_key_field().kind(), path);
                let value = self.kind(&entry.map_entry_value_field().kind(), path);
                self.line(&format!("map<{key}, {value}> {} = {}{options};", field.name(), field.number()));
            }
            Kind::Message(group) if field.is_group() => {
                self.open(&format!("{label}group {} = {}{options}", group.name(), field.number()));
                self.body(&group, &format!("{path}.{}", group.name()));
                self.close();
            }
            kind => {
                let kind = self.kind(&kind, path);
                self.line(&format!("{label}{kind} {} = {}{options};", field.name(), field.number()));
            }
        }
    }

    /// What stands before the type. Presence that proto3 does not know of becomes `optional`.
    fn label(&self, field: &FieldDescriptor) -> &'static str {
        let oneof = field.containing_oneof();
        if oneof.as_ref().is_some_and(|oneof| !oneof.is_synthetic()) || field.is_map() {
            return "";
        }
        let from_proto2 = field.parent_file().syntax() == Syntax::Proto2;
        let is_message = matches!(field.kind(), Kind::Message(_));
        match (field.cardinality(), self.syntax) {
            (Cardinality::Repeated, _) => "repeated ",
            (Cardinality::Required, Syntax::Proto2) => "required ",
            (_, Syntax::Proto2) => "optional ",
            (_, Syntax::Proto3) if oneof.is_some() || (from_proto2 && !is_message) => "optional ",
            (_, Syntax::Proto3) => "",
        }
    }

    /// The `packed` option, where it differs from what the syntax means.
    fn packed(&self, field: &FieldDescriptor) -> Option<bool> {
        let numeric = !matches!(field.kind(), Kind::Message(_) | Kind::String | Kind::Bytes);
        let packed = is_packed(&field.options(), field.parent_file().syntax());
        (numeric && field.is_list() && packed != (self.syntax == Syntax::Proto3)).then_some(packed)
    }

    fn kind(&self, kind: &Kind, path: &str) -> String {
        match kind {
            Kind::Message(message) => self.names.reference(message.full_name(), path),
            Kind::Enum(entry) => self.names.reference(entry.full_name(), path),
            Kind::Double => "double".into(),
            Kind::Float => "float".into(),
            Kind::Int32 => "int32".into(),
            Kind::Int64 => "int64".into(),
            Kind::Uint32 => "uint32".into(),
            Kind::Uint64 => "uint64".into(),
            Kind::Sint32 => "sint32".into(),
            Kind::Sint64 => "sint64".into(),
            Kind::Fixed32 => "fixed32".into(),
            Kind::Fixed64 => "fixed64".into(),
            Kind::Sfixed32 => "sfixed32".into(),
            Kind::Sfixed64 => "sfixed64".into(),
            Kind::Bool => "bool".into(),
            Kind::String => "string".into(),
            Kind::Bytes => "bytes".into(),
        }
    }

    /// Extensions of messages. Those of google's options go with the options that they stand for.
    pub(super) fn extensions(&mut self, extensions: impl Iterator<Item = ExtensionDescriptor>, path: &str) {
        for extension in extensions {
            let extended = extension.containing_message();
            if self.syntax != Syntax::Proto2 || extended.full_name().starts_with("google.protobuf.") {
                continue;
            }
            let label =
                if extension.cardinality() == Cardinality::Repeated { "repeated" } else { "optional" };
            let kind = self.kind(&extension.kind(), path);
            let (name, number) = (extension.name(), extension.number());
            let extended = self.names.reference(extended.full_name(), path);
            self.gap(self.depth == 0);
            self.open(&format!("extend {extended}"));
            let mut options = options(&extension.options());
            if is_packed(&extension.options(), extension.parent_file().syntax()) {
                options.push("packed = true".to_owned());
            }
            self.line(&format!("{label} {kind} {name} = {number}{};", listed(&options)));
            self.close();
        }
    }
}

/// Asked of the options, since the descriptor's own answer is made before they are understood.
fn is_packed(options: &DynamicMessage, syntax: Syntax) -> bool {
    if options.has_field_by_name("packed") { flag(options, "packed") } else { syntax == Syntax::Proto3 }
}

fn options(options: &DynamicMessage) -> Vec<String> {
    let deprecated = flag(options, "deprecated").then(|| "deprecated = true".to_owned());
    deprecated.into_iter().collect()
}

fn listed(options: &[String]) -> String {
    if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) }
}

/// The name in JSON that a field has unless it says otherwise.
fn usual_json_name(name: &str) -> String {
    let mut json = String::new();
    let mut raise = false;
    for letter in name.chars() {
        if letter == '_' {
            raise = true;
        } else if std::mem::take(&mut raise) {
            json.push(letter.to_ascii_uppercase());
        } else {
            json.push(letter);
        }
    }
    json
}

/// A default value as it is written.
fn literal(value: &Value, kind: &Kind) -> String {
    match (value, kind) {
        (Value::String(text), _) => quoted(text.as_bytes()),
        (Value::Bytes(bytes), _) => quoted(bytes),
        (Value::EnumNumber(number), Kind::Enum(entry)) => {
            entry.get_value(*number).map_or_else(|| number.to_string(), |value| value.name().to_owned())
        }
        (Value::F32(number), _) => float(f64::from(*number), number.to_string()),
        (Value::F64(number), _) => float(*number, number.to_string()),
        (Value::Bool(flag), _) => flag.to_string(),
        (Value::I32(number), _) => number.to_string(),
        (Value::I64(number), _) => number.to_string(),
        (Value::U32(number), _) => number.to_string(),
        (Value::U64(number), _) => number.to_string(),
        _ => String::new(),
    }
}

fn float(number: f64, text: String) -> String {
    if number.is_nan() {
        "nan".into()
    } else if number.is_infinite() {
        if number > 0.0 { "inf".into() } else { "-inf".into() }
    } else {
        text
    }
}

/// A string literal; everything but plain ASCII as octal bytes.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' => text += "\\\"",
            b'\\' => text += "\\\\",
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text += &format!("\\{other:03o}"),
        }
    }
    text + "\""
}
