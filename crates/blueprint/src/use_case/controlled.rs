//! What `connections.json` says of services beside their links: how they are called, and, of those without a proto,
//! which operations they have.

use std::collections::BTreeMap;

use super::{NodeEntry, ServiceNames, UseCase};
use crate::{OperationName, ServiceName};

/// A service that `connections.json` says something of.
#[derive(Debug, Clone)]
pub struct SaidService<'a> {
    /// What is said.
    pub entry: &'a NodeEntry,
    /// The operations that connections and settings name, in the order of the file.
    pub operations: Vec<OperationName>,
}

impl UseCase {
    /// The services that the topology's `nodes` speak of, by folder. Of two entries for one service the first counts.
    pub fn said_services(&self) -> BTreeMap<&ServiceName, SaidService<'_>> {
        let mut said = BTreeMap::new();
        if self.topology.nodes.is_empty() {
            return said;
        }
        let names = ServiceNames::new(self);
        let folder = |name: &str| Some(&self.services[names.find(name)?].folder);
        for entry in &self.topology.nodes {
            let Some(folder) = folder(&entry.service.value) else { continue };
            said.entry(folder).or_insert(SaidService { entry, operations: Vec::new() });
        }
        for (service, method) in self.named_operations() {
            let known = folder(service).and_then(|folder| said.get_mut(folder));
            // What is no name is a finding where links are read: no service has such an operation.
            if let (Some(known), Ok(name)) = (known, OperationName::new(method))
                && !known.operations.contains(&name)
            {
                known.operations.push(name);
            }
        }
        said
    }

    /// Services and operations, as often as the topology names them.
    fn named_operations(&self) -> impl Iterator<Item = (&str, &str)> {
        let links = self.topology.connections.iter().flat_map(|link| {
            let from = link.from_method.as_ref().map(|method| (&link.from_service, method));
            from.into_iter().chain([(&link.to_service, &link.to_method)])
        });
        let settings = self.topology.operations.iter().map(|entry| (&entry.service, &entry.method));
        links.chain(settings).map(|(service, method)| (service.value.as_str(), method.value.as_str()))
    }
}
