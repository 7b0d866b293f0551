//! The validated pipeline. Only resolving makes one, so whoever holds one need not check again.

use std::collections::HashMap;

use crate::{
    Code, Diagnostic, ExecutionSettings, FieldMapping, Findings, ImageRef, Label, NodeName, NodeTransport,
    OperationName, OperationSettings, Place, Port, ServiceName, StepName, WhenFull,
};

/// Nodes, their operations, and the links between these.
#[derive(Debug, Clone)]
pub struct Pipeline {
    name: String,
    nodes: Vec<Node>,
    links: Vec<Link>,
    execution: ExecutionSettings,
    by_name: HashMap<StepName, OperationId>,
    kinds: Vec<NodeKind>,
}

/// A service's entry in a blueprint.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its container name.
    pub name: NodeName,
    /// The service it is made from: its folder in a use case, else the node's own name.
    pub service: ServiceName,
    /// Its image.
    pub image: ImageRef,
    /// Where it answers.
    pub address: Address,
    /// Who starts it.
    pub placement: Placement,
    /// How it is called, and where its protos begin.
    pub transport: NodeTransport,
    /// What it offers, in the document's order.
    pub operations: Vec<Operation>,
    /// Where it is written.
    pub place: Place,
}

/// Who starts a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placement {
    /// It is, or shares, this service of the use case or of the package's stack. In a use case this is the
    /// service's folder, in a package its host name.
    Started(ServiceName),
    /// It runs elsewhere already.
    Remote,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A host name or an address.
    pub host: String,
    /// The port.
    pub port: Port,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bare_v6 = self.host.contains(':') && !self.host.starts_with('[');
        if bare_v6 {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An RPC of a node.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub name: OperationName,
    /// How the document says that it streams; the proto has the last word.
    pub declared: DeclaredStreams,
    /// How it is called.
    pub settings: OperationSettings,
    /// Where it is written.
    pub place: Place,
    /// Where it is spoken of, what is best pointed at first; not empty.
    pub mentions: Vec<Mention>,
}

/// A place that speaks of an operation.
#[derive(Debug, Clone)]
pub struct Mention {
    /// What stands there.
    pub kind: MentionKind,
    /// Where.
    pub place: Place,
}

/// What a place says of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MentionKind {
    /// Its name.
    Name,
    /// That its service is the one to start with.
    StartService,
    /// Its service, and nothing of itself.
    Service,
}

impl Mention {
    /// Marks it; of a service, its name.
    pub fn label(&self) -> Label {
        match self.kind {
            MentionKind::Name | MentionKind::StartService => self.place.label(),
            MentionKind::Service => self.place.key_label(),
        }
    }
}

/// The stream flags of a blueprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredStreams {
    /// The document does not say.
    Unsaid,
    /// It says for both.
    Said {
        /// Requests are a stream.
        input: bool,
        /// Responses are a stream.
        output: bool,
    },
}

/// An operation of a pipeline, by the positions of its node and of itself in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId {
    /// Position in [`Pipeline::nodes`].
    pub node: usize,
    /// Position in [`Node::operations`].
    pub operation: usize,
}

/// A connection between two operations.
#[derive(Debug, Clone)]
pub struct Link {
    /// Whose response it carries.
    pub from: OperationId,
    /// Whose request it fills.
    pub to: OperationId,
    /// Which request field is filled from where, beside matching by name.
    pub fields: Vec<FieldMapping>,
    /// What happens when its queue is full.
    pub when_full: WhenFull,
    /// Where it is written.
    pub place: Place,
}

/// What a node does in the data flow; `node_type` in a blueprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// It only gives.
    DataSource,
    /// It only takes.
    DataSink,
    /// It does both, or stands alone.
    MlModel,
}

impl NodeKind {
    /// The word in a blueprint.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataSource => "DataSource",
            Self::DataSink => "DataSink",
            Self::MlModel => "MLModel",
        }
    }
}

impl Pipeline {
    /// Checks what no document reader can: that names are unique. The parts come from one of the resolvers.
    pub(crate) fn new(
        name: String,
        nodes: Vec<Node>,
        links: Vec<Link>,
        execution: ExecutionSettings,
        findings: &mut Findings,
    ) -> Self {
        let mut seen: HashMap<_, &Node> = HashMap::with_capacity(nodes.len());
        for node in &nodes {
            if let Some(first) = seen.insert(&node.name, node) {
                findings.push(
                    Diagnostic::error(Code::DuplicateNode, format!("two nodes are named `{}`", node.name))
                        .at(node.place.key("container_name").label().with_note("again here"))
                        .at(first.place.key("container_name").label().with_note("first here"))
                        .help("give each node a container name of its own"),
                );
            }
        }
        let kinds = kinds(nodes.len(), &links);
        let mut pipeline = Self { name, nodes, links, execution, by_name: HashMap::new(), kinds };
        // Of equal names the first counts; there is a finding about the others.
        let by_name: Vec<_> = pipeline.operations().map(|id| (pipeline.step_name(id), id)).collect();
        pipeline.by_name = by_name.into_iter().rev().collect();
        pipeline
    }

    /// A human name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The links, in the document's order.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// How the pipeline as a whole is run.
    pub fn execution(&self) -> &ExecutionSettings {
        &self.execution
    }

    /// Every operation, node by node.
    pub fn operations(&self) -> impl Iterator<Item = OperationId> {
        let ids = |(node, entry): (usize, &Node)| {
            (0..entry.operations.len()).map(move |operation| OperationId { node, operation })
        };
        self.nodes.iter().enumerate().flat_map(ids)
    }

    /// The node of an operation.
    pub fn node(&self, id: OperationId) -> &Node {
        &self.nodes[id.node]
    }

    /// The operation itself.
    pub fn operation(&self, id: OperationId) -> &Operation {
        &self.nodes[id.node].operations[id.operation]
    }

    /// `node:operation`.
    pub fn step_name(&self, id: OperationId) -> StepName {
        StepName { node: self.node(id).name.clone(), operation: self.operation(id).name.clone() }
    }

    /// The operation of that name.
    pub fn find(&self, name: &StepName) -> Option<OperationId> {
        self.by_name.get(name).copied()
    }

    /// What a node does in the data flow.
    pub fn kind(&self, node: usize) -> NodeKind {
        self.kinds[node]
    }
}

fn kinds(nodes: usize, links: &[Link]) -> Vec<NodeKind> {
    let mut flows = vec![(false, false); nodes];
    for link in links {
        flows[link.from.node].0 = true;
        flows[link.to.node].1 = true;
    }
    let kind = |(gives, takes)| match (gives, takes) {
        (true, false) => NodeKind::DataSource,
        (false, true) => NodeKind::DataSink,
        (true, true) | (false, false) => NodeKind::MlModel,
    };
    flows.into_iter().map(kind).collect()
}
