//! The files of a package, put together.

use std::collections::BTreeMap;

use aieffect_blueprint::{Findings, Node, NodeTransport, OperationId, PackageFiles, Pipeline, UseCase};
use aieffect_contract::{BoundOperation, CallShape, ProtoSet};
use uuid::Uuid;

use crate::documents::{
    BlueprintDoc, ConnectedDoc, DockerDoc, DockerinfoDoc, MetadataDoc, NodeDoc, OperationDoc,
    OperationNameDoc, ServiceDoc, SignatureDoc, text,
};
use crate::options::date;
use crate::protos::{NodeProtos, place};
use crate::{ExportOptions, Stamp, execution};

const METADATA: &str = "generation_metadata.json";
const BLUEPRINT: &str = "blueprint.json";

/// The package of a use case: `pipeline` is what it resolved to, and `protos` are that pipeline's.
///
/// The findings tell what could not be written into one file for [`ProtoLayout::SelfContained`]; the files are
/// whole when none of them is an error. Nodes stand in the pipeline's order.
///
/// [`ProtoLayout::SelfContained`]: crate::ProtoLayout::SelfContained
pub fn package(
    use_case: &UseCase,
    pipeline: &Pipeline,
    protos: &ProtoSet,
    options: &ExportOptions,
) -> (PackageFiles, Findings) {
    let (node_protos, findings) = place(pipeline, protos, options.protos);
    let mut files: BTreeMap<String, String> = node_protos.files.clone();
    files.insert("dockerinfo.json".into(), text(&dockerinfo(pipeline, options)));
    if let Some(document) = execution::document(pipeline) {
        // Unlike the platform's own documents, which end without one.
        files.insert("execution.json".into(), text(&document) + "\n");
    }
    let mut blueprint = blueprint(use_case, pipeline, protos, &node_protos);
    blueprint.pipeline_id = match options.stamp {
        Stamp::Fresh { pipeline_id, .. } => pipeline_id,
        Stamp::Reproducible { .. } => content_id(&blueprint, &files),
    }
    .to_string();
    blueprint.creation_date = date(options.stamp.created());
    files.insert(BLUEPRINT.into(), text(&blueprint));
    files.insert(METADATA.into(), text(&metadata(use_case, pipeline, options)));
    (PackageFiles(files), findings)
}

/// An identifier that follows from everything but the identifier, the date, and where the use case lies.
fn content_id(blueprint: &BlueprintDoc, files: &BTreeMap<String, String>) -> Uuid {
    let mut content = text(blueprint);
    for (name, text) in files {
        // With lengths, so that no two lists of files read the same.
        content += &format!("\n{} {name} {} ", name.len(), text.len());
        content += text;
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, content.as_bytes())
}

fn blueprint(
    use_case: &UseCase,
    pipeline: &Pipeline,
    protos: &ProtoSet,
    placed: &NodeProtos,
) -> BlueprintDoc {
    let node = |(index, node): (usize, &Node)| NodeDoc {
        proto_uri: match node.transport {
            NodeTransport::Grpc(_) => format!("{}/{}.proto", PackageFiles::PROTO_FOLDER, node.name),
            NodeTransport::HttpControl => String::new(),
        },
        image: node.image.to_string(),
        node_type: pipeline.kind(index).as_str(),
        container_name: node.name.to_string(),
        operation_signature_list: (0..node.operations.len())
            .map(|operation| operation_doc(pipeline, OperationId { node: index, operation }, protos, placed))
            .collect(),
    };
    BlueprintDoc {
        nodes: pipeline.nodes().iter().enumerate().map(node).collect(),
        name: title(&use_case.name),
        pipeline_id: String::new(),
        creation_date: String::new(),
        kind: BlueprintDoc::TYPE,
        version: BlueprintDoc::VERSION,
    }
}

fn operation_doc(
    pipeline: &Pipeline,
    id: OperationId,
    protos: &ProtoSet,
    placed: &NodeProtos,
) -> OperationDoc {
    let links = pipeline.links().iter().filter(|link| link.from == id);
    let connected = links.map(|link| ConnectedDoc {
        container_name: pipeline.node(link.to).name.to_string(),
        operation_signature: OperationNameDoc {
            operation_name: pipeline.operation(link.to).name.to_string(),
        },
    });
    let bound = protos.operation(id);
    let message = |of: fn(&BoundOperation) -> &prost_reflect::MessageDescriptor| {
        bound.map(|bound| placed.message_name(id.node, of(bound))).unwrap_or_default()
    };
    let shape = bound.map_or(CallShape::Unary, |bound| bound.shape);
    OperationDoc {
        connected_to: connected.collect(),
        operation_signature: SignatureDoc {
            operation_name: pipeline.operation(id).name.to_string(),
            output_message_name: message(|bound| &bound.output),
            input_message_name: message(|bound| &bound.input),
            output_message_stream: matches!(shape, CallShape::ServerStream | CallShape::Bidirectional),
            input_message_stream: matches!(shape, CallShape::ClientStream | CallShape::Bidirectional),
        },
    }
}

fn dockerinfo(pipeline: &Pipeline, options: &ExportOptions) -> DockerinfoDoc {
    let entry = |node: &Node| {
        let address = options.addresses.get(&node.name).unwrap_or(&node.address);
        DockerDoc {
            container_name: node.name.to_string(),
            ip_address: address.host.clone(),
            port: address.port.to_string(),
        }
    };
    DockerinfoDoc { docker_info_list: pipeline.nodes().iter().map(entry).collect() }
}

fn metadata(use_case: &UseCase, pipeline: &Pipeline, options: &ExportOptions) -> MetadataDoc {
    let service = |node: &Node| {
        let folder = use_case.services.iter().find(|service| service.folder == node.service);
        let name = folder.map_or(&node.service, |service| use_case.compose_name(service));
        ServiceDoc {
            service_name: name.to_string(),
            container_name: node.name.to_string(),
            image_name: node.image.to_string(),
        }
    };
    MetadataDoc {
        use_case_name: use_case.name.clone(),
        use_case_directory: use_case.name.clone(),
        source_path: options.source_path.clone(),
        services: pipeline.nodes().iter().map(service).collect(),
    }
}

/// A folder's name as a title: `_` to spaces, and every word with a capital.
fn title(name: &str) -> String {
    let mut title = String::new();
    let mut in_word = false;
    for letter in name.replace('_', " ").chars() {
        if in_word {
            title.extend(letter.to_lowercase());
        } else {
            title.extend(letter.to_uppercase());
        }
        in_word = letter.is_alphabetic();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_become_titles() {
        assert_eq!(title("file_based_energy_pipeline"), "File Based Energy Pipeline");
        assert_eq!(title("grid-2x ABC"), "Grid-2X Abc");
        assert_eq!(title(""), "");
    }
}
