//! What types are called in the file that is written.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::MessageDescriptor;

/// Names in the root's package, by the full names that the types had.
#[derive(Debug)]
pub(crate) struct Names {
    package: String,
    relative: BTreeMap<String, String>,
    defined: BTreeSet<String>,
}

impl Names {
    pub(crate) fn new(package: &str) -> Self {
        Self { package: package.to_owned(), relative: BTreeMap::new(), defined: BTreeSet::new() }
    }

    /// A type's new name, without the package.
    pub(crate) fn add(&mut self, full: &str, name: &str) {
        self.relative.insert(full.to_owned(), name.to_owned());
        self.defined.insert(name.to_owned());
    }

    /// A message's new name, and so those of the types in it.
    pub(crate) fn add_message(&mut self, message: &MessageDescriptor, name: &str) {
        let mut open = vec![(message.clone(), name.to_owned())];
        while let Some((message, name)) = open.pop() {
            for entry in message.child_enums() {
                self.add(entry.full_name(), &format!("{name}.{}", entry.name()));
            }
            open.extend(message.child_messages().map(|child| {
                let inner = format!("{name}.{}", child.name());
                (child, inner)
            }));
            self.add(message.full_name(), &name);
        }
    }

    /// A message that there was not.
    pub(crate) fn add_wrapper(&mut self, name: &str) {
        self.defined.insert(name.to_owned());
    }

    pub(crate) fn into_relative(self) -> BTreeMap<String, String> {
        self.relative
    }

    /// How a type is written inside the message `scope`, the empty text being the file itself: by its name in
    /// the package, and from the root where something nearer has the same name.
    pub(crate) fn reference(&self, full: &str, scope: &str) -> String {
        match self.relative.get(full) {
            Some(name) if self.is_shadowed(name, scope) => match self.package.as_str() {
                "" => format!(".{name}"),
                package => format!(".{package}.{name}"),
            },
            Some(name) => name.clone(),
            None if self.is_shadowed(full, scope) || self.package_shadows(full) => format!(".{full}"),
            None => full.to_owned(),
        }
    }

    fn is_shadowed(&self, name: &str, scope: &str) -> bool {
        let first = name.split('.').next().unwrap_or_default();
        let ends = scope.match_indices('.').map(|(end, _)| end).chain([scope.len()]);
        let mut around = ends.filter(|end| *end > 0).map(|end| &scope[..end]);
        around.any(|message| self.defined.contains(&format!("{message}.{first}")))
    }

    /// Whether the search for a full name would end in a part of the package.
    fn package_shadows(&self, full: &str) -> bool {
        let first = full.split('.').next().unwrap_or_default();
        self.package.split('.').skip(1).any(|part| part == first) || self.defined.contains(first)
    }
}
