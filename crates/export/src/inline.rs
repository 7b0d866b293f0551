//! A node's protos as one file that imports nothing but google's well-known types.
//!
//! What the root file uses of its imports, directly or not, moves into the root's file and package. Wire format
//! and method paths stay, since neither knows the names of messages. A moved type keeps its own name where that
//! is free; else its package's name goes in front. A moved enum whose values clash, which stand beside their
//! enum and not in it, goes into a message of its own.

use std::collections::{BTreeMap, BTreeSet};

use aieffect_blueprint::{Code, Diagnostic, Findings};
use aieffect_contract::NodeProto;
use prost_reflect::{EnumDescriptor, FileDescriptor, Kind, MessageDescriptor, Syntax};

use crate::proto_text::{self, Names};

/// A node's protos in one file.
#[derive(Debug)]
pub(crate) struct Inlined {
    pub(crate) text: String,
    names: BTreeMap<String, String>,
}

impl Inlined {
    /// The new name, without the package, of what had this full name; `None` when nothing was moved.
    pub(crate) fn name(&self, full: &str) -> Option<&str> {
        self.names.get(full).map(String::as_str)
    }
}

/// A type that is moved, with the name it gets.
#[derive(Debug, Clone)]
pub(crate) enum Moved {
    /// A message.
    Message(MessageDescriptor, String),
    /// An enum.
    Enum(EnumDescriptor, String),
    /// An enum inside a message of this name.
    WrappedEnum(EnumDescriptor, String),
}

/// Writes a node's protos into one file. `None`, with findings, when the root's syntax cannot say what a moved
/// type says.
pub(crate) fn inline(proto: &NodeProto, findings: &mut Findings) -> Option<Inlined> {
    let root = proto.root()?;
    if let [only] = proto.files() {
        return Some(Inlined { text: only.source.text().to_owned(), names: BTreeMap::new() });
    }
    let own: BTreeSet<String> =
        (0..proto.files().len()).filter_map(|file| Some(proto.descriptor(file)?.name().to_owned())).collect();
    let mut reached = Reached::new(&own, root.name());
    reached.file(root);
    let moved = name_all(root, reached.types.into_values());
    let before = findings.len();
    check_syntax(proto, root, &moved, findings);
    if findings.len() > before {
        return None;
    }
    let mut names = Names::new(root.package_name());
    root.messages().for_each(|message| names.add_message(&message, message.name()));
    root.enums().for_each(|entry| names.add(entry.full_name(), entry.name()));
    for entry in &moved {
        match entry {
            Moved::Message(message, name) => names.add_message(message, name),
            Moved::Enum(entry, name) => names.add(entry.full_name(), name),
            Moved::WrappedEnum(entry, name) => {
                names.add_wrapper(name);
                names.add(entry.full_name(), &format!("{name}.{}", entry.name()));
            }
        }
    }
    let text = proto_text::file(root, &moved, &reached.well_known, &names);
    Some(Inlined { text, names: names.into_relative() })
}

/// Top-level types of imported files that the root's file needs.
struct Reached<'a> {
    own: &'a BTreeSet<String>,
    root: &'a str,
    /// By file and position in it, messages first.
    types: BTreeMap<(String, i32, i32), Moved>,
    well_known: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl<'a> Reached<'a> {
    fn new(own: &'a BTreeSet<String>, root: &'a str) -> Self {
        let (types, well_known, seen) = Default::default();
        Self { own, root, types, well_known, seen }
    }

    fn file(&mut self, file: &FileDescriptor) {
        file.messages().for_each(|message| self.message(&message));
        for method in file.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
            self.reach(&Kind::Message(method.input()));
            self.reach(&Kind::Message(method.output()));
        }
        file.extensions().for_each(|extension| self.reach(&extension.kind()));
    }

    /// What the fields of a message and of those inside it need.
    fn message(&mut self, message: &MessageDescriptor) {
        let mut open = vec![message.clone()];
        while let Some(message) = open.pop() {
            if !self.seen.insert(message.full_name().to_owned()) {
                continue;
            }
            for field in message.fields() {
                open.extend(self.reach_one(&field.kind()));
            }
            message.child_extensions().for_each(|extension| open.extend(self.reach_one(&extension.kind())));
            open.extend(message.child_messages());
        }
    }

    fn reach(&mut self, kind: &Kind) {
        if let Some(message) = self.reach_one(kind) {
            self.message(&message);
        }
    }

    /// Notes the type; the message whose fields are to be looked through, when it is to be moved.
    fn reach_one(&mut self, kind: &Kind) -> Option<MessageDescriptor> {
        match kind {
            Kind::Message(message) => {
                let mut top = message.clone();
                while let Some(parent) = top.parent_message() {
                    top = parent;
                }
                let moved = Moved::Message(top.clone(), top.name().to_owned());
                self.note(&message.parent_file(), top.path(), moved).then_some(top)
            }
            Kind::Enum(entry) => match entry.parent_message() {
                Some(parent) => self.reach_one(&Kind::Message(parent)),
                None => {
                    let moved = Moved::Enum(entry.clone(), entry.name().to_owned());
                    self.note(&entry.parent_file(), entry.path(), moved);
                    None
                }
            },
            _ => None,
        }
    }

    /// Whether the type's file is one of the node's own and not the root.
    fn note(&mut self, file: &FileDescriptor, path: &[i32], moved: Moved) -> bool {
        if !self.own.contains(file.name()) {
            self.well_known.insert(file.name().to_owned());
            return false;
        }
        if file.name() == self.root {
            return false;
        }
        let at = |index: usize| path.get(index).copied().unwrap_or_default();
        self.types.insert((file.name().to_owned(), at(0), at(1)), moved);
        true
    }
}

/// Gives every moved type a name that is free in the root's package.
fn name_all(root: &FileDescriptor, types: impl Iterator<Item = Moved>) -> Vec<Moved> {
    let mut taken: BTreeSet<String> = root.messages().map(|message| message.name().to_owned()).collect();
    taken.extend(root.enums().map(|entry| entry.name().to_owned()));
    taken.extend(root.enums().flat_map(|entry| value_names(&entry)));
    taken.extend(root.services().map(|service| service.name().to_owned()));
    taken.extend(root.extensions().map(|extension| extension.name().to_owned()));
    // The first part of a well-known type's name.
    taken.insert("google".to_owned());
    types
        .map(|moved| match moved {
            Moved::Message(message, name) => {
                let name = free(&name, message.package_name(), &mut taken);
                Moved::Message(message, name)
            }
            Moved::Enum(entry, _) | Moved::WrappedEnum(entry, _) => {
                let values = value_names(&entry);
                if values.iter().any(|value| taken.contains(value)) {
                    let name = free(&format!("{}Enum", entry.name()), entry.package_name(), &mut taken);
                    return Moved::WrappedEnum(entry, name);
                }
                taken.extend(values);
                let name = free(entry.name(), entry.package_name(), &mut taken);
                Moved::Enum(entry, name)
            }
        })
        .collect()
}

fn value_names(entry: &EnumDescriptor) -> Vec<String> {
    entry.values().map(|value| value.name().to_owned()).collect()
}

fn free(name: &str, package: &str, taken: &mut BTreeSet<String>) -> String {
    let prefix: String = package.split(['.', '_']).map(capital).collect();
    let numbered = (2..).map(|number| format!("{prefix}{name}{number}"));
    let mut candidates = [name.to_owned(), format!("{prefix}{name}")].into_iter().chain(numbered);
    let free = candidates.find(|candidate| !taken.contains(candidate)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// Findings about what proto2 says and proto3 cannot.
fn check_syntax(proto: &NodeProto, root: &FileDescriptor, moved: &[Moved], findings: &mut Findings) {
    if root.syntax() != Syntax::Proto3 {
        return;
    }
    let mut refuse = |what: &str, label| {
        findings.push(
            Diagnostic::error(Code::BadProto, format!("{what} cannot be inlined into `{}`", root.name()))
                .at(label)
                .help("proto3 cannot say it; make both files proto2, or export without `--self-contained`"),
        );
    };
    for entry in moved {
        match entry {
            Moved::Message(message, _) if message.parent_file().syntax() == Syntax::Proto2 => {
                let mut open = vec![message.clone()];
                while let Some(message) = open.pop() {
                    for field in message.fields() {
                        if field.is_group() {
                            refuse("a group", proto.field_label(&field));
                        }
                        if field.field_descriptor_proto().default_value.is_some() {
                            refuse("a default value", proto.field_label(&field));
                        }
                    }
                    if message.child_enums().any(|entry| !begins_with_zero(&entry)) {
                        refuse("an enum that does not begin with 0", proto.message_label(&message));
                    }
                    open.extend(message.child_messages());
                }
            }
            Moved::Enum(entry, _) | Moved::WrappedEnum(entry, _) if !begins_with_zero(entry) => {
                let file = entry.parent_file();
                let source = proto.files().iter().find(|known| known.import == file.name());
                let label = source.map(|known| aieffect_blueprint::Label::whole(&known.source));
                label.into_iter().for_each(|label| refuse("an enum that does not begin with 0", label));
            }
            Moved::Message(..) | Moved::Enum(..) | Moved::WrappedEnum(..) => {}
        }
    }
}

fn begins_with_zero(entry: &EnumDescriptor) -> bool {
    entry.enum_descriptor_proto().value.first().is_some_and(|value| value.number() == 0)
}
