//! `dockerinfo.json`: where nodes answer.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::index::{Match, NameIndex};
use super::{ambiguous, whole};
use crate::use_case::port_of;
use crate::{
    Address, At, Code, Diagnostic, Document, Findings, NodeName, Place, Placement, Port, Reader, ServiceName,
    near_match,
};

struct Entry {
    container: At<String>,
    host: Option<At<String>>,
    port: Option<Port>,
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
        check_twice(&entries, &index, findings);
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
        let Some(host) = &entry.host else {
            findings.push(
                Diagnostic::error(Code::NodeWithoutAddress, format!("the node `{node}` has no `ip_address`"))
                    .at(entry.container.place.label())
                    .help("write its host name or address as `ip_address`"),
            );
            return None;
        };
        let address = Address { host: host.value.clone(), port: entry.port? };
        let placement = placement(&host.value);
        Some((address, placement))
    }
}

fn check_twice(entries: &[Entry], index: &NameIndex, findings: &mut Findings) {
    for (position, second) in entries.iter().enumerate() {
        let name = &second.container.value;
        let Match::One(first) = index.find(name) else { continue };
        if first != position {
            findings.push(
                Diagnostic::error(Code::SaidTwice, format!("the address of `{name}` is given twice"))
                    .at(second.container.place.label())
                    .at(entries[first].container.place.label().with_note("first here")),
            );
        }
    }
}

fn entry(reader: &Reader<'_>, findings: &mut Findings) -> Option<Entry> {
    reader.object(findings)?;
    let container = reader.require("container_name", findings)?.text(findings)?;
    let host = reader.text_of("ip_address", findings).filter(|host| !host.value.trim().is_empty());
    let port = match reader.get("port") {
        Some(port) => port_of(&port, findings),
        None => {
            let message = format!("the address of `{}` has no port", container.value);
            reader.refuse(Code::BadPort, message, findings);
            None
        }
    };
    Some(Entry { container, host, port })
}

/// An IP address, `localhost`, or a name with a dot or colon runs elsewhere; a bare host name is a service of
/// the package's stack.
fn placement(host: &str) -> Placement {
    let elsewhere = host.parse::<IpAddr>().is_ok() || host == "localhost" || host.contains(['.', ':']);
    match ServiceName::new(host) {
        Ok(service) if !elsewhere => Placement::Started(service),
        _ => Placement::Remote,
    }
}
