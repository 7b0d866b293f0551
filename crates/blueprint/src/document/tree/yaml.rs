//! A YAML text as a tree, with anchors and merge keys resolved.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Budget, Location, Options, Spanned};

use super::{Kind, Node};
use crate::Span;

/// Compose files are written by hand; these are a hundred times what the largest hold.
const MAX_NODES: usize = 200_000;
const MAX_REPLAYED: usize = 50_000;
/// Reading takes several frames of the stack for each level, and threads have little of it.
const MAX_DEPTH: usize = 32;

pub(in crate::document) struct ParseError {
    pub(in crate::document) message: String,
    /// Line and column, from 1.
    pub(in crate::document) position: Option<(usize, usize)>,
}

pub(in crate::document) fn parse(text: &str) -> Result<Node, ParseError> {
    let mut budget = Budget::default();
    budget.max_nodes = MAX_NODES;
    budget.max_events = MAX_NODES * 3;
    budget.max_depth = MAX_DEPTH;
    budget.max_recorded_anchor_events = MAX_REPLAYED;
    budget.max_total_scalar_bytes = usize::MAX;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = MAX_REPLAYED;
    options.with_snippet = false;
    options.strict_booleans = true;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let message = error.without_snippet().to_string();
        let position = error.location().and_then(|location| {
            Some((usize::try_from(location.line()).ok()?, usize::try_from(location.column()).ok()?))
        });
        ParseError { message: in_plain_words(&message), position }
    })
}

/// The parser's message without its place, which is shown otherwise, and without advice to programmers.
fn in_plain_words(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or_default();
    if message.starts_with("budget breached") || message.starts_with("alias ") && message.contains("limit") {
        return format!("it is nested more than {MAX_DEPTH} deep, or unfolds to too much");
    }
    let message = message.split(';').next().unwrap_or_default();
    message.split(", set DuplicateKeyPolicy").next().unwrap_or_default().to_owned()
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

fn scalar(value: Value) -> Kind {
    Kind::Scalar(Box::new(value))
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Kind, E> {
        Ok(scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Kind, E> {
        Ok(scalar(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Kind, E> {
        Ok(scalar(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Kind, E> {
        let number = Number::from_f64(value);
        Ok(scalar(number.map_or_else(|| Value::String(value.to_string()), Value::Number)))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Kind, E> {
        Ok(scalar(Value::String(value.to_string())))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Kind, E> {
        Ok(scalar(Value::String(value.to_string())))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Kind, E> {
        Ok(scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Kind, E> {
        Ok(scalar(Value::String(value)))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Kind, E> {
        Ok(scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Kind, E> {
        Ok(scalar(Value::Null))
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
