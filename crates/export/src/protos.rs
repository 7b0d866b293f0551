//! Where each node's protos lie in the package.

use std::collections::{BTreeMap, BTreeSet};

use aieffect_blueprint::{Findings, Node, PackageFiles, Pipeline};
use aieffect_contract::{NodeProto, ProtoFile, ProtoSet};
use prost_reflect::MessageDescriptor;

use crate::ProtoLayout;
use crate::inline::{Inlined, inline};

/// The protos of a package, and what their messages are called.
#[derive(Debug, Default)]
pub(crate) struct NodeProtos {
    /// Path below the package, to text.
    pub(crate) files: BTreeMap<String, String>,
    packages: Vec<String>,
    /// For nodes whose imports were written into their own file.
    inlined: BTreeMap<usize, Inlined>,
}

impl NodeProtos {
    /// A message's name as the node's own package has it: in full when it belongs to another one.
    pub(crate) fn message_name(&self, node: usize, message: &MessageDescriptor) -> String {
        if let Some(name) = self.inlined.get(&node).and_then(|inlined| inlined.name(message.full_name())) {
            return name.to_owned();
        }
        let full = message.full_name();
        let own = self.packages.get(node).filter(|package| *package == message.package_name());
        let inner = own.and_then(|package| full.strip_prefix(package.as_str()));
        inner.map_or(full, |inner| inner.trim_start_matches('.')).to_owned()
    }
}

/// Lays out the protos of all nodes that have some.
pub(crate) fn place(pipeline: &Pipeline, protos: &ProtoSet, layout: ProtoLayout) -> (NodeProtos, Findings) {
    let nodes: Vec<Option<&NodeProto>> = (0..pipeline.nodes().len())
        .map(|node| protos.proto_of(node).filter(|proto| !proto.is_control()))
        .collect();
    let mut placed = NodeProtos { packages: nodes.iter().map(package_name).collect(), ..Default::default() };
    let mut findings = Findings::new();
    let named = || pipeline.nodes().iter().zip(&nodes);
    match layout {
        ProtoLayout::Imports => placed.files = with_imports(named()),
        ProtoLayout::SelfContained => {
            for (index, (node, proto)) in named().enumerate() {
                let Some(inlined) = proto.and_then(|proto| inline(proto, &mut findings)) else { continue };
                placed.files.insert(root_path(node), inlined.text.clone());
                placed.inlined.insert(index, inlined);
            }
        }
    }
    (placed, findings)
}

fn package_name(proto: &Option<&NodeProto>) -> String {
    proto.and_then(NodeProto::root).map(|root| root.package_name().to_owned()).unwrap_or_default()
}

fn root_path(node: &Node) -> String {
    format!("{}/{}.proto", PackageFiles::PROTO_FOLDER, node.name)
}

/// Every node's own file under its name, and imports under their import paths; where that would mean
/// different files, or what another node looks up first, below a folder of the node.
fn with_imports<'a>(
    nodes: impl Iterator<Item = (&'a Node, &'a Option<&'a NodeProto>)>,
) -> BTreeMap<String, String> {
    let nodes: Vec<(&Node, &[ProtoFile])> =
        nodes.filter_map(|(node, proto)| Some((node, proto.as_ref()?.files()))).collect();
    let names: BTreeSet<&str> = nodes.iter().map(|(node, _)| node.name.as_str()).collect();
    let mut files = BTreeMap::new();
    let mut shared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (node, protos) in &nodes {
        let Some((root, imports)) = protos.split_last() else { continue };
        files.insert(root_path(node), root.source.text().to_owned());
        for file in imports {
            shared.entry(&file.import).or_default().insert(file.source.text());
        }
    }
    let is_private = |import: &str| {
        let first = import.split('/').next().unwrap_or_default();
        let is_root = import.strip_suffix(".proto").is_some_and(|name| names.contains(name));
        is_root || names.contains(first) || shared.get(import).is_some_and(|texts| texts.len() > 1)
    };
    for (node, protos) in &nodes {
        for file in protos.iter().rev().skip(1) {
            let folder = PackageFiles::PROTO_FOLDER;
            let path = if is_private(&file.import) {
                format!("{folder}/{}/{}", node.name, file.import)
            } else {
                format!("{folder}/{}", file.import)
            };
            files.insert(path, file.source.text().to_owned());
        }
    }
    files
}
