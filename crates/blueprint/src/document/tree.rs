//! The parts of a JSON or YAML text as a tree in which every value and key has its span.

mod json;
mod yaml;

use std::collections::HashMap;

use serde_json::{Map, Value};

pub(super) use self::json::scan as scan_json;
pub(super) use self::yaml::{ParseError, parse as parse_yaml};
use super::pointer::{Pointer, Segment};
use crate::Span;

/// A value; of an object or array that is written in brackets, the span is the opening one.
#[derive(Debug)]
pub(super) struct Node {
    span: Span,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A scalar whose value is kept elsewhere.
    Plain,
    Scalar(Box<Value>),
    Seq(Vec<Node>),
    Map(Vec<(String, Span, Node)>),
}

/// A key that one object has twice.
#[derive(Debug)]
pub(super) struct Repeated<'n> {
    pub(super) key: &'n str,
    pub(super) first: Span,
    pub(super) again: Span,
}

impl Node {
    pub(super) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Plain => Value::Null,
            Kind::Scalar(value) => value.as_ref().clone(),
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

    /// Every key that an object has more than once.
    pub(super) fn repeated(&self) -> Vec<Repeated<'_>> {
        let mut repeated = Vec::new();
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            match &node.kind {
                Kind::Plain | Kind::Scalar(_) => {}
                Kind::Seq(items) => open.extend(items.iter().rev()),
                Kind::Map(entries) => {
                    let mut seen = HashMap::with_capacity(entries.len());
                    for (key, span, _) in entries {
                        if let Some(first) = seen.insert(key.as_str(), *span) {
                            repeated.push(Repeated { key, first, again: *span });
                        }
                    }
                    open.extend(entries.iter().rev().map(|(_, _, node)| node));
                }
            }
        }
        repeated
    }
}
