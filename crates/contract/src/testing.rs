//! What the unit tests share: small trees of protos, compiled, and findings as text.

use std::sync::Arc;

use aieffect_blueprint::{Document, Findings, Package, Pipeline, ProtoRoot, ProtoTree, SourceText, resolve};

use crate::proto_set::{Compiler, NodeProto};

/// A tree of paths and texts.
pub(crate) fn tree(files: &[(&str, &str)]) -> ProtoTree {
    let mut protos = ProtoTree::new();
    for (path, text) in files {
        protos.insert(*path, SourceText::new(*path, *text));
    }
    protos
}

/// The first of the files as a node's root, with imports looked up in `lib` and at the top.
pub(crate) fn compile(files: &[(&str, &str)]) -> (Option<Arc<NodeProto>>, Findings) {
    let mut findings = Findings::new();
    let import_roots = vec!["lib".to_owned(), String::new()];
    let root = ProtoRoot { file: files[0].0.to_owned(), import_roots };
    let node = Compiler::new(&tree(files)).node(&root, &mut findings);
    (node, findings)
}

/// A single file that must compile.
pub(crate) fn compiled(text: &str) -> Arc<NodeProto> {
    let (node, findings) = compile(&[("a.proto", text)]);
    assert_eq!(shown(&findings), "");
    node.unwrap()
}

/// Findings with all their labels and their help, as a person reads them.
pub(crate) fn shown(findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings {
        text += &format!("{finding}\n");
        for label in &finding.labels {
            let marked = label.source.text().get(label.span.start..label.span.end).unwrap();
            text += format!("  {} `{marked}` {}", label.position(), label.note).trim_end();
            text.push('\n');
        }
        text.extend(finding.help.iter().map(|help| format!("  help: {help}\n")));
    }
    text
}

/// A package of nodes without links: container name, operations as they stand in the blueprint.
pub(crate) fn pipeline(nodes: &[(&str, &[&str])], protos: &ProtoTree) -> Pipeline {
    let operation =
        |signature: &&str| format!("\n  {{\"operation_signature\": {{{signature}}}, \"connected_to\": []}}");
    let node = |(name, operations): &(&str, &[&str])| {
        let operations: Vec<_> = operations.iter().map(operation).collect();
        format!(
            "{{\"container_name\": \"{name}\", \"proto_uri\": \"microservice/{name}.proto\", \"image\": \"i\", \
             \"node_type\": \"MLModel\", \"operation_signature_list\": [{}]}}",
            operations.join(",")
        )
    };
    let address = |(name, _): &(&str, &[&str])| {
        format!("{{\"container_name\": \"{name}\", \"ip_address\": \"h\", \"port\": \"1\"}}")
    };
    let nodes: Vec<_> = nodes.iter().map(|entry| (node(entry), address(entry))).collect();
    let (nodes, addresses): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
    let package = Package {
        name: "p".to_owned(),
        blueprint: document(
            "blueprint.json",
            &format!("{{\"name\": \"p\", \"nodes\": [{}]}}", nodes.join(",\n")),
        ),
        dockerinfo: document(
            "dockerinfo.json",
            &format!("{{\"docker_info_list\": [{}]}}", addresses.join(",")),
        ),
        execution: None,
        protos: protos.clone(),
    };
    let (pipeline, findings) = resolve::package(&package);
    pipeline.unwrap_or_else(|| panic!("{}", shown(&findings)))
}

fn document(name: &str, text: &str) -> Arc<Document> {
    Document::json(&SourceText::new(name, text)).unwrap()
}
