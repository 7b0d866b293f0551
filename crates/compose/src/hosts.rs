//! Which nodes are one service, and what each service is called.

use std::collections::{BTreeMap, BTreeSet};

use aieffect_blueprint::{Code, Diagnostic, Findings, Node, Pipeline, Placement, Port, ServiceName};

/// A host of the stack, and the nodes that it answers for; the first is the one that is started.
#[derive(Debug)]
pub(crate) struct Host<'a> {
    pub(crate) name: &'a ServiceName,
    pub(crate) nodes: Vec<&'a Node>,
}

impl Host<'_> {
    /// The ports that its nodes answer at, that of the node that is started first.
    pub(crate) fn ports(&self) -> Vec<Port> {
        let mut ports: Vec<Port> = Vec::new();
        for node in &self.nodes {
            if !ports.contains(&node.address.port) {
                ports.push(node.address.port);
            }
        }
        ports
    }
}

/// The hosts that are to be started, in the order of their first nodes.
///
/// Two hosts that differ by case alone are an error, since names on a network have no case; two ports of one host
/// are a warning.
pub(crate) fn hosts<'a>(pipeline: &'a Pipeline, findings: &mut Findings) -> Vec<Host<'a>> {
    let mut hosts: Vec<Host<'a>> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for node in pipeline.nodes() {
        let Placement::Started(name) = &node.placement else { continue };
        let position = *by_name.entry(name.as_str().to_lowercase()).or_insert(hosts.len());
        match hosts.get_mut(position) {
            None => hosts.push(Host { name, nodes: vec![node] }),
            Some(host) if host.name == name => host.nodes.push(node),
            Some(host) => findings.push(alike(host, node, name)),
        }
    }
    for host in &mut hosts {
        let owner = owner(host);
        let node = host.nodes.remove(owner);
        host.nodes.insert(0, node);
        check_ports(host, findings);
    }
    hosts
}

fn alike(host: &Host<'_>, node: &Node, name: &ServiceName) -> Diagnostic {
    let message = format!(
        "`{}` and `{}` answer at `{}` and `{name}`, which a network of containers does not tell apart",
        host.nodes[0].name, node.name, host.name
    );
    Diagnostic::error(Code::HostsAlike, message)
        .at(node.place.key("container_name").label().with_note("this node"))
        .at(host.nodes[0].place.key("container_name").label().with_note("and this one"))
        .help("in dockerinfo.json, give them one `ip_address`, or two that differ by more than case")
}

fn check_ports(host: &Host<'_>, findings: &mut Findings) {
    let ports = host.ports();
    let [first, others @ ..] = ports.as_slice() else { return };
    if others.is_empty() {
        return;
    }
    let listed: Vec<String> = ports.iter().map(Port::to_string).collect();
    let message = format!(
        "the nodes at `{}` answer at several ports, {}, and one container is to serve them all",
        host.name,
        listed.join(", ")
    );
    let finding = Diagnostic::warning(Code::SeveralPorts, message);
    let labels = host.nodes.iter().map(|node| node.place.key("container_name").label());
    findings.push(labels.fold(finding, Diagnostic::at).help(format!(
        "its `GRPC_PORT` will be {first}; if its image does not open the others by itself, give each node an \
         `ip_address` of its own in dockerinfo.json"
    )));
}

/// Of the nodes that share a host, the one that it is named after; else the first.
fn owner(host: &Host<'_>) -> usize {
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

/// The names of the services in the file: the node's own, or its host's where the node's already means another
/// service on the network, whatever its case.
pub(crate) fn keys(hosts: &[Host<'_>]) -> Vec<ServiceName> {
    let lower = |name: &str| name.to_lowercase();
    let mut taken: BTreeSet<String> = hosts.iter().map(|host| lower(host.name.as_str())).collect();
    let key = |host: &Host<'_>| {
        let own = lower(host.name.as_str());
        let node = host.nodes[0].name.as_str();
        let free = lower(node) == own || !taken.contains(&lower(node));
        // Node names and service names are of one grammar.
        let key = ServiceName::new(node).ok().filter(|_| free).unwrap_or_else(|| host.name.clone());
        taken.insert(lower(key.as_str()));
        key
    };
    hosts.iter().map(key).collect()
}

/// The orchestrator's name in the file: `orchestrator`, unless that means a service already.
pub(crate) fn orchestrator_key(hosts: &[Host<'_>], keys: &[ServiceName]) -> Option<ServiceName> {
    let names = hosts.iter().map(|host| host.name.as_str()).chain(keys.iter().map(ServiceName::as_str));
    let taken: BTreeSet<String> = names.map(str::to_lowercase).collect();
    let numbered = (2_u32..).map(|number| format!("aieffect-orchestrator-{number}"));
    let candidates = ["orchestrator", "aieffect-orchestrator"].into_iter().map(str::to_owned).chain(numbered);
    let mut free = candidates.filter(|name| !taken.contains(name));
    free.find_map(|name| ServiceName::new(&name).ok())
}
