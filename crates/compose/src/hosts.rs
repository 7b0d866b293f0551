//! Which nodes are one service, and what each service is called.

use std::collections::BTreeSet;

use aieffect_blueprint::{
    Code, Diagnostic, Findings, Node, Pipeline, Placement, Port, ServiceName, StackHost, stack_hosts,
};

/// The hosts that are to be started, in the order of their first nodes.
///
/// Two hosts that differ by case alone are an error, since names on a network have no case; two ports of one host
/// are a warning.
pub(crate) fn hosts<'a>(pipeline: &'a Pipeline, findings: &mut Findings) -> Vec<StackHost<'a>> {
    let hosts = stack_hosts(pipeline);
    for host in &hosts {
        let (named, others): (Vec<&Node>, Vec<&Node>) =
            host.nodes.iter().partition(|node| node.address.host == host.name.as_str());
        for (node, first) in others.iter().zip(named.iter().cycle()) {
            findings.push(alike(host, first, node));
        }
        check_ports(host, findings);
    }
    hosts
}

fn alike(host: &StackHost<'_>, first: &Node, node: &Node) -> Diagnostic {
    let message = format!(
        "`{}` and `{}` answer at `{}` and `{}`, which a network of containers does not tell apart",
        first.name, node.name, host.name, node.address.host
    );
    Diagnostic::error(Code::HostsAlike, message)
        .at(node.place.key("container_name").label().with_note("this node"))
        .at(first.place.key("container_name").label().with_note("and this one"))
        .help("in dockerinfo.json, give them one `ip_address`, or two that differ by more than case")
}

fn check_ports(host: &StackHost<'_>, findings: &mut Findings) {
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

/// The names of the services in the file: the node's own, or its host's where the node's already means another
/// service on the network, or a machine elsewhere that runs a node, whatever its case.
pub(crate) fn keys(hosts: &[StackHost<'_>], pipeline: &Pipeline) -> Vec<ServiceName> {
    let lower = |name: &str| name.to_lowercase();
    let elsewhere = pipeline.nodes().iter().filter(|node| node.placement == Placement::Remote);
    let mut taken: BTreeSet<String> = elsewhere.map(|node| lower(&node.address.host)).collect();
    taken.extend(hosts.iter().map(|host| lower(host.name.as_str())));
    let key = |host: &StackHost<'_>| {
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
pub(crate) fn orchestrator_key(hosts: &[StackHost<'_>], keys: &[ServiceName]) -> Option<ServiceName> {
    let names = hosts.iter().map(|host| host.name.as_str()).chain(keys.iter().map(ServiceName::as_str));
    let taken: BTreeSet<String> = names.map(str::to_lowercase).collect();
    let numbered = (2_u32..).map(|number| format!("aieffect-orchestrator-{number}"));
    let candidates = ["orchestrator", "aieffect-orchestrator"].into_iter().map(str::to_owned).chain(numbered);
    let mut free = candidates.filter(|name| !taken.contains(name));
    free.find_map(|name| ServiceName::new(&name).ok())
}
