//! The files of a node joined to one descriptor pool, with the operations of its root file.

use std::collections::BTreeMap;

use aieffect_blueprint::Code;
use miette::Diagnostic;
use prost_reflect::{DescriptorError, DescriptorPool, FileDescriptor, MethodDescriptor};
use prost_types::FileDescriptorProto;

use crate::fault::{Fault, MAX_LISTED, plain};
use crate::location::{Lines, nearest_span};
use crate::parsed::Texts;
use crate::reach::{Reach, is_well_known};
use crate::undefined::Undefined;

/// A pool of one node's files and the well-known ones that they import, nothing else.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) pool: DescriptorPool,
    /// The descriptor of each file of the [`Reach`] that was linked; the root comes last.
    pub(crate) files: Vec<FileDescriptor>,
    /// The operations of all services of the root file, by name.
    pub(crate) operations: BTreeMap<String, Vec<MethodDescriptor>>,
}

/// What is wrong with one file of a [`Reach`].
#[derive(Debug)]
pub(crate) struct LinkFault {
    /// Position in the reach.
    pub(crate) file: usize,
    pub(crate) faults: Vec<Fault>,
    /// Names that are not defined; whether another file of the tree has them depends on who links.
    pub(crate) undefined: Vec<Undefined>,
}

/// Resolves the names in the files. Later files build on earlier ones, so the first that is wrong ends it.
pub(crate) fn link(reach: &Reach, texts: &Texts<'_>) -> Result<Linked, LinkFault> {
    let mut pool = DescriptorPool::new();
    for (index, (file, text)) in reach.files.iter().zip(&reach.texts).enumerate() {
        let Ok(parsed) = texts.get(*text) else { continue };
        let fault = |error: DescriptorError| {
            let (faults, undefined) = faults(error, &parsed.descriptor, file.source.text());
            LinkFault { file: index, faults, undefined }
        };
        for import in parsed.imports.iter().filter(|import| is_well_known(&import.path)) {
            add_well_known(&mut pool, &import.path).map_err(fault)?;
        }
        let mut descriptor = parsed.descriptor.clone();
        descriptor.name = Some(file.import.clone());
        pool.add_file_descriptor_proto(descriptor).map_err(fault)?;
    }
    let files: Vec<_> = reach.files.iter().filter_map(|file| pool.get_file_by_name(&file.import)).collect();
    let mut operations: BTreeMap<String, Vec<MethodDescriptor>> = BTreeMap::new();
    for method in files.last().into_iter().flat_map(methods) {
        operations.entry(method.name().to_owned()).or_default().push(method);
    }
    Ok(Linked { pool, files, operations })
}

/// The operations of a file, in its order.
pub(crate) fn methods(file: &FileDescriptor) -> Vec<MethodDescriptor> {
    file.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

fn add_well_known(pool: &mut DescriptorPool, name: &str) -> Result<(), DescriptorError> {
    if pool.get_file_by_name(name).is_some() {
        return Ok(());
    }
    let Some(file) = DescriptorPool::global().get_file_by_name(name) else { return Ok(()) };
    for dependency in file.dependencies() {
        add_well_known(pool, dependency.name())?;
    }
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone())
}

fn faults(
    error: DescriptorError,
    descriptor: &FileDescriptorProto,
    text: &str,
) -> (Vec<Fault>, Vec<Undefined>) {
    let others = error.related().into_iter().flatten().count();
    if others < MAX_LISTED {
        return without_undefined(Fault::all_of(&error.with_source_code(&in_bytes(text)), text));
    }
    // Placing one mistake takes a walk through the text, so that thousands would take minutes.
    let span = nearest_span(descriptor, &Lines::new(text), error.path().unwrap_or_default());
    let fault = Fault::new(Code::BadProto, plain(&error.to_string())).at(span, "");
    (vec![fault.help(format!("the file has {others} more mistakes"))], Vec::new())
}

/// The faults, and apart from them the names that are not defined, each once.
fn without_undefined(faults: Vec<Fault>) -> (Vec<Fault>, Vec<Undefined>) {
    let mut undefined: Vec<Undefined> = Vec::new();
    let mut others = Vec::new();
    for fault in faults {
        let Some((name, span)) = fault.undefined() else {
            others.push(fault);
            continue;
        };
        match undefined.iter_mut().find(|known| known.name == name) {
            Some(known) => known.spans.push(span),
            None => undefined.push(Undefined { name: name.to_owned(), spans: vec![span] }),
        }
    }
    (others, undefined)
}

/// The text with every byte as one character: columns are counted in bytes, while errors take theirs for
/// characters.
fn in_bytes(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
}
