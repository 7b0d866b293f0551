//! Texts to unlinked descriptors. Equal texts are parsed once, whatever their files are called.

use std::collections::{BTreeMap, HashMap};

use aieffect_blueprint::{Code, ProtoTree, Span};
use prost_types::FileDescriptorProto;
use protox::file::File;

use crate::fault::Fault;
use crate::location::Lines;
use crate::{guard, location};

/// How many imports one file may have.
const MAX_IMPORTS: usize = 1000;

/// A parsed text; its imports are not looked up yet.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Its name means nothing; it gets one when it is linked.
    pub(crate) descriptor: FileDescriptorProto,
    /// What it imports, in order.
    pub(crate) imports: Vec<Import>,
    /// The name of its first operation, if it has any.
    pub(crate) first_operation: Option<Span>,
}

/// One import statement.
#[derive(Debug)]
pub(crate) struct Import {
    /// As it is written.
    pub(crate) path: String,
    /// The statement.
    pub(crate) span: Span,
}

/// Equal texts have equal ids.
pub(crate) type TextId = usize;

/// All texts parsed so far.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    protos: &'a ProtoTree,
    by_path: HashMap<String, TextId>,
    by_text: HashMap<&'a str, TextId>,
    parsed: Vec<Result<Parsed, Vec<Fault>>>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(protos: &'a ProtoTree) -> Self {
        Self { protos, by_path: HashMap::new(), by_text: HashMap::new(), parsed: Vec::new() }
    }

    pub(crate) fn protos(&self) -> &'a ProtoTree {
        self.protos
    }

    /// Parses the text at a path of the tree, unless it was parsed before. `None` when there is none.
    pub(crate) fn parse(&mut self, path: &str) -> Option<TextId> {
        if let Some(id) = self.by_path.get(path) {
            return Some(*id);
        }
        let source = self.protos.get(path)?;
        let id = *self.by_text.entry(source.text()).or_insert_with(|| {
            self.parsed.push(parse(source.text()));
            self.parsed.len() - 1
        });
        self.by_path.insert(path.to_owned(), id);
        Some(id)
    }

    /// What became of a text.
    pub(crate) fn get(&self, id: TextId) -> Result<&Parsed, &[Fault]> {
        self.parsed[id].as_ref().map_err(Vec::as_slice)
    }
}

fn parse(text: &str) -> Result<Parsed, Vec<Fault>> {
    guard::inspect(text).map_err(|fault| vec![fault])?;
    let file = File::from_source("", &without_mark(text)).map_err(|error| Fault::all_of(&error, text))?;
    let descriptor = FileDescriptorProto::from(file);
    let lines = Lines::new(text);
    if descriptor.dependency.len() > MAX_IMPORTS {
        let message =
            format!("{} imports are more than the {MAX_IMPORTS} that are taken", descriptor.dependency.len());
        return Err(vec![Fault::new(Code::ProtoTooDeep, message).at(0..0, "").help("split the file")]);
    }
    let import = |(index, path): (usize, &String)| {
        let span = location::span(&descriptor, &lines, &[3, index_of(index)]);
        Import { path: path.clone(), span: span.unwrap_or(Span { start: 0, end: 0 }) }
    };
    let imports: Vec<Import> = descriptor.dependency.iter().enumerate().map(import).collect();
    imported_twice(&imports)?;
    let first_operation = first_operation(&descriptor, &lines);
    Ok(Parsed { descriptor, imports, first_operation })
}

fn imported_twice(imports: &[Import]) -> Result<(), Vec<Fault>> {
    let mut seen: BTreeMap<&str, &Import> = BTreeMap::new();
    let mut faults = Vec::new();
    for import in imports {
        if let Some(first) = seen.insert(&import.path, import) {
            let fault = Fault::new(Code::BadProto, format!("`{}` is imported twice", import.path))
                .at(import.span, "this one")
                .at(first.span, "and this one")
                .help("leave one of them out");
            faults.push(fault);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn first_operation(descriptor: &FileDescriptorProto, lines: &Lines<'_>) -> Option<Span> {
    let service = descriptor.service.iter().position(|service| !service.method.is_empty())?;
    Some(location::nearest_span(descriptor, lines, &[6, index_of(service), 2, 0, location::NAME]))
}

/// A byte order mark is blanked, not cut, so that every later byte keeps its place.
fn without_mark(text: &str) -> std::borrow::Cow<'_, str> {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}").into(),
        None => text.into(),
    }
}

fn index_of(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
