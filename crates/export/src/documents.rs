//! The documents of a package, as the files have them; the order of keys is the platform's.

use serde::Serialize;
use serde_json::ser::PrettyFormatter;

/// `blueprint.json`.
#[derive(Debug, Serialize)]
pub(crate) struct BlueprintDoc {
    pub(crate) nodes: Vec<NodeDoc>,
    pub(crate) name: String,
    pub(crate) pipeline_id: String,
    pub(crate) creation_date: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) version: &'static str,
}

impl BlueprintDoc {
    pub(crate) const TYPE: &'static str = "pipeline-topology/v2";
    pub(crate) const VERSION: &'static str = "2.0";
}

#[derive(Debug, Serialize)]
pub(crate) struct NodeDoc {
    pub(crate) proto_uri: String,
    pub(crate) image: String,
    pub(crate) node_type: &'static str,
    pub(crate) container_name: String,
    pub(crate) operation_signature_list: Vec<OperationDoc>,
}

#[derive(Debug, Serialize)]
pub(crate) struct OperationDoc {
    pub(crate) connected_to: Vec<ConnectedDoc>,
    pub(crate) operation_signature: SignatureDoc,
}

#[derive(Debug, Serialize)]
pub(crate) struct SignatureDoc {
    pub(crate) operation_name: String,
    pub(crate) output_message_name: String,
    pub(crate) input_message_name: String,
    pub(crate) output_message_stream: bool,
    pub(crate) input_message_stream: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct ConnectedDoc {
    pub(crate) container_name: String,
    pub(crate) operation_signature: OperationNameDoc,
}

#[derive(Debug, Serialize)]
pub(crate) struct OperationNameDoc {
    pub(crate) operation_name: String,
}

/// `dockerinfo.json`.
#[derive(Debug, Serialize)]
pub(crate) struct DockerinfoDoc {
    pub(crate) docker_info_list: Vec<DockerDoc>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DockerDoc {
    pub(crate) container_name: String,
    pub(crate) ip_address: String,
    /// A number in quotes: the platform's word.
    pub(crate) port: String,
}

/// `generation_metadata.json`.
#[derive(Debug, Serialize)]
pub(crate) struct MetadataDoc {
    pub(crate) use_case_name: String,
    pub(crate) use_case_directory: String,
    pub(crate) source_path: String,
    pub(crate) services: Vec<ServiceDoc>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ServiceDoc {
    pub(crate) service_name: String,
    pub(crate) container_name: String,
    pub(crate) image_name: String,
}

/// The document's text, indented by four spaces.
pub(crate) fn text(document: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Into memory, with keys that are texts, there is nothing that can fail.
    let _ = document.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}
