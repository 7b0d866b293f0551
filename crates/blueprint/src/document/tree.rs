//! A YAML (or JSON) text as a tree in which every value and key has its span.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Budget, Location, Options, Spanned};

use super::pointer::{Pointer, Segment};
use crate::Span;

/// Documents of 10,000 steps and 40,000 links have about a million nodes.
const MAX_NODES: usize = 4_000_000;
const MAX_DEPTH: usize = 128;

#[derive(Debug)]
pub(super) struct Node {
    span: Span,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar(Value),
    Seq(Vec<Node>),
    Map(Vec<(String, Span, Node)>),
}

pub(super) struct ParseError {
    pub(super) message: String,
    /// Line and column, from 1.
    pub(super) position: Option<(usize, usize)>,
}

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let mut budget = Budget::default();
    budget.max_nodes = MAX_NODES;
    budget.max_events = MAX_NODES * 3;
    budget.max_depth = MAX_DEPTH;
    budget.max_total_scalar_bytes = usize::MAX;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.with_snippet = false;
    options.strict_booleans = true;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        let position = error.location().and_then(|location| {
            Some((usize::try_from(location.line()).ok()?, usize::try_from(location.column()).ok()?))
        });
        ParseError { message, position }
    })
}

impl Node {
    pub(super) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Seq(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Kind::Map(entries) => {
                let pairs = entries.iter().map(|(key, _, node)| (key.clone(), node.to_value()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    pub(super) fn span_at(&self, pointer: &Pointer) -> Span {
        self.find(pointer.segments()).1
    }

    pub(super) fn key_span_at(&self, pointer: &Pointer) -> Span {
        self.find(pointer.segments()).0
    }

    /// The span of the last key on the way and of the value it led to, as far as the way goes.
    fn find(&self, segments: &[Segment]) -> (Span, Span) {
        let mut node = self;
        let mut key_span = node.span;
        for segment in segments {
            let next = match (segment, &node.kind) {
                (Segment::Key(wanted), Kind::Map(entries)) => entries
                    .iter()
                    .rev()
                    .find(|(key, _, _)| key == wanted)
                    .map(|(_, span, value)| (*span, value)),
                (Segment::Index(index), Kind::Seq(items)) => items.get(*index).map(|item| (item.span, item)),
                _ => None,
            };
            let Some((span, value)) = next else { break };
            key_span = span;
            node = value;
        }
        (key_span, node.span)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { span: span_of(&spanned.referenced), kind: spanned.value })
    }
}

fn span_of(location: &Location) -> Span {
    let at = |offset: Option<u64>| offset.and_then(|offset| usize::try_from(offset).ok()).unwrap_or_default();
    let start = at(location.span().byte_offset());
    Span { start, end: start + at(location.span().byte_len()) }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Kind, E> {
        let number = Number::from_f64(value);
        Ok(Kind::Scalar(number.map_or_else(|| Value::String(value.to_string()), Value::Number)))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::String(value.to_string())))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::String(value.to_string())))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::String(value)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Kind, E> {
        Ok(Kind::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Kind::Seq(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = access.next_entry::<Spanned<String>, Node>()? {
            entries.push((key.value, span_of(&key.referenced), value));
        }
        Ok(Kind::Map(entries))
    }
}
