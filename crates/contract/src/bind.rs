//! Binding an operation of a pipeline to the RPC of its node's proto.

use aieffect_blueprint::{Code, DeclaredStreams, Diagnostic, Findings, OperationId, Pipeline, near_match};
use prost_reflect::MethodDescriptor;

use crate::operation::BoundOperation;
use crate::proto_set::NodeProto;

/// Finds the RPC over all services of the proto. `None`, with a finding, when it is not there or not alone.
pub(crate) fn operation(
    pipeline: &Pipeline,
    id: OperationId,
    proto: &NodeProto,
    findings: &mut Findings,
) -> Option<BoundOperation> {
    let operation = pipeline.operation(id);
    let name = operation.name.as_str();
    match proto.methods(name) {
        [] => {
            let message = format!("`{}` has no operation `{name}` in its proto", pipeline.node(id).name);
            let finding = Diagnostic::error(Code::OperationNotInProto, message)
                .at(operation.place.key("operation_name").label())
                .help_if(near_match(name, "operations", proto.method_names()));
            findings.push(finding);
            None
        }
        [method] => {
            findings.extend(stream_flags(pipeline, id, proto, method));
            Some(BoundOperation::of(method))
        }
        [first, second, ..] => {
            findings.push(in_two_services(proto, first, second));
            None
        }
    }
}

fn in_two_services(proto: &NodeProto, first: &MethodDescriptor, second: &MethodDescriptor) -> Diagnostic {
    let services = [first.parent_service(), second.parent_service()];
    let message = format!(
        "`{}` is an operation of `{}` and of `{}`",
        first.name(),
        services[0].name(),
        services[1].name()
    );
    Diagnostic::error(Code::OperationInTwoServices, message)
        .at(proto.method_label(second).with_note("again here"))
        .at(proto.method_label(first).with_note("first here"))
        .help("rename one of them: a pipeline knows operations by their own name only")
}

/// A blueprint that disagrees with its proto; the proto has the last word.
fn stream_flags(
    pipeline: &Pipeline,
    id: OperationId,
    proto: &NodeProto,
    method: &MethodDescriptor,
) -> Findings {
    let DeclaredStreams::Said { input, output } = pipeline.operation(id).declared else {
        return Findings::new();
    };
    let side = |word: &str, said: bool, is: bool| {
        let kind = |stream| if stream { "a stream" } else { "a single message" };
        (said != is).then(|| format!("{word} is said to be {} and is {}", kind(said), kind(is)))
    };
    let sides = [
        ("input_message_stream", side("input", input, method.is_client_streaming())),
        ("output_message_stream", side("output", output, method.is_server_streaming())),
    ];
    let wrong: Vec<(&str, String)> =
        sides.into_iter().filter_map(|(flag, side)| Some((flag, side?))).collect();
    let Some((flag, _)) = wrong.first() else { return Findings::new() };
    let sides: Vec<&str> = wrong.iter().map(|(_, side)| side.as_str()).collect();
    let message = format!("the stream flags of `{}` disagree: {}", pipeline.step_name(id), sides.join(", "));
    Diagnostic::warning(Code::StreamFlagsDisagree, message)
        .at(pipeline.operation(id).place.key(flag).label().with_note("said here"))
        .at(proto.method_label(method).with_note("defined here"))
        .help("the proto is followed; export the package again to set the flags right")
        .into()
}
