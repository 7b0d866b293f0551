//! What each service of a use case offers: [`interfaces`].

use aieffect_blueprint::resolve::Interfaces;
use aieffect_blueprint::{
    Code, Diagnostic, Findings, Interface, Label, NodeTransport, OperationName, ProtoRoot, SaidService,
    Service, Signature, SourceText, TransportKind, UseCase,
};
use prost_reflect::{FileDescriptor, MessageDescriptor, MethodDescriptor};

use crate::control;
use crate::linked::methods;
use crate::proto_set::Compiler;

/// Finds the proto with the operations of each service, and lists these. A service that a finding is about
/// is not in the result.
pub fn interfaces(use_case: &UseCase) -> (Interfaces, Findings) {
    let mut findings = Findings::new();
    let mut compiler = Compiler::new(&use_case.protos);
    let mut interfaces = Interfaces::new();
    let said = use_case.said_services();
    for service in &use_case.services {
        let controlled = match said.get(&service.folder) {
            None => None,
            Some(said) => match said.entry.transport {
                None => continue,
                Some(TransportKind::Grpc) => None,
                Some(TransportKind::HttpControl) => Some(said),
            },
        };
        if let Some(said) = controlled {
            interfaces.insert(service.folder.clone(), control_interface(service, said, &mut findings));
            continue;
        }
        if let Some(interface) = interface(use_case, service, &mut compiler, &mut findings) {
            interfaces.insert(service.folder.clone(), interface);
        }
    }
    (interfaces, findings)
}

fn interface(
    use_case: &UseCase,
    service: &Service,
    compiler: &mut Compiler<'_>,
    findings: &mut Findings,
) -> Option<Interface> {
    let file = operations_file(use_case, service, compiler, findings)?;
    let folder = format!("services/{}", service.folder);
    let import_roots = vec![format!("{folder}/proto"), folder, "shared/proto".to_owned(), String::new()];
    let root = ProtoRoot { file, import_roots };
    let proto = compiler.node(&root, findings)?;
    let operations = signatures(proto.root()?);
    Some(Interface { transport: NodeTransport::Grpc(root), operations })
}

/// An HTTP-controlled service has the operations that `connections.json` names.
fn control_interface(service: &Service, said: &SaidService<'_>, findings: &mut Findings) -> Interface {
    if said.operations.is_empty() {
        let message = format!("no operation of `{}` is named", service.folder);
        findings.push(
            Diagnostic::error(Code::NoOperationNamed, message)
                .at(said.entry.service.place.key_label())
                .help("name one in `from_method` or `to_method` of a connection, or under `operations`"),
        );
    }
    let signature = |operation: &OperationName| Signature {
        operation: operation.clone(),
        input: control::REQUEST.to_owned(),
        output: control::RESPONSE.to_owned(),
        input_stream: false,
        output_stream: false,
    };
    let operations = said.operations.iter().map(signature).collect();
    Interface { transport: NodeTransport::HttpControl, operations }
}

/// The one proto of a service that has operations.
fn operations_file(
    use_case: &UseCase,
    service: &Service,
    compiler: &mut Compiler<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let mut with_operations: Vec<(&String, Label)> = Vec::new();
    let mut readable = !use_case.protos.has_unreadable_below(&format!("services/{}/", service.folder));
    for path in &service.protos {
        let Some(source) = use_case.protos.get(path) else { continue };
        let Some(text) = compiler.texts().parse(path) else { continue };
        match compiler.texts().get(text) {
            Ok(parsed) => {
                let label = parsed.first_operation.map(|span| Label::new(source, span, ""));
                with_operations.extend(label.map(|label| (path, label)));
            }
            Err(faults) => {
                faults.iter().for_each(|fault| findings.push(fault.in_file(source)));
                readable = false;
            }
        }
    }
    match with_operations.as_slice() {
        [(path, _)] => return Some((*path).clone()),
        // The operations may be in a file that cannot be read.
        [] if !readable => {}
        [] => findings.push(without_operations(use_case, service)),
        [(first, one), (second, other), ..] => {
            let message = format!("`{}` has operations in `{first}` and in `{second}`", service.folder);
            let finding = Diagnostic::error(Code::OperationsInSeveralProtos, message)
                .at(one.clone().with_note("this one"))
                .at(other.clone().with_note("and this one"))
                .help("keep all operations of a service in one proto; others may hold messages only");
            findings.push(finding);
        }
    }
    None
}

fn without_operations(use_case: &UseCase, service: &Service) -> Diagnostic {
    let folder = format!("services/{}", service.folder);
    let first_proto = service.protos.iter().find_map(|path| use_case.protos.get(path));
    let message = match first_proto {
        Some(_) => format!("no proto of `{}` has an operation", service.folder),
        None => format!("`{}` has no proto", service.folder),
    };
    let label = match (first_proto, use_case.compose_service(service)) {
        (Some(source), _) => Label::whole(source),
        (None, Some(compose)) => compose.place.key_label(),
        (None, None) => Label::whole(&SourceText::new(folder.clone(), "")),
    };
    Diagnostic::error(Code::ServiceWithoutProto, message)
        .at(label)
        .help(format!(
            "write the operations as `rpc` of a `service` in a proto in `{folder}/proto/`. A service that answers \
             `POST /control/execute` needs none: `\"nodes\": {{\"{}\": {{\"transport\": \"http-control\"}}}}` in \
             connections.json says so",
            use_case.compose_name(service)
        ))
}

/// The operations, in the proto's order; of two with one name the first, as binding tells of the other.
fn signatures(root: &FileDescriptor) -> Vec<Signature> {
    let mut signatures: Vec<Signature> = Vec::new();
    for method in methods(root) {
        let Some(signature) = signature(&method) else { continue };
        if !signatures.iter().any(|known| known.operation == signature.operation) {
            signatures.push(signature);
        }
    }
    signatures
}

fn signature(method: &MethodDescriptor) -> Option<Signature> {
    let package = method.parent_file();
    Some(Signature {
        operation: OperationName::new(method.name()).ok()?,
        input: name_within(package.package_name(), &method.input()),
        output: name_within(package.package_name(), &method.output()),
        input_stream: method.is_client_streaming(),
        output_stream: method.is_server_streaming(),
    })
}

/// A message's name as it is written in `package`: in full when it belongs to another one.
fn name_within(package: &str, message: &MessageDescriptor) -> String {
    let full = message.full_name();
    let inner = full.strip_prefix(message.package_name()).map(|name| name.trim_start_matches('.'));
    match inner {
        Some(inner) if message.package_name() == package => inner.to_owned(),
        _ => full.to_owned(),
    }
}

#[cfg(test)]
mod tests;
