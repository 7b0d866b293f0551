//! The names by which the services of a use case are meant.

use std::collections::{HashMap, HashSet};

use super::UseCase;
use crate::diagnostic::Known;

/// Positions of services in [`UseCase::services`], by name.
pub(crate) struct ServiceNames<'a> {
    by_compose: HashMap<&'a str, usize>,
    by_folder: HashMap<&'a str, usize>,
    folded: HashMap<String, usize>,
}

impl<'a> ServiceNames<'a> {
    pub(crate) fn new(use_case: &'a UseCase) -> Self {
        let mut names =
            Self { by_compose: HashMap::new(), by_folder: HashMap::new(), folded: HashMap::new() };
        // Of equal names the first counts, and of names that are alike the folder's.
        for (position, service) in use_case.services.iter().enumerate() {
            let folder = service.folder.as_str();
            names.by_compose.entry(use_case.compose_name(service).as_str()).or_insert(position);
            names.by_folder.entry(folder).or_insert(position);
            names.folded.entry(fold(folder)).or_insert(position);
        }
        for (position, service) in use_case.services.iter().enumerate() {
            names.folded.entry(fold(use_case.compose_name(service).as_str())).or_insert(position);
        }
        names
    }

    /// The service that `name` means: a compose service's name, else a folder's, else either with `-` and
    /// `_` alike.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let exact = self.by_compose.get(name).or_else(|| self.by_folder.get(name));
        exact.or_else(|| self.folded.get(&fold(name))).copied()
    }

    /// The names to offer: those of the compose file, and folders that are called otherwise.
    pub(crate) fn known(&self) -> Known<'a> {
        let composed: HashSet<_> = self.by_compose.keys().map(|name| fold(name)).collect();
        let folders = self.by_folder.keys().filter(|name| !composed.contains(&fold(name)));
        Known::new(self.by_compose.keys().chain(folders).copied())
    }
}

fn fold(name: &str) -> String {
    name.replace('-', "_")
}
