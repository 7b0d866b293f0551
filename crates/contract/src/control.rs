//! The operations of HTTP-controlled nodes: they have no proto, and all have the same two messages, which
//! `proto/aieffect/control/v1/control.proto` explains.

use std::sync::{Arc, OnceLock};

use aieffect_blueprint::{Findings, ProtoRoot, ProtoTree, SourceText, TransportKind};

use crate::operation::{BoundOperation, CallShape};
use crate::proto_set::{Compiler, NodeProto};

/// The package of the messages.
pub const PACKAGE: &str = "aieffect.control.v1";
/// The request of every operation.
pub const REQUEST: &str = "aieffect.control.v1.Execution";
/// The response of every operation.
pub const RESPONSE: &str = "aieffect.control.v1.Output";

/// Where the file would lie.
const PATH: &str = "aieffect/control/v1/control.proto";
const TEXT: &str = include_str!("../../../proto/aieffect/control/v1/control.proto");

/// The protos of an HTTP-controlled node, compiled once. `None` only if our own file were wrong.
pub(crate) fn proto() -> Option<Arc<NodeProto>> {
    static PROTO: OnceLock<Option<Arc<NodeProto>>> = OnceLock::new();
    PROTO
        .get_or_init(|| {
            let mut tree = ProtoTree::new();
            tree.insert(PATH, SourceText::new(PATH, TEXT));
            let root = ProtoRoot { file: PATH.to_owned(), import_roots: Vec::new() };
            Compiler::new(&tree).node(&root, &mut Findings::new())
        })
        .clone()
}

/// An operation of that name.
pub(crate) fn operation(proto: &NodeProto, name: &str) -> Option<BoundOperation> {
    let message = |name| proto.pool().get_message_by_name(name);
    Some(BoundOperation {
        transport: TransportKind::HttpControl,
        path: name.to_owned(),
        shape: CallShape::Unary,
        input: message(REQUEST)?,
        output: message(RESPONSE)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_takes_an_execution_and_gives_an_output() {
        let bound = operation(&proto().unwrap(), "Forecast").unwrap();
        assert_eq!((bound.input.full_name(), bound.output.full_name()), (REQUEST, RESPONSE));
        assert_eq!((bound.path.as_str(), bound.transport), ("Forecast", TransportKind::HttpControl));
    }
}
