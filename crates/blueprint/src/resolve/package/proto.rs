//! Which proto of a package belongs to a node.

use crate::{Code, Diagnostic, Findings, NodeName, Package, PackageFiles, Place, ProtoRoot, Reader};

/// What became of looking for a proto.
pub(super) enum Found {
    /// Here it is.
    Root(ProtoRoot),
    /// There is none where it is said to be.
    Nowhere,
    /// There is none, and nothing says that there is.
    Unnamed,
    /// A finding is about its path or its text.
    Refused,
}

/// The node's proto: where its `proto_uri` points, else `microservice/<container>.proto`, without case if need
/// be. A `proto_uri` that leaves the package is a finding.
pub(super) fn root(entry: &Reader<'_>, node: &NodeName, package: &Package, findings: &mut Findings) -> Found {
    let written = entry.text_of("proto_uri", findings);
    if let Some(uri) = written.as_ref().filter(|uri| leaves(&uri.value)) {
        findings.push(
            Diagnostic::error(
                Code::UnsafeProtoPath,
                format!("the `proto_uri` of `{node}` leaves the package"),
            )
            .at(uri.place.label())
            .help(format!("use a path inside the package, such as \"{}\"", usual(node))),
        );
        return Found::Refused;
    }
    let is_named = written.as_ref().is_some_and(|uri| !uri.value.is_empty());
    let named = written.map(|uri| uri.value).filter(|uri| package.protos.get(uri).is_some());
    let file = named.or_else(|| {
        let usual = usual(node);
        let exact = package.protos.get(&usual).map(|_| usual.clone());
        exact.or_else(|| {
            let mut alike = alike(package, &usual);
            alike.next().map(str::to_owned).filter(|_| alike.next().is_none())
        })
    });
    let Some(file) = file else {
        let is_unreadable = package.protos.is_unreadable(&usual(node));
        let is_named = is_named || alike(package, &usual(node)).next().is_some();
        return match (is_unreadable, is_named) {
            (true, _) => Found::Refused,
            (false, true) => Found::Nowhere,
            (false, false) => Found::Unnamed,
        };
    };
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let top = PackageFiles::PROTO_FOLDER.to_owned();
    let mut import_roots = vec![format!("{top}/{node}")];
    for each in [folder, top] {
        if !import_roots.contains(&each) {
            import_roots.push(each);
        }
    }
    Found::Root(ProtoRoot { file, import_roots })
}

/// The finding for a node without a proto.
pub(super) fn missing(node: &NodeName, place: &Place, package: &Package) -> Diagnostic {
    let mut known: Vec<_> = package.protos.iter().map(|(path, _)| format!("`{path}`")).take(8).collect();
    if known.is_empty() {
        known.push("no proto at all".to_owned());
    }
    let help = format!(
        "it is looked for at `{}`; the package has {}. A service that answers `POST /control/execute` needs none: \
         `\"nodes\": {{\"{node}\": {{\"transport\": \"http-control\"}}}}` in execution.json says so",
        usual(node),
        known.join(", ")
    );
    Diagnostic::error(Code::NodeWithoutProto, format!("the node `{node}` has no proto"))
        .at(place.label())
        .help(help)
}

/// The protos whose paths are that one but for case.
fn alike<'p>(package: &'p Package, usual: &'p str) -> impl Iterator<Item = &'p str> {
    package.protos.iter().map(|(path, _)| path).filter(move |path| path.eq_ignore_ascii_case(usual))
}

fn usual(node: &NodeName) -> String {
    format!("{}/{node}.proto", PackageFiles::PROTO_FOLDER)
}

/// Whether a path is absolute, climbs, or is written with backslashes.
fn leaves(uri: &str) -> bool {
    let drive = uri.as_bytes().get(1) == Some(&b':');
    uri.starts_with('/') || drive || uri.contains(['\\', '\0']) || uri.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_package_are_known() {
        for uri in ["/etc/passwd", "../x.proto", "microservice/../../x", "a\\b", "C:/x", "a/..", "x\0"] {
            assert!(leaves(uri), "{uri:?}");
        }
        for uri in ["microservice/a1.proto", "org/eu/x-1.0.0.proto", "https://host/x..y.proto", ""] {
            assert!(!leaves(uri), "{uri:?}");
        }
    }
}
