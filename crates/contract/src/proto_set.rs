//! The protos of a whole pipeline, compiled: [`ProtoSet::compile`].

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aieffect_blueprint::{
    Findings, Label, NodeTransport, OperationId, Pipeline, ProtoRoot, ProtoTree, SourceText,
};
use prost_reflect::{DescriptorPool, FieldDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor};

use crate::bind;
use crate::control;
use crate::linked::{LinkFault, Linked, link};
use crate::location::{NAME, Spans};
use crate::operation::BoundOperation;
use crate::parsed::{TextId, Texts};
use crate::reach::{ProtoFile, reach};
use crate::undefined::{Definitions, User};

/// The compiled protos of a pipeline: each node has a pool of its own, since protos of two services may
/// define different messages of one name. Nodes with equal protos share one.
#[derive(Debug, Default)]
pub struct ProtoSet {
    nodes: Vec<Option<Arc<NodeProto>>>,
    operations: Vec<Vec<Option<BoundOperation>>>,
}

/// The compiled protos of one node.
#[derive(Debug)]
pub struct NodeProto {
    files: Vec<ProtoFile>,
    /// Of each file, made when the first part of it is marked.
    spans: Vec<OnceLock<Spans>>,
    linked: Arc<Linked>,
}

impl ProtoSet {
    /// Compiles the protos of all nodes and binds every operation. What is wrong is among the findings, and
    /// then missing here; a node whose file is not in `protos` is passed over, since resolving has said so.
    pub fn compile(pipeline: &Pipeline, protos: &ProtoTree) -> (Self, Findings) {
        let mut findings = Findings::new();
        let mut compiler = Compiler::new(protos);
        let mut set = Self::default();
        for (index, node) in pipeline.nodes().iter().enumerate() {
            let proto = match &node.transport {
                NodeTransport::Grpc(root) => compiler.node(root, &mut findings),
                NodeTransport::HttpControl => control::proto(),
            };
            let bind = |operation| {
                let id = OperationId { node: index, operation };
                match &node.transport {
                    NodeTransport::Grpc(_) => bind::operation(pipeline, id, proto.as_deref()?, &mut findings),
                    NodeTransport::HttpControl => {
                        control::operation(proto.as_deref()?, pipeline.operation(id).name.as_str())
                    }
                }
            };
            set.operations.push((0..node.operations.len()).map(bind).collect());
            set.nodes.push(proto);
        }
        (set, findings)
    }

    /// The operation as its proto defines it; `None` when a finding says why not.
    pub fn operation(&self, id: OperationId) -> Option<&BoundOperation> {
        self.operations.get(id.node)?.get(id.operation)?.as_ref()
    }

    /// An operation by its name, also one that the pipeline does not call; `None` when the node's proto has none
    /// or two of that name.
    pub fn offered(&self, node: usize, name: &str) -> Option<BoundOperation> {
        let proto = self.proto_of(node)?;
        if proto.is_control() {
            return control::operation(proto, name);
        }
        match proto.methods(name) {
            [method] => Some(BoundOperation::of(method)),
            _ => None,
        }
    }

    /// The protos of the node at this position in the pipeline; `None` when a finding says why not.
    pub fn proto_of(&self, node: usize) -> Option<&NodeProto> {
        self.nodes.get(node)?.as_deref()
    }

    /// Marks where an operation is defined in its proto.
    pub fn operation_label(&self, id: OperationId) -> Label {
        let name = self.operation(id).and_then(|bound| bound.path.rsplit('/').next()).unwrap_or_default();
        let method = self.proto_of(id.node).and_then(|proto| Some((proto, proto.methods(name).first()?)));
        method.map_or_else(
            || Label::whole(&SourceText::new("", "")),
            |(proto, method)| proto.method_label(method),
        )
    }

    /// Marks where a field of a message of `id`'s node is defined.
    pub fn field_label(&self, id: OperationId, field: &FieldDescriptor) -> Label {
        self.label(id, &field.parent_file(), |proto| proto.field_label(field))
    }

    /// Marks the name of a message of `id`'s node.
    pub fn message_label(&self, id: OperationId, message: &MessageDescriptor) -> Label {
        self.label(id, &message.parent_file(), |proto| proto.message_label(message))
    }

    fn label(&self, id: OperationId, file: &FileDescriptor, label: impl Fn(&NodeProto) -> Label) -> Label {
        self.proto_of(id.node).map_or_else(|| Label::whole(&SourceText::new(file.name(), "")), label)
    }
}

impl NodeProto {
    /// The files it was compiled from: each before those that import it, so the root comes last. Google's
    /// well-known ones are not among them.
    pub fn files(&self) -> &[ProtoFile] {
        &self.files
    }

    /// The descriptor of a file of [`files`](Self::files). Nodes with equal protos share descriptors, so the
    /// *name* of a root file's may be that of another node's root.
    pub fn descriptor(&self, file: usize) -> Option<&FileDescriptor> {
        self.linked.files.get(file)
    }

    /// The descriptor of the root file.
    pub fn root(&self) -> Option<&FileDescriptor> {
        self.linked.files.last()
    }

    /// All descriptors, those of well-known imports with them.
    pub fn pool(&self) -> &DescriptorPool {
        &self.linked.pool
    }

    /// The operations of all services of the root file that have this name.
    pub(crate) fn methods(&self, name: &str) -> &[MethodDescriptor] {
        self.linked.operations.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether these are the messages of the HTTP control interface, which every HTTP-controlled node has.
    pub fn is_control(&self) -> bool {
        self.root().is_some_and(|root| root.package_name() == control::PACKAGE)
    }

    /// The names of all operations.
    pub fn method_names(&self) -> impl Iterator<Item = &str> {
        self.linked.operations.keys().map(String::as_str)
    }

    /// Marks a field's definition, or its name when that takes several lines.
    pub fn field_label(&self, field: &FieldDescriptor) -> Label {
        let file = field.parent_file();
        let whole = self.part_label(&file, field.path());
        let text = whole.source.text().get(whole.span.start..whole.span.end);
        match text.is_some_and(|text| text.contains('\n')) {
            true => self.name_label(&file, field.path()),
            false => whole,
        }
    }

    /// Marks a message's name.
    pub fn message_label(&self, message: &MessageDescriptor) -> Label {
        self.name_label(&message.parent_file(), message.path())
    }

    /// Marks an operation's name.
    pub fn method_label(&self, method: &MethodDescriptor) -> Label {
        self.name_label(&method.parent_file(), method.path())
    }

    fn name_label(&self, file: &FileDescriptor, path: &[i32]) -> Label {
        let path: Vec<i32> = path.iter().copied().chain([NAME]).collect();
        self.part_label(file, &path)
    }

    fn part_label(&self, file: &FileDescriptor, path: &[i32]) -> Label {
        let index = self.linked.files.iter().position(|known| known.name() == file.name());
        let known = index.and_then(|index| Some((&self.files.get(index)?.source, self.spans.get(index)?)));
        let Some((source, spans)) = known else {
            return Label::whole(&SourceText::new(file.name(), ""));
        };
        let spans = spans.get_or_init(|| Spans::of(file.file_descriptor_proto(), source.text()));
        Label::new(source, spans.nearest(path), "")
    }
}

/// Compiles roots, equal ones once.
pub(crate) struct Compiler<'a> {
    texts: Texts<'a>,
    by_root: HashMap<ProtoRoot, Option<Arc<NodeProto>>>,
    by_content: HashMap<Content, Result<Arc<Linked>, LinkFault>>,
    /// Looked up when the first name is not defined.
    definitions: Option<Definitions>,
}

/// What decides how a root compiles: the import path and text of every file. The root's own path does not:
/// whatever imports it goes in a circle.
type Content = Vec<(String, TextId)>;

impl<'a> Compiler<'a> {
    pub(crate) fn new(protos: &'a ProtoTree) -> Self {
        Self {
            texts: Texts::new(protos),
            by_root: HashMap::new(),
            by_content: HashMap::new(),
            definitions: None,
        }
    }

    pub(crate) fn texts(&mut self) -> &mut Texts<'a> {
        &mut self.texts
    }

    /// The protos of a root. `None` when its file is missing, or a finding says what is wrong.
    pub(crate) fn node(&mut self, root: &ProtoRoot, findings: &mut Findings) -> Option<Arc<NodeProto>> {
        if let Some(known) = self.by_root.get(root) {
            return known.clone();
        }
        let node = self.compile(root, findings).map(Arc::new);
        self.by_root.insert(root.clone(), node.clone());
        node
    }

    fn compile(&mut self, root: &ProtoRoot, findings: &mut Findings) -> Option<NodeProto> {
        let reach = reach(root, &mut self.texts, findings)?;
        let imports = reach.files.iter().map(|file| file.import.clone());
        let mut content: Content = imports.zip(reach.texts.iter().copied()).collect();
        if let Some((root, _)) = content.last_mut() {
            root.clear();
        }
        let texts = &self.texts;
        let linked = self.by_content.entry(content).or_insert_with(|| link(&reach, texts).map(Arc::new));
        match linked {
            Ok(linked) => {
                let spans = reach.files.iter().map(|_| OnceLock::new()).collect();
                Some(NodeProto { files: reach.files, spans, linked: Arc::clone(linked) })
            }
            Err(wrong) => {
                let file = reach.files.get(wrong.file)?;
                wrong.faults.iter().for_each(|fault| findings.push(fault.in_file(&file.source)));
                if !wrong.undefined.is_empty() {
                    let known = self.definitions.get_or_insert_with(|| Definitions::of(&mut self.texts));
                    let user = User::of(wrong.file, &reach, root, &self.texts)?;
                    findings.extend(user.findings(&wrong.undefined, known));
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod robustness;
#[cfg(test)]
mod tests;
