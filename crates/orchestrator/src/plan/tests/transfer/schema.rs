//! Random protos, and what may become of them when another service writes them down.

use std::fmt::Write;

use super::choices::Choices;

/// Messages `M0` and up, which may contain each other; `M0` is what is carried.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    syntax: &'static str,
    messages: Vec<Vec<Field>>,
    enum_prefix: &'static str,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    number: u32,
    label: Label,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Singular,
    Optional,
    Repeated,
    /// With keys of this type.
    Map(&'static str),
    /// A member of the only oneof of its message.
    Oneof,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scalar(&'static str),
    Enum,
    Message(usize),
}

const SCALARS: [&str; 15] = [
    "int32", "string", "int64", "bool", "bytes", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "float", "double",
];
const KEYS: [&str; 5] = ["string", "int32", "uint32", "bool", "sint64"];

impl Schema {
    pub(super) fn any(choices: &mut Choices<'_>) -> Self {
        let count = 1 + choices.below(4);
        let messages = (0..count).map(|_| fields(count, choices)).collect();
        Self { syntax: syntax(choices), messages, enum_prefix: "" }
    }

    /// The same with one more field in each message: to others these are unknown.
    pub(super) fn newer(&self, choices: &mut Choices<'_>) -> Self {
        let mut newer = self.clone();
        let count = newer.messages.len();
        for fields in &mut newer.messages {
            let extra = Field { name: "newer".to_owned(), number: 18_000, ..field(0, count, choices) };
            let label = if extra.label == Label::Oneof { Label::Repeated } else { extra.label };
            fields.push(Field { label, ..extra });
        }
        newer
    }

    /// The same fields in another order, under other numbers.
    pub(super) fn renumbered(&self, choices: &mut Choices<'_>) -> Self {
        let mut other = self.clone();
        for fields in &mut other.messages {
            fields.sort_by_cached_key(|_| choices.byte());
            let step = 1 + u32::try_from(choices.below(200)).unwrap();
            for (index, field) in (1..).zip(fields) {
                field.number = index * step;
            }
        }
        other
    }

    /// Renumbered, with fewer fields, some wider, some with another presence, and some of its own.
    pub(super) fn rewritten(&self, choices: &mut Choices<'_>) -> Self {
        let mut other = self.clone();
        for fields in &mut other.messages {
            fields.retain(|_| !choices.one_in(4));
            let keeps_oneof = !choices.one_in(4);
            for field in fields.iter_mut() {
                field.rewrite(keeps_oneof, choices);
            }
            if choices.one_in(3) {
                fields.push(Field { name: "own".to_owned(), ..field(0, 1, choices) });
            }
            if fields.iter().filter(|field| field.label == Label::Oneof).any(|field| field.name == "own") {
                fields.pop();
            }
        }
        other.syntax = syntax(choices);
        other.enum_prefix = if choices.one_in(2) { "E_" } else { "" };
        other.renumbered(choices)
    }

    /// The proto of a service with this RPC.
    pub(super) fn proto(&self, rpc: &str) -> String {
        let mut text = format!("syntax = \"{}\";\nservice S {{ {rpc} }}\nmessage None {{}}\n", self.syntax);
        let prefix = self.enum_prefix;
        writeln!(text, "enum E {{ {prefix}ZERO = 0; {prefix}ONE = 1; {prefix}LESS = -5; }}").unwrap();
        for (index, fields) in self.messages.iter().enumerate() {
            writeln!(text, "message M{index} {{").unwrap();
            let (members, plain): (Vec<_>, Vec<_>) =
                fields.iter().partition(|field| field.label == Label::Oneof);
            plain.iter().for_each(|field| text += &field.written(self.syntax));
            if !members.is_empty() {
                let members: String = members.iter().map(|field| field.written(self.syntax)).collect();
                writeln!(text, "oneof choice {{\n{members}}}").unwrap();
            }
            text += "}\n";
        }
        text
    }
}

impl Field {
    fn rewrite(&mut self, keeps_oneof: bool, choices: &mut Choices<'_>) {
        let widens = choices.one_in(2);
        self.label = match self.label {
            Label::Singular if choices.one_in(3) => Label::Optional,
            Label::Optional if choices.one_in(3) => Label::Singular,
            Label::Oneof if !keeps_oneof => Label::Optional,
            Label::Map("int32") if widens => Label::Map("int64"),
            Label::Map("uint32") if widens => Label::Map("uint64"),
            label => label,
        };
        self.kind = match self.kind {
            Kind::Scalar("int32") if widens => Kind::Scalar("int64"),
            Kind::Scalar("uint32") if widens => Kind::Scalar("uint64"),
            Kind::Scalar("float") if widens => Kind::Scalar("double"),
            Kind::Enum if widens => Kind::Scalar("int32"),
            kind => kind,
        };
    }

    fn written(&self, syntax: &str) -> String {
        let kind = match self.kind {
            Kind::Scalar(name) => name.to_owned(),
            Kind::Enum => "E".to_owned(),
            Kind::Message(index) => format!("M{index}"),
        };
        let declared = match self.label {
            Label::Singular if syntax == "proto3" => kind,
            Label::Singular | Label::Optional => format!("optional {kind}"),
            Label::Repeated => format!("repeated {kind}"),
            Label::Map(key) => format!("map<{key}, {kind}>"),
            Label::Oneof => kind,
        };
        format!("  {declared} {} = {};\n", self.name, self.number)
    }
}

fn syntax(choices: &mut Choices<'_>) -> &'static str {
    if choices.one_in(4) { "proto2" } else { "proto3" }
}

fn fields(messages: usize, choices: &mut Choices<'_>) -> Vec<Field> {
    (0..=choices.below(8)).map(|index| field(index, messages, choices)).collect()
}

fn field(index: usize, messages: usize, choices: &mut Choices<'_>) -> Field {
    let kind = match choices.below(5) {
        0 | 1 => Kind::Scalar(SCALARS[choices.below(SCALARS.len())]),
        2 => Kind::Enum,
        _ => Kind::Message(choices.below(messages)),
    };
    let label = match choices.below(6) {
        0 | 1 => Label::Singular,
        2 => Label::Optional,
        3 => Label::Repeated,
        4 => Label::Map(KEYS[choices.below(KEYS.len())]),
        _ => Label::Oneof,
    };
    Field { name: format!("f{index}"), number: u32::try_from(index).unwrap() + 1, label, kind }
}
