//! Decides whether a request can be filled without decoding, and how.

use std::collections::HashMap;

use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, Value};

use super::action::{Accepts, Action, Ends};
use super::oneof::{oneofs_stay_whole, own_oneof};
use super::reader::{MAX_DEPTH, Wire};
use super::splice::{Piece, Sink, Slot, Spliced, Want, Wanted};
use super::splicing::Splicing;
use super::table::{AsIs, Row, Table};
use crate::plan::offer::{Offer, Parts, Presence, SourcePath, singular_message};

/// The request's bytes are those of one link's message, if they give what decoding would. `sources` has the message type
/// of each incoming link.
pub(in super::super) fn as_is(
    target: &MessageDescriptor,
    sources: &[MessageDescriptor],
    parts: &Parts,
) -> Option<AsIs> {
    Builder::new(target, sources).unchanged(parts)
}

/// The request is put together from bytes, if that gives what decoding would.
pub(in super::super) fn spliced(
    target: &MessageDescriptor,
    sources: &[MessageDescriptor],
    parts: &Parts,
) -> Option<Spliced> {
    Builder::new(target, sources).spliced(parts)
}

/// Types in one pool that a link's messages and the request's are made of, by name.
type Pair = (usize, String, String);

struct Builder<'a> {
    target: &'a MessageDescriptor,
    sources: &'a [MessageDescriptor],
    rows: HashMap<Pair, usize>,
    drafts: Vec<Draft>,
    /// Rows that are still to be drafted.
    open: Vec<Open>,
}

/// A row to draft: the link, the type of its message, the request's, and the fields that are carried.
struct Open {
    row: usize,
    input: usize,
    source: MessageDescriptor,
    target: MessageDescriptor,
    carried: Vec<(FieldDescriptor, FieldDescriptor)>,
}

/// A row that is not yet decided.
struct Draft {
    /// Every field of the request's type is carried under its own number, but for what lies below.
    alike: bool,
    fields: Vec<(u32, Part)>,
}

enum Part {
    Scalar { number: u32, accepts: Accepts },
    Message { number: u32, row: usize, from: Ends, to: Ends },
}

/// Something that bytes alone cannot do.
pub(super) struct NeedsDecoding;

impl<'a> Builder<'a> {
    fn new(target: &'a MessageDescriptor, sources: &'a [MessageDescriptor]) -> Self {
        Self { target, sources, rows: HashMap::new(), drafts: Vec::new(), open: Vec::new() }
    }

    fn unchanged(mut self, parts: &Parts) -> Option<AsIs> {
        let mut carried: Vec<(FieldDescriptor, FieldDescriptor)> = Vec::new();
        let mut only = None;
        for field in self.target.fields() {
            match parts.fields.get(&field.number())? {
                Offer::Carried(path) if *only.get_or_insert(path.input) == path.input => {
                    let [from] = path.fields.as_slice() else { return None };
                    carried.push((from.clone(), field));
                }
                Offer::Carried(_) | Offer::Given(..) | Offer::Parts(_) => return None,
            }
        }
        let input = only?;
        let source = self.sources.get(input)?;
        let root = self.add(input, source, self.target, carried).ok()?;
        self.draft_all().ok()?;
        let same = self.same();
        (*same.get(root)?).then(|| {
            let deep = self.deep();
            let depth = deep.get(root).is_some_and(|deep| *deep).then(|| (self.table(&[], &[]), root));
            AsIs { input, source: source.clone(), depth }
        })
    }

    fn spliced(mut self, parts: &Parts) -> Option<Spliced> {
        let mut plan =
            Splicing { inputs: vec![None; self.sources.len()], sinks: Vec::new(), slots: Vec::new() };
        self.sink(&mut plan, self.target, parts, None, 0).ok()?;
        self.draft_all().ok()?;
        for (at, source) in self.sources.iter().enumerate() {
            if let Some(wanted) = plan.inputs.get(at).and_then(Option::as_ref) {
                plan.is_whole(source, wanted).ok()?;
            }
        }
        let (same, deep) = (self.same(), self.deep());
        let mut table = self.table(&same, &deep);
        let Splicing { mut inputs, sinks, slots, .. } = plan;
        for wanted in inputs.iter_mut().flatten() {
            shorten(wanted, &same, &deep);
        }
        let typed = |(source, wanted): (&MessageDescriptor, Option<Wanted>)| Some((source.clone(), wanted?));
        let flat = match inputs.as_slice() {
            [Some(wanted)] if sinks.len() == 1 => flat(wanted).map(|row| {
                table.0.push(row);
                table.0.len() - 1
            }),
            _ => None,
        };
        let inputs = self.sources.iter().zip(inputs).map(typed).collect();
        Some(Spliced { table, inputs, sinks, slots, flat })
    }

    /// Plans a message of the request that is filled in parts, and those in it.
    fn sink(
        &mut self,
        plan: &mut Splicing,
        message: &MessageDescriptor,
        parts: &Parts,
        within: Option<(usize, u32, Ends)>,
        depth: usize,
    ) -> Result<(), NeedsDecoding> {
        if depth >= MAX_DEPTH {
            return Err(NeedsDecoding);
        }
        let sink = plan.sinks.len();
        let always = within.is_none() || parts.present_with.contains(&Presence::Given);
        plan.sinks.push(Sink { within, constants: constants(message, parts), always });
        // For each oneof, that of the field which fills its first member.
        let mut chosen: HashMap<String, Option<OneofDescriptor>> = HashMap::new();
        for (number, offer) in &parts.fields {
            let Some(field) = message.get_field(*number) else { continue };
            if let Some(oneof) = own_oneof(&field) {
                let from = match offer {
                    Offer::Carried(path) => path.last().and_then(own_oneof),
                    Offer::Given(..) | Offer::Parts(_) => None,
                };
                match chosen.get(oneof.name()) {
                    Some(first) if first.is_none() || *first != from => return Err(NeedsDecoding),
                    Some(_) => {}
                    None => drop(chosen.insert(oneof.name().to_owned(), from)),
                }
            }
            match offer {
                Offer::Given(..) => {}
                Offer::Parts(inner) => {
                    let inner_type = singular_message(&field).ok_or(NeedsDecoding)?;
                    let place = (sink, *number, Ends::of(&field));
                    self.sink(plan, &inner_type, inner, Some(place), depth + 1)?;
                }
                Offer::Carried(path) => {
                    let known = always || parts.present_with.iter().any(|presence| shows(presence, path));
                    self.carry(plan, sink, path, &field, known)?;
                }
            }
        }
        for presence in &parts.present_with {
            if let Presence::Carried(path) = presence {
                plan.want(path)?.present.push(sink);
            }
        }
        Ok(())
    }

    /// Plans one field. `known`: that it makes the message around it be there needs no thought.
    fn carry(
        &mut self,
        plan: &mut Splicing,
        sink: usize,
        path: &SourcePath,
        to: &FieldDescriptor,
        known: bool,
    ) -> Result<(), NeedsDecoding> {
        let from = path.last().ok_or(NeedsDecoding)?;
        let (was_aware, is_aware) = (from.supports_presence(), to.supports_presence());
        // A value that is the default may stand there, or may not: it makes nothing be there.
        let last_counts =
            !from.is_list() && if known { !was_aware && is_aware } else { !was_aware || !is_aware };
        let piece = match self.part(path.input, from, to, Inside::Request)? {
            Part::Scalar { number, accepts } if last_counts => {
                plan.slots.push(Slot { sink, number, narrow: is_narrow(&from.kind()) });
                Piece::Keep { slot: plan.slots.len() - 1, accepts }
            }
            Part::Scalar { number, accepts } if accepts.packed && !known => {
                Piece::EmitFull { sink, action: Action::Copy { number, accepts } }
            }
            Part::Scalar { number, accepts } => {
                Piece::Emit { sink, action: Action::Copy { number, accepts } }
            }
            Part::Message { number, row, from, to } => {
                Piece::Emit { sink, action: Action::Rewrite { number, row, from, to } }
            }
        };
        let want = plan.want(path)?;
        want.pieces.push(piece);
        want.fills.push(to.clone());
        Ok(())
    }

    fn part(
        &mut self,
        input: usize,
        from: &FieldDescriptor,
        to: &FieldDescriptor,
        inside: Inside,
    ) -> Result<Part, NeedsDecoding> {
        if (from.is_list(), from.is_map()) != (to.is_list(), to.is_map()) {
            return Err(NeedsDecoding);
        }
        let number = to.number();
        match (from.kind(), to.kind()) {
            (Kind::Message(source), Kind::Message(target)) => {
                let row = self.row(input, &source, &target)?;
                Ok(Part::Message { number, row, from: Ends::of(from), to: Ends::of(to) })
            }
            (source, target) if is_same_form(&source, &target) => {
                // Only a map's missing value is read as what its type says.
                if from.parent_message().is_map_entry() && unset(&source) != unset(&target) {
                    return Err(NeedsDecoding);
                }
                let gains_presence = !from.supports_presence() && to.supports_presence() && !from.is_list();
                if gains_presence && inside == Inside::Message {
                    return Err(NeedsDecoding);
                }
                Ok(Part::Scalar { number, accepts: Accepts::of(from) })
            }
            _ => Err(NeedsDecoding),
        }
    }

    /// The row of a pair of types, fields of one name.
    fn row(
        &mut self,
        input: usize,
        source: &MessageDescriptor,
        target: &MessageDescriptor,
    ) -> Result<usize, NeedsDecoding> {
        let pair = (input, source.full_name().to_owned(), target.full_name().to_owned());
        if let Some(row) = self.rows.get(&pair) {
            return Ok(*row);
        }
        let carried: Vec<_> =
            target.fields().filter_map(|to| Some((source.get_field_by_name(to.name())?, to))).collect();
        self.rows.insert(pair, self.drafts.len());
        self.add(input, source, target, carried)
    }

    fn add(
        &mut self,
        input: usize,
        source: &MessageDescriptor,
        target: &MessageDescriptor,
        carried: Vec<(FieldDescriptor, FieldDescriptor)>,
    ) -> Result<usize, NeedsDecoding> {
        if self.drafts.len() >= MAX_ROWS {
            return Err(NeedsDecoding);
        }
        let row = self.drafts.len();
        self.drafts.push(Draft { alike: false, fields: Vec::new() });
        self.open.push(Open { row, input, source: source.clone(), target: target.clone(), carried });
        Ok(row)
    }

    /// Drafts the rows that are open, and those that they lead to: one after another, since types may contain each
    /// other in long chains.
    fn draft_all(&mut self) -> Result<(), NeedsDecoding> {
        while let Some(Open { row, input, source, target, carried }) = self.open.pop() {
            oneofs_stay_whole(&source, &carried)?;
            let is_all = carried.len() == target.fields().len() && target.extensions().next().is_none();
            // A key or a value of a map is read as its default when it is missing.
            let inside = if source.is_map_entry() { Inside::Request } else { Inside::Message };
            let mut fields = Vec::new();
            for (from, to) in &carried {
                fields.push((from.number(), self.part(input, from, to, inside)?));
            }
            let is_alike = |(number, part): &(u32, Part)| match part {
                Part::Scalar { number: to, .. } => number == to,
                Part::Message { number: to, from, to: ends, .. } => number == to && from == ends,
            };
            fields.sort_by_key(|(number, _)| *number);
            if let Some(draft) = self.drafts.get_mut(row) {
                draft.alike = is_all && fields.iter().all(is_alike);
                draft.fields = fields;
            }
        }
        Ok(())
    }

    /// Which rows change nothing, at any depth.
    fn same(&self) -> Vec<bool> {
        self.spread(self.drafts.iter().map(|draft| !draft.alike).collect())
            .into_iter()
            .map(|differs| !differs)
            .collect()
    }

    /// Which rows lead to messages that can contain themselves, so that nothing bounds their depth.
    fn deep(&self) -> Vec<bool> {
        // Take away, again and again, what leads to nothing that is left: what stays is on a cycle, or leads to one.
        let mut deep = vec![true; self.drafts.len()];
        let mut height = 0;
        loop {
            let is_bounded = |row: usize| {
                let mut below = self.below(row);
                deep.get(row).is_some_and(|deep| *deep)
                    && !below.any(|row| deep.get(row).is_some_and(|deep| *deep))
            };
            let bounded: Vec<usize> = (0..deep.len()).filter(|row| is_bounded(*row)).collect();
            height += 1;
            if bounded.is_empty() || height >= MAX_DEPTH {
                return deep;
            }
            for row in bounded {
                if let Some(deep) = deep.get_mut(row) {
                    *deep = false;
                }
            }
        }
    }

    /// Marks what leads to something marked.
    fn spread(&self, mut marked: Vec<bool>) -> Vec<bool> {
        let mut callers: Vec<Vec<usize>> = vec![Vec::new(); marked.len()];
        for row in 0..marked.len() {
            for below in self.below(row) {
                if let Some(callers) = callers.get_mut(below) {
                    callers.push(row);
                }
            }
        }
        let mut open: Vec<usize> =
            (0..marked.len()).filter(|row| marked.get(*row).is_some_and(|mark| *mark)).collect();
        while let Some(row) = open.pop() {
            for caller in callers.get(row).into_iter().flatten() {
                if let Some(mark) = marked.get_mut(*caller).filter(|mark| !**mark) {
                    *mark = true;
                    open.push(*caller);
                }
            }
        }
        marked
    }

    fn below(&self, row: usize) -> impl Iterator<Item = usize> {
        let fields = self.drafts.get(row).map(|draft| draft.fields.as_slice()).unwrap_or_default();
        fields.iter().filter_map(|(_, part)| match part {
            Part::Message { row, .. } => Some(*row),
            Part::Scalar { .. } => None,
        })
    }

    /// The rows; messages that nothing changes and whose depth is bounded are copied whole.
    fn table(&self, same: &[bool], deep: &[bool]) -> Table {
        let action = |part: &Part| match part {
            Part::Scalar { number, accepts } => Action::Copy { number: *number, accepts: *accepts },
            Part::Message { number, row, from, to } => short(*number, *row, *from, *to, same, deep),
        };
        let rows = self.drafts.iter().map(|draft| {
            Row::new(draft.fields.iter().map(|(number, part)| (*number, action(part))).collect())
        });
        Table(rows.collect())
    }
}

/// Pairs of types beyond this are left to decoding.
const MAX_ROWS: usize = 4096;

/// Where a field lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// In the request itself, or where it makes no difference.
    Request,
    /// In a message that is carried as a whole.
    Message,
}

/// Whether this presence comes with every field at the path.
fn shows(presence: &Presence, path: &SourcePath) -> bool {
    match presence {
        Presence::Given => true,
        Presence::Carried(message) => message.input == path.input && path.fields.starts_with(&message.fields),
    }
}

/// Whether every value has the same bytes as one of the other type.
fn is_same_form(source: &Kind, target: &Kind) -> bool {
    match (source, target) {
        (Kind::Message(_), _) | (_, Kind::Message(_)) => false,
        (Kind::Enum(_), Kind::Enum(_) | Kind::Int32) => true,
        (source, target) => source == target,
    }
}

/// The number that an unset field of this kind has.
fn unset(kind: &Kind) -> i32 {
    kind.as_enum().map_or(0, |kind| kind.default_value().number())
}

fn is_narrow(kind: &Kind) -> bool {
    matches!(kind, Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Enum(_))
}

fn short(number: u32, row: usize, from: Ends, to: Ends, same: &[bool], deep: &[bool]) -> Action {
    let holds = |flags: &[bool]| flags.get(row).is_some_and(|flag| *flag);
    if holds(same) && !holds(deep) && from != Ends::Group && to != Ends::Group {
        let accepts = Accepts { wire: Wire::Length, packed: false };
        return Action::Copy { number, accepts };
    }
    Action::Rewrite { number, row, from, to }
}

fn shorten(wanted: &mut Wanted, same: &[bool], deep: &[bool]) {
    for want in wanted.fields.values_mut() {
        for piece in &mut want.pieces {
            if let Piece::Emit { action, .. } | Piece::EmitFull { action, .. } = piece
                && let Action::Rewrite { number, row, from, to } = action
            {
                *action = short(*number, *row, *from, *to, same, deep);
            }
        }
        if let Some((_, below)) = &mut want.below {
            shorten(below, same, deep);
        }
    }
}

/// What is wanted of the only link's message as a row, if each field becomes one of the request.
fn flat(wanted: &Wanted) -> Option<Row> {
    let field = |(number, want): (&u32, &Want)| match (want.pieces.as_slice(), &want.below) {
        ([Piece::Emit { sink: 0, action }], None) if want.present.is_empty() => {
            Some((*number, action.clone()))
        }
        _ => None,
    };
    let fields = wanted.fields.iter().map(field).collect::<Option<Vec<_>>>()?;
    Some(Row::new(fields))
}

/// The bytes of what is given by hand directly in this message.
fn constants(message: &MessageDescriptor, parts: &Parts) -> Vec<u8> {
    let mut given = DynamicMessage::new(message.clone());
    for (number, offer) in &parts.fields {
        if let (Offer::Given(value, _), Some(field)) = (offer, message.get_field(*number)) {
            given.set_field(&field, Value::clone(value));
        }
    }
    given.encode_to_vec()
}
