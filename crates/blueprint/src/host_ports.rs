//! The ports of the host machine that lead to a package's services: one rule for the compose file that publishes
//! them and for the addresses of an orchestrator outside of the stack.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::{Address, Node, NodeName, Pipeline, Placement, Port, ServiceName};

/// A host of a package's stack, and the nodes that it answers for.
#[derive(Debug, Clone)]
pub struct StackHost<'a> {
    /// Its name on the stack's network.
    pub name: ServiceName,
    /// The first is the one that is started: the node that the host is named after, else the first of them. Some may
    /// write the name in another case.
    pub nodes: Vec<&'a Node>,
}

impl StackHost<'_> {
    /// The ports that its nodes answer at, that of the node that is started first.
    pub fn ports(&self) -> Vec<Port> {
        let mut ports: Vec<Port> = Vec::new();
        for node in &self.nodes {
            if !ports.contains(&node.address.port) {
                ports.push(node.address.port);
            }
        }
        ports
    }
}

/// From the first port on, there are not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "from port {base} on, there are not enough for {needed} services; the highest to begin with is {highest}"
)]
pub struct NoPortsLeft {
    /// The first port.
    pub base: Port,
    /// How many are needed.
    pub needed: usize,
    /// The highest first port that would do; 0 when none would.
    pub highest: usize,
}

/// The hosts that a package's stack starts, in the order of their first nodes. Names on a network have no case.
pub fn stack_hosts(pipeline: &Pipeline) -> Vec<StackHost<'_>> {
    let mut hosts: Vec<StackHost<'_>> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for node in pipeline.nodes() {
        let Placement::Started(name) = placement(&node.address.host) else { continue };
        let position = *by_name.entry(name.as_str().to_lowercase()).or_insert(hosts.len());
        match hosts.get_mut(position) {
            Some(host) => host.nodes.push(node),
            None => hosts.push(StackHost { name, nodes: vec![node] }),
        }
    }
    for host in &mut hosts {
        let owner = owner(host);
        host.nodes[..=owner].rotate_right(1);
    }
    hosts
}

/// For each of the hosts, its ports and those of the host machine that lead there: one after the other, from `base`
/// upward.
pub fn published(hosts: &[StackHost<'_>], base: Port) -> Result<Vec<Vec<(Port, Port)>>, NoPortsLeft> {
    let needed: usize = hosts.iter().map(|host| host.ports().len()).sum();
    let highest = (usize::from(u16::MAX) + 1).saturating_sub(needed.max(1));
    if usize::from(base.get()) > highest {
        return Err(NoPortsLeft { base, needed, highest });
    }
    let mut free = (base.get()..=u16::MAX).filter_map(Port::new);
    Ok(hosts.iter().map(|host| host.ports().into_iter().zip(free.by_ref()).collect()).collect())
}

/// Where each node of the stack answers on the host machine: `localhost` and the port that is [`published`]. Nodes
/// that run elsewhere are not in it.
pub fn host_addresses(pipeline: &Pipeline, base: Port) -> Result<BTreeMap<NodeName, Address>, NoPortsLeft> {
    let hosts = stack_hosts(pipeline);
    let published = published(&hosts, base)?;
    let mut addresses = BTreeMap::new();
    for (host, ports) in hosts.iter().zip(published) {
        for node in &host.nodes {
            let leads_there = ports.iter().find(|(inside, _)| *inside == node.address.port);
            let address = leads_there.map(|(_, port)| Address { host: "localhost".to_owned(), port: *port });
            addresses.extend(address.map(|address| (node.name.clone(), address)));
        }
    }
    Ok(addresses)
}

/// Who starts what a package says answers at this host. An IP address, `localhost`, or a name with a dot or colon runs
/// elsewhere; a bare host name is a service of the package's stack.
pub(crate) fn placement(host: &str) -> Placement {
    let elsewhere = host.parse::<IpAddr>().is_ok() || host == "localhost" || host.contains(['.', ':']);
    match ServiceName::new(host) {
        Ok(service) if !elsewhere => Placement::Started(service),
        _ => Placement::Remote,
    }
}

fn owner(host: &StackHost<'_>) -> usize {
    let name = folded(host.name.as_str());
    let by = |named: &dyn Fn(&str) -> bool| host.nodes.iter().position(|node| named(node.name.as_str()));
    by(&|node| node == host.name.as_str())
        .or_else(|| by(&|node| folded(node) == name))
        .or_else(|| by(&|node| folded(node.trim_end_matches(|letter: char| letter.is_ascii_digit())) == name))
        .unwrap_or(0)
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{Document, Package, ProtoTree, SourceText, resolve};

    /// A package of nodes, each with its host and port, that is read back as a pipeline.
    fn pipeline(nodes: &[(&str, &str, u16)]) -> Pipeline {
        let document = |value: serde_json::Value| -> Arc<Document> {
            Document::json(&SourceText::new("d.json", value.to_string())).unwrap()
        };
        let mut protos = ProtoTree::new();
        for (name, _, _) in nodes {
            let path = format!("microservice/{name}.proto");
            protos.insert(path.clone(), SourceText::new(path, ""));
        }
        let entry = |(name, _, _): &(&str, &str, u16)| json!({"container_name": name, "operation_signature_list": []});
        let address = |(name, host, port): &(&str, &str, u16)| json!({"container_name": name, "ip_address": host, "port": port});
        let package = Package {
            name: "p".into(),
            blueprint: document(json!({"name": "p", "nodes": nodes.iter().map(entry).collect::<Vec<_>>()})),
            dockerinfo: document(json!({"docker_info_list": nodes.iter().map(address).collect::<Vec<_>>()})),
            execution: None,
            protos,
        };
        let (pipeline, findings) = resolve::package(&package);
        pipeline.unwrap_or_else(|| panic!("{findings:#?}"))
    }

    fn check(nodes: &[(&str, &str, u16)], expected: &[(&str, u16)]) {
        let pipeline = pipeline(nodes);
        let addresses = host_addresses(&pipeline, Port::DEFAULT).unwrap();
        let found: Vec<_> =
            addresses.iter().map(|(node, address)| (node.as_str(), address.port.get())).collect();
        assert_eq!(found, expected);
        assert!(addresses.values().all(|address| address.host == "localhost"));
    }

    #[test]
    fn ports_follow_the_order_of_nodes() {
        check(&[("b", "b", 50051), ("a", "a", 8080)], &[("a", 50052), ("b", 50051)]);
    }

    #[test]
    fn nodes_of_one_address_share_a_port_and_those_elsewhere_get_none() {
        check(
            &[("a", "s", 1), ("far", "10.0.0.7", 1), ("b", "S", 1), ("c", "c", 1), ("d", "x.org", 1)],
            &[("a", 50051), ("b", 50051), ("c", 50052)],
        );
    }

    #[test]
    fn of_several_ports_of_a_host_that_of_the_node_it_is_named_after_comes_first() {
        check(
            &[("early", "data-source", 1), ("data_source1", "data-source", 2), ("z", "z", 1)],
            &[("data_source1", 50051), ("early", 50052), ("z", 50053)],
        );
    }

    #[test]
    fn ports_do_not_go_beyond_the_last() {
        let pipeline = pipeline(&[("a", "a", 1), ("b", "b", 1)]);
        let base = |port| Port::new(port).unwrap();
        assert!(host_addresses(&pipeline, base(65534)).is_ok());
        let error = host_addresses(&pipeline, base(65535)).unwrap_err();
        assert_eq!(error, NoPortsLeft { base: base(65535), needed: 2, highest: 65534 });
    }
}
