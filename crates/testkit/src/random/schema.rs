//! Random protos, and what may become of them when another service writes them down.

use super::Choices;

/// Messages `M0` and up, which may contain each other; `M0` is what is carried.
#[derive(Debug, Clone)]
pub struct Schema {
    syntax: &'static str,
    pub(super) messages: Vec<Vec<Field>>,
    pub(super) enum_prefix: &'static str,
    /// The default of the enum is not 0, where that may be.
    odd_default: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    number: u32,
    pub(super) label: Label,
    pub(super) kind: Kind,
    /// `[packed = …]`, where that may be said.
    packed: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Singular,
    Optional,
    /// Where there are required fields, else `Singular`.
    Required,
    Repeated,
    /// With keys of this type.
    Map(&'static str),
    /// A member of the only oneof of its message.
    Oneof,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar(&'static str),
    Enum,
    Message(usize),
    /// One of its own with these scalars, repeated ones marked; where there are no groups, it is a message.
    Group(Vec<(&'static str, bool)>),
}

const SCALARS: [&str; 15] = [
    "int32", "string", "int64", "bool", "bytes", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "float", "double",
];
const KEYS: [&str; 5] = ["string", "int32", "uint32", "bool", "sint64"];

impl Schema {
    /// Any at all.
    pub fn any(choices: &mut Choices<'_>) -> Self {
        let count = 1 + choices.below(4);
        let messages = (0..count).map(|nth| fields(nth, count, choices)).collect();
        Self { syntax: syntax(choices), messages, enum_prefix: "", odd_default: choices.one_in(4) }
    }

    /// The same with one more field in each message: to others these are unknown.
    #[must_use]
    pub fn newer(&self, choices: &mut Choices<'_>) -> Self {
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
    #[must_use]
    pub fn renumbered(&self, choices: &mut Choices<'_>) -> Self {
        let mut other = self.clone();
        for fields in &mut other.messages {
            fields.sort_by_cached_key(|_| choices.byte());
            let step = 1 + choices.below(200) as u32;
            for (index, field) in (1..).zip(fields) {
                field.number = index * step;
            }
        }
        other
    }

    /// Renumbered, with fewer fields, some wider, some with another presence, and some of its own.
    #[must_use]
    pub fn rewritten(&self, choices: &mut Choices<'_>) -> Self {
        let mut other = self.clone();
        for fields in &mut other.messages {
            fields.retain(|field| !choices.one_in(4) || field.label == Label::Required);
            let keeps_oneof = !choices.one_in(4);
            for field in fields.iter_mut() {
                field.rewrite(keeps_oneof, choices);
            }
            if choices.one_in(3) {
                let own = Field { name: "own".to_owned(), ..field(0, 1, choices) };
                if !matches!(own.label, Label::Oneof | Label::Required) {
                    fields.push(own);
                }
            }
        }
        other.change_syntax(choices);
        other.enum_prefix = if choices.one_in(2) { "E_" } else { "" };
        other.renumbered(choices)
    }

    /// With fewer fields, others' numbers now and then, and another syntax: what a service offers of it.
    #[must_use]
    pub fn part(&self, choices: &mut Choices<'_>) -> Self {
        let mut other = self.clone();
        for fields in &mut other.messages {
            fields.retain(|_| !choices.one_in(3));
            for field in fields.iter_mut() {
                field.label = match field.label {
                    Label::Singular | Label::Required if choices.one_in(3) => Label::Optional,
                    Label::Optional if choices.one_in(3) => Label::Singular,
                    label => label,
                };
                field.packed = packed(choices);
            }
        }
        other.change_syntax(choices);
        if choices.one_in(2) { other.renumbered(choices) } else { other }
    }

    /// Groups fit groups only, and so the syntax stays where there are some.
    fn change_syntax(&mut self, choices: &mut Choices<'_>) {
        let has_group = |field: &Field| matches!(field.kind, Kind::Group(_));
        let syntax = syntax(choices);
        if !self.messages.iter().flatten().any(has_group) {
            self.syntax = syntax;
        }
    }

    /// The proto of a service with this RPC.
    pub fn proto(&self, rpc: &str) -> String {
        let mut text = format!("syntax = \"{}\";\nservice S {{ {rpc} }}\nmessage None {{}}\n", self.syntax);
        let prefix = self.enum_prefix;
        let (first, second) = if self.is_odd() { ("ONE = 1", "ZERO = 0") } else { ("ZERO = 0", "ONE = 1") };
        text += &format!("enum E {{ {prefix}{first}; {prefix}{second}; {prefix}LESS = -5; }}\n");
        for (index, fields) in self.messages.iter().enumerate() {
            text += &format!("message M{index} {{\n");
            let (members, plain): (Vec<_>, Vec<_>) =
                fields.iter().partition(|field| field.label == Label::Oneof);
            plain.iter().for_each(|field| text += &field.written(self.syntax));
            if !members.is_empty() {
                let members: String = members.iter().map(|field| field.written(self.syntax)).collect();
                text += &format!("oneof choice {{\n{members}}}\n");
            }
            text += "}\n";
        }
        text
    }

    fn is_odd(&self) -> bool {
        self.odd_default && self.syntax == "proto2"
    }
}

impl Field {
    fn rewrite(&mut self, keeps_oneof: bool, choices: &mut Choices<'_>) {
        let widens = choices.one_in(2);
        self.packed = packed(choices);
        self.label = match self.label {
            Label::Singular if choices.one_in(3) => Label::Optional,
            Label::Optional if choices.one_in(3) => Label::Singular,
            Label::Oneof if !keeps_oneof => Label::Optional,
            Label::Map("int32") if widens => Label::Map("int64"),
            Label::Map("uint32") if widens => Label::Map("uint64"),
            label => label,
        };
        self.kind = match &self.kind {
            Kind::Scalar("int32") if widens => Kind::Scalar("int64"),
            Kind::Scalar("uint32") if widens => Kind::Scalar("uint64"),
            Kind::Scalar("float") if widens => Kind::Scalar("double"),
            Kind::Enum if widens => Kind::Scalar("int32"),
            kind => kind.clone(),
        };
    }

    fn written(&self, syntax: &str) -> String {
        let (name, number) = (&self.name, self.number);
        let kind = match &self.kind {
            Kind::Scalar(name) => (*name).to_owned(),
            Kind::Enum => "E".to_owned(),
            Kind::Message(index) => format!("M{index}"),
            Kind::Group(fields) => return group(fields, self.label, name, number, syntax),
        };
        let declared = match self.label {
            Label::Singular if syntax == "proto3" => kind,
            Label::Required if syntax == "proto3" => kind,
            Label::Required => format!("required {kind}"),
            Label::Singular | Label::Optional => format!("optional {kind}"),
            Label::Repeated => format!("repeated {kind}"),
            Label::Map(key) => format!("map<{key}, {kind}>"),
            Label::Oneof => kind,
        };
        let is_packable = match &self.kind {
            Kind::Scalar(name) => !matches!(*name, "string" | "bytes"),
            Kind::Enum => true,
            Kind::Message(_) | Kind::Group(_) => false,
        };
        let option = match self.packed {
            Some(packed) if is_packable && self.label == Label::Repeated => format!(" [packed = {packed}]"),
            _ => String::new(),
        };
        format!("  {declared} {name} = {number}{option};\n")
    }
}

/// A group's name is its field's with a capital, and its type is defined in its place.
fn group(fields: &[(&'static str, bool)], label: Label, name: &str, number: u32, syntax: &str) -> String {
    let type_name = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let mut inner = String::new();
    for (nth, (scalar, repeated)) in fields.iter().enumerate() {
        let label = match (*repeated, syntax) {
            (true, _) => "repeated ",
            (false, "proto2") => "optional ",
            (false, _) => "",
        };
        inner += &format!("    {label}{scalar} x{nth} = {};\n", nth + 1);
    }
    let label = if label == Label::Repeated { "repeated" } else { "optional" };
    match syntax {
        "proto2" => format!("  {label} group {type_name} = {number} {{\n{inner}  }}\n"),
        _ => format!("  message {type_name} {{\n{inner}  }}\n  {label} {type_name} {name} = {number};\n"),
    }
}

fn syntax(choices: &mut Choices<'_>) -> &'static str {
    if choices.one_in(4) { "proto2" } else { "proto3" }
}

fn packed(choices: &mut Choices<'_>) -> Option<bool> {
    *choices.of(&[None, Some(true), Some(false)])
}

/// Those of the `nth` message: `M0` is never empty.
fn fields(nth: usize, messages: usize, choices: &mut Choices<'_>) -> Vec<Field> {
    let least = usize::from(nth == 0);
    (0..least + choices.below(9)).map(|index| field(index, messages, choices)).collect()
}

fn field(index: usize, messages: usize, choices: &mut Choices<'_>) -> Field {
    let kind = match choices.below(12) {
        0..=4 => Kind::Scalar(SCALARS[choices.below(SCALARS.len())]),
        5 | 6 => Kind::Enum,
        7 => Kind::Group((0..choices.below(4)).map(|_| (*choices.of(&SCALARS), choices.one_in(2))).collect()),
        _ => Kind::Message(choices.below(messages)),
    };
    let is_scalar = matches!(kind, Kind::Scalar(_) | Kind::Enum);
    let label = match (choices.below(12), &kind) {
        (6 | 7, Kind::Group(_)) => Label::Repeated,
        (_, Kind::Group(_)) => Label::Optional,
        (0..=3, _) => Label::Singular,
        (4 | 5, _) => Label::Optional,
        (6 | 7, _) => Label::Repeated,
        (8 | 9, _) => Label::Map(KEYS[choices.below(KEYS.len())]),
        (10, _) if is_scalar && choices.one_in(3) => Label::Required,
        _ => Label::Oneof,
    };
    Field { name: format!("f{index}"), number: index as u32 + 1, label, kind, packed: packed(choices) }
}
