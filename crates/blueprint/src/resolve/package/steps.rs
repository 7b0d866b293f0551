//! The steps of a package's nodes, found by name as often as links and settings name them.

use std::collections::HashMap;

use super::super::index::{Match, NameIndex};
use crate::diagnostic::Known;
use crate::{Node, OperationId, StepName};

/// Node names match without case where that leaves no doubt; operations match exactly.
pub(super) struct Steps<'n> {
    nodes: &'n [Node],
    names: NameIndex,
    operations: HashMap<(usize, &'n str), usize>,
    pub(super) known_nodes: Known<'n>,
}

impl<'n> Steps<'n> {
    pub(super) fn new(nodes: &'n [Node]) -> Self {
        let names = || nodes.iter().map(|node| node.name.as_str());
        let mut operations = HashMap::new();
        for (position, node) in nodes.iter().enumerate() {
            for (operation, each) in node.operations.iter().enumerate() {
                operations.insert((position, each.name.as_str()), operation);
            }
        }
        Self { nodes, names: NameIndex::new(names()), operations, known_nodes: Known::new(names()) }
    }

    pub(super) fn node(&self, name: &str) -> Match {
        self.names.find(name)
    }

    pub(super) fn operation(&self, node: usize, name: &str) -> Option<OperationId> {
        self.operations.get(&(node, name)).map(|operation| OperationId { node, operation: *operation })
    }

    pub(super) fn find(&self, step: &StepName) -> Option<OperationId> {
        let Match::One(node) = self.node(step.node.as_str()) else { return None };
        self.operation(node, step.operation.as_str())
    }

    /// Whether there is no node.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Every step as it is written.
    pub(super) fn written(&self) -> Vec<String> {
        let of_node = |node: &'n Node| {
            node.operations.iter().map(move |operation| format!("{}:{}", node.name, operation.name))
        };
        self.nodes.iter().flat_map(of_node).collect()
    }
}
