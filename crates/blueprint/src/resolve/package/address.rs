//! `dockerinfo.json`: where nodes answer.

use std::sync::Arc;

use super::super::index::{Match, NameIndex};
use super::{ambiguous, whole};
use crate::endpoint::{host_of, port_of};
use crate::host_ports::placement;
use crate::{
    Address, At, Code, Diagnostic, Document, Findings, NodeName, Place, Placement, Port, Reader, near_match,
};

/// An entry as far as it can be read. Its findings count once a node uses it: a platform's own entries
/// (an orchestrator's, say) may look as they like.
struct Entry {
    container: At<String>,
    host: Option<At<String>>,
    port: Option<Port>,
    findings: Findings,
}

/// The entries of the document. Those of no node (an orchestrator's, say) are passed over.
pub(super) struct Addresses {
    entries: Vec<Entry>,
    index: NameIndex,
    place: Place,
}

impl Addresses {
    pub(super) fn read(document: &Arc<Document>, findings: &mut Findings) -> Self {
        let root = Reader::root(document);
        let mut entries = Vec::new();
        if root.object(findings).is_some() {
            let list = root.require("docker_info_list", findings);
            let items = list.map(|list| list.items(findings)).unwrap_or_default();
            entries.extend(items.iter().filter_map(|item| entry(item, findings)));
        }
        let index = NameIndex::new(entries.iter().map(|entry: &Entry| entry.container.value.as_str()));
        blame_repeats(&mut entries, &index);
        Self { entries, index, place: whole(document) }
    }

    /// The node's address. Findings, and `None`, when there is none.
    pub(super) fn find(
        &self,
        node: &NodeName,
        place: &Place,
        findings: &mut Findings,
    ) -> Option<(Address, Placement)> {
        let names = || self.entries.iter().map(|entry| entry.container.value.as_str());
        let entry = match self.index.find(node.as_str()) {
            Match::One(index) => &self.entries[index],
            Match::Several => {
                findings.push(ambiguous(node.as_str(), place));
                return None;
            }
            Match::None => {
                findings.push(
                    Diagnostic::error(Code::NodeWithoutAddress, format!("the node `{node}` has no address"))
                        .at(place.label())
                        .at(self.place.label().with_note("no entry here names it"))
                        .help_if(near_match(node.as_str(), "entries", names())),
                );
                return None;
            }
        };
        findings.extend(entry.findings.clone());
        let (host, port) = (entry.host.as_ref()?, entry.port?);
        Some((Address { host: host.value.clone(), port }, placement(&host.value)))
    }
}

/// A finding of the first entry for each further one of its name.
fn blame_repeats(entries: &mut [Entry], index: &NameIndex) {
    for position in 0..entries.len() {
        let container = entries[position].container.clone();
        let Match::One(first) = index.find(&container.value) else { continue };
        if first != position {
            let entry = &mut entries[first];
            entry.findings.push(
                Diagnostic::error(
                    Code::SaidTwice,
                    format!("the address of `{}` is given twice", container.value),
                )
                .at(container.place.label().with_note("again here"))
                .at(entry.container.place.label().with_note("first here"))
                .help("remove one of the two entries"),
            );
        }
    }
}

fn entry(reader: &Reader<'_>, findings: &mut Findings) -> Option<Entry> {
    reader.object(findings)?;
    let container = reader.require("container_name", findings)?.text(findings)?;
    let mut own = Findings::new();
    let host = match reader.get("ip_address").filter(|host| host.value().as_str() != Some("")) {
        Some(host) => host_of(&host, &mut own),
        None => {
            own.push(no_host(&container));
            None
        }
    };
    let port = match reader.get("port") {
        Some(port) => port_of(&port, &mut own),
        None => {
            let message = format!("the address of `{}` has no port", container.value);
            own.push(
                Diagnostic::error(Code::BadPort, message)
                    .at(container.place.label())
                    .help("write its `port`, a number from 1 to 65535"),
            );
            None
        }
    };
    Some(Entry { container, host, port, findings: own })
}

fn no_host(container: &At<String>) -> Diagnostic {
    let message = format!("the node `{}` has no `ip_address`", container.value);
    Diagnostic::error(Code::NodeWithoutAddress, message)
        .at(container.place.label())
        .help("write its host name or address as `ip_address`")
}
