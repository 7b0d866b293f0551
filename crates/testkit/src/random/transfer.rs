//! Random pipelines in which several services fill one request.

use serde_json::{Map, Value, json};

use super::schema::{Field, Kind, Label};
use super::{Choices, Schema};

/// Services `g0:Give` and up, each linked to `t:Take`, with what the links' `fields` and people say of its request.
#[derive(Debug, Clone)]
pub struct Transfer {
    givers: Vec<Giver>,
    taker: Schema,
    parameters: Map<String, Value>,
    overrides: Map<String, Value>,
    initial: Map<String, Value>,
}

#[derive(Debug, Clone)]
struct Giver {
    schema: Schema,
    fields: Map<String, Value>,
}

/// Where fields lie: their path and themselves.
type Paths<'a> = Vec<(String, &'a Field)>;

const LONGEST: usize = 3;
const MOST_PATHS: usize = 300;

impl Transfer {
    /// Any at all. Not each can be planned: two links may fill two members of one oneof, or a field that does not fit.
    pub fn any(choices: &mut Choices<'_>) -> Self {
        let base = Schema::any(choices);
        let taker = if choices.one_in(4) { base.clone() } else { base.rewritten(choices) };
        let givers = (0..=choices.below(4)).map(|_| {
            let schema = if choices.one_in(5) { base.clone() } else { base.part(choices) };
            let count = if choices.one_in(2) { 1 + choices.below(4) } else { 0 };
            let fields = (0..count).filter_map(|_| mapping(&taker, &schema, choices)).collect();
            Giver { schema, fields }
        });
        let givers = givers.collect();
        let mut by_hand = |times: u8| match choices.one_in(times) {
            true => taker.values(0, 0, choices),
            false => Map::new(),
        };
        let (overrides, initial, mut parameters) = (by_hand(4), by_hand(4), by_hand(2));
        for (name, value) in taker.required(choices) {
            parameters.entry(name).or_insert(value);
        }
        Self { givers, taker, parameters, overrides, initial }
    }

    /// The same with less that may stand in the way of a plan: first without `fields`, then also without values given
    /// by hand, then with the first link only. `None` when nothing is left to leave out.
    pub fn simpler(mut self) -> Option<Self> {
        if self.givers.iter().any(|giver| !giver.fields.is_empty()) {
            self.givers.iter_mut().for_each(|giver| giver.fields = Map::new());
        } else if !self.overrides.is_empty() || !self.initial.is_empty() {
            (self.overrides, self.initial) = (Map::new(), Map::new());
        } else if self.givers.len() > 1 {
            self.givers.truncate(1);
        } else {
            return None;
        }
        Some(self)
    }

    /// How many links there are.
    pub fn links(&self) -> usize {
        self.givers.len()
    }

    /// Names and protos, the taker's last.
    pub fn nodes(&self) -> Vec<(String, String)> {
        let givers = self.givers.iter().enumerate();
        let givers = givers
            .map(|(nth, giver)| (format!("g{nth}"), giver.schema.proto("rpc Give(None) returns (M0);")));
        givers.chain([("t".to_owned(), self.taker.proto("rpc Take(M0) returns (None);"))]).collect()
    }

    /// `execution.json`.
    pub fn execution(&self) -> Value {
        let links = self.givers.iter().enumerate().filter(|(_, giver)| !giver.fields.is_empty());
        let links: Vec<_> = links
            .map(|(nth, giver)| json!({"from": format!("g{nth}:Give"), "to": "t:Take", "fields": giver.fields}))
            .collect();
        json!({
            "version": 1,
            "operations": {"t:Take": {"parameters": self.parameters, "overrides": self.overrides}},
            "links": links,
        })
    }

    /// The initial data.
    pub fn initial(&self) -> Value {
        json!({"t:Take": self.initial})
    }
}

/// A field of the request and what is said to fill it.
fn mapping(taker: &Schema, giver: &Schema, choices: &mut Choices<'_>) -> Option<(String, Value)> {
    let targets = paths(taker);
    if targets.is_empty() {
        return None;
    }
    let (target, field) = choices.of(&targets);
    let sources: Vec<_> = paths(giver).into_iter().filter(|(_, source)| fills(source, field)).collect();
    if sources.is_empty() || choices.one_in(5) {
        return Some((target.clone(), Value::Null));
    }
    Some((target.clone(), json!(choices.of(&sources).0)))
}

/// The fields that a path through singular messages leads to.
fn paths(schema: &Schema) -> Paths<'_> {
    let mut paths = Paths::new();
    let mut open = vec![(String::new(), 0, 0)];
    while let Some((before, index, length)) = open.pop() {
        for field in schema.messages.get(index).into_iter().flatten() {
            if paths.len() >= MOST_PATHS {
                return paths;
            }
            let path = format!("{before}{}", field.name);
            if let (Kind::Message(inner), false) = (&field.kind, is_many(field))
                && length + 1 < LONGEST
            {
                open.push((format!("{path}."), *inner, length + 1));
            }
            paths.push((path, field));
        }
    }
    paths
}

fn is_many(field: &Field) -> bool {
    matches!(field.label, Label::Repeated | Label::Map(_))
}

/// Whether one may fill the other, so far as the two themselves tell.
fn fills(source: &Field, target: &Field) -> bool {
    let widens = |from: &str, to: &str| {
        from == to || matches!((from, to), ("int32", "int64") | ("uint32", "uint64") | ("float", "double"))
    };
    let same_shape = match (source.label, target.label) {
        (Label::Map(from), Label::Map(to)) => widens(from, to),
        _ => {
            (source.label == Label::Repeated, is_many(source))
                == (target.label == Label::Repeated, is_many(target))
        }
    };
    same_shape
        && match (&source.kind, &target.kind) {
            (Kind::Scalar(from), Kind::Scalar(to)) => widens(from, to),
            (Kind::Enum, Kind::Enum | Kind::Scalar("int32")) => true,
            (Kind::Message(from), Kind::Message(to)) => from == to,
            (Kind::Group(from), Kind::Group(to)) => from == to,
            _ => false,
        }
}
