//! Random values as somebody writes them by hand.

use serde_json::{Map, Value, json};

use super::Choices;
use super::schema::{Field, Kind, Label, Schema};

const MAX_DEPTH: usize = 3;

impl Schema {
    /// Values for some fields of message `M{index}`.
    pub(super) fn values(&self, index: usize, depth: usize, choices: &mut Choices<'_>) -> Map<String, Value> {
        let mut values = Map::new();
        let mut has_member = false;
        for field in self.messages.get(index).into_iter().flatten() {
            let is_member = field.label == Label::Oneof;
            let is_deep = depth >= MAX_DEPTH && matches!(field.kind, Kind::Message(_));
            if is_deep || is_member && has_member || !choices.one_in(3) {
                continue;
            }
            has_member |= is_member;
            values.insert(field.name.clone(), self.value(field, depth, choices));
        }
        values
    }

    /// A value for each required field of `M0`.
    pub(super) fn required(&self, choices: &mut Choices<'_>) -> Map<String, Value> {
        let fields = self.messages.first().into_iter().flatten();
        let required = fields.filter(|field| field.label == Label::Required);
        required.map(|field| (field.name.clone(), self.value(field, 0, choices))).collect()
    }

    fn value(&self, field: &Field, depth: usize, choices: &mut Choices<'_>) -> Value {
        match field.label {
            Label::Repeated => {
                (0..choices.below(3)).map(|_| self.single(&field.kind, depth, choices)).collect()
            }
            Label::Map(key) => {
                let key = match key {
                    "bool" => "true",
                    "uint32" => "7",
                    "string" => "grün",
                    _ => "-7",
                };
                let mut entries = Map::new();
                if choices.one_in(2) {
                    entries.insert(key.to_owned(), self.single(&field.kind, depth, choices));
                }
                Value::Object(entries)
            }
            _ => self.single(&field.kind, depth, choices),
        }
    }

    fn single(&self, kind: &Kind, depth: usize, choices: &mut Choices<'_>) -> Value {
        match kind {
            Kind::Scalar(name) => scalar(name, choices),
            Kind::Enum => {
                choices.of(&[json!(1), json!(0), json!(format!("{}LESS", self.enum_prefix))]).clone()
            }
            Kind::Message(index) => Value::Object(self.values(*index, depth + 1, choices)),
            Kind::Group(fields) => {
                let singular = fields.iter().enumerate().filter(|(_, (_, repeated))| !repeated);
                singular.map(|(nth, (name, _))| (format!("x{nth}"), scalar(name, choices))).collect()
            }
        }
    }
}

fn scalar(name: &str, choices: &mut Choices<'_>) -> Value {
    match name {
        "bool" => json!(choices.one_in(2)),
        "string" => choices.of(&[json!(""), json!("grün")]).clone(),
        "bytes" => choices.of(&[json!(""), json!("AQI=")]).clone(),
        "float" | "double" => choices.of(&[json!(0), json!(-0.0), json!("NaN"), json!(1.5)]).clone(),
        "uint32" | "fixed32" | "uint64" | "fixed64" => {
            choices.of(&[json!(0), json!(4_000_000_000_u32)]).clone()
        }
        _ => choices.of(&[json!(0), json!(-1), json!(7)]).clone(),
    }
}
