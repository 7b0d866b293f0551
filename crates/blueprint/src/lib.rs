//! The field's words: names, documents, use case, package and the validated pipeline.
//!
//! Texts become [`Document`]s, these become a [`UseCase`] or a [`Package`], and [`resolve`] turns either into
//! a [`Pipeline`]; whatever is wrong on the way is a [`Diagnostic`]. Deliberately absent: files, protobuf
//! descriptors, anything asynchronous, and how findings are shown.

mod code;
mod diagnostic;
mod document;
mod endpoint;
mod host_ports;
mod names;
mod package;
mod pipeline;
mod proto_tree;
pub mod resolve;
mod settings;
mod source;
mod transport;
mod use_case;

pub use code::{Code, UnknownCode};
pub use diagnostic::{Diagnostic, Findings, Known, Severity, near_match};
pub use document::{At, Document, Place, Pointer, Reader, Segment};
pub use endpoint::AddressError;
pub use host_ports::{NoPortsLeft, StackHost, host_addresses, published, stack_hosts};
pub use names::{ImageRef, NameError, NodeName, OperationName, Port, ServiceName, StepName};
pub use package::{Package, PackageFiles};
pub use pipeline::{
    Address, DeclaredStreams, Link, Mention, MentionKind, Node, NodeKind, Operation, OperationId, Pipeline,
    Placement,
};
pub use proto_tree::{Interface, ProtoRoot, ProtoTree, Signature};
pub use settings::{
    AtEnd, ExecutionSettings, Idempotence, Mode, OperationSettings, SuccessField, Values, WhenFull,
    parse_duration,
};
pub use source::{Label, SourceText, Span};
pub use transport::{NodeTransport, TransportKind};
pub use use_case::{
    ComposeFile, ComposeService, Connection, Dockerfiles, EnvFile, FieldMapping, ImageBuild, MappedService,
    Mount, NodeEntry, OperationEntry, SaidService, Service, Topology, UseCase,
};
