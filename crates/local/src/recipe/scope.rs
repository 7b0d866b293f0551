//! The variables of a Dockerfile: `ARG`, `ENV`, and build arguments from outside.

use std::collections::BTreeMap;

use crate::substitute::{Dialect, substitute};

/// What `$X` means at one point of the file.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    escape: char,
    build_args: &'a BTreeMap<String, String>,
    /// `ARG`s before the first `FROM`: known to `FROM`, and to an `ARG` without a default.
    global: BTreeMap<String, String>,
    args: BTreeMap<String, String>,
    environment: Vec<(String, String)>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(escape: char, build_args: &'a BTreeMap<String, String>) -> Self {
        let (global, args, environment) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { escape, build_args, global, args, environment }
    }

    pub(super) fn escape(&self) -> char {
        self.escape
    }

    /// `text` with its variables filled in, as instructions after `FROM` see them.
    pub(super) fn fill(&self, text: &str) -> String {
        substitute(text, Dialect::Dockerfile { escape: self.escape }, &|name| self.get(name))
    }

    /// `text` as a `FROM` sees it.
    pub(super) fn fill_from(&self, text: &str) -> String {
        let dialect = Dialect::Dockerfile { escape: self.escape };
        substitute(text, dialect, &|name| self.global.get(name).cloned())
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let set = self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        set.or_else(|| self.args.get(name)).cloned()
    }

    /// An `ARG` before the first `FROM`.
    pub(super) fn declare_global(&mut self, name: &str, default: Option<&str>) {
        let default = default.map(|default| self.fill_from(default));
        if let Some(value) = self.build_args.get(name).cloned().or(default) {
            self.global.insert(name.to_owned(), value);
        }
    }

    /// An `ARG` after a `FROM`.
    pub(super) fn declare(&mut self, name: &str, default: Option<&str>) {
        let default = default.map(|default| self.fill(default));
        let outside = self.build_args.get(name).cloned();
        let value = outside.or(default).or_else(|| self.global.get(name).cloned());
        self.args.extend(value.map(|value| (name.to_owned(), value)));
    }

    /// The pairs of one `ENV`, which do not see each other.
    pub(super) fn set(&mut self, pairs: Vec<(String, String)>) {
        let filled: Vec<_> = pairs.into_iter().map(|(name, value)| (name, self.fill(&value))).collect();
        for (name, value) in filled {
            self.environment.retain(|(known, _)| *known != name);
            self.environment.push((name, value));
        }
    }

    pub(super) fn into_environment(self) -> Vec<(String, String)> {
        self.environment
    }
}
