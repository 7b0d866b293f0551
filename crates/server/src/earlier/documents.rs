//! What is submitted: [`Submission`].

use aieffect_blueprint::{Findings, PackageFiles, Severity};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Detail;

/// What references may be reached by.
const PROTOCOLS: [&str; 9] = ["s3", "http", "https", "nfs", "grpc", "mqtt", "villas", "inline", "file"];

/// What each level of a blueprint may have.
const TOP: [&str; 6] = ["nodes", "name", "pipeline_id", "creation_date", "type", "version"];
const NODE: [&str; 5] = ["proto_uri", "image", "node_type", "container_name", "operation_signature_list"];
const OPERATION: [&str; 2] = ["operation_signature", "connected_to"];
const LINK: [&str; 2] = ["container_name", "operation_signature"];
const SIGNATURE: [&str; 5] = [
    "operation_name",
    "input_message_name",
    "output_message_name",
    "input_message_stream",
    "output_message_stream",
];

/// A run to begin.
pub(super) struct Submission {
    pub(super) files: PackageFiles,
    /// An array of data references, as JSON; empty when there are none.
    pub(super) inputs: String,
    pub(super) service_key: Option<String>,
}

impl Submission {
    pub(super) fn read(sent: &[u8]) -> Result<Self, Detail> {
        let sent: Value = serde_json::from_slice(sent)
            .map_err(|error| Detail::form(&[], &format!("JSON decode error: {error}")))?;
        let Value::Object(mut sent) = sent else {
            return Err(Detail::form(&[], "Input should be a valid dictionary"));
        };
        let blueprint = object(&mut sent, "blueprint")?;
        let dockerinfo = object(&mut sent, "dockerinfo")?;
        let inputs = match sent.remove("inputs") {
            None => Vec::new(),
            Some(Value::Array(inputs)) => inputs,
            Some(_) => return Err(Detail::form(&["inputs"], "Input should be a valid list")),
        };
        let service_key = match sent.remove("services_api_key") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key),
            Some(_) => return Err(Detail::form(&["services_api_key"], "Input should be a valid string")),
        };
        if let Some(other) = sent.keys().next() {
            return Err(Detail::form(&[other], "Extra inputs are not permitted"));
        }
        let invalid = |what: &str, said: String| {
            Detail::new(StatusCode::BAD_REQUEST, format!("Invalid {what}: {said}"))
        };
        only_known(&blueprint).map_err(|said| invalid("blueprint", said))?;
        inputs.iter().enumerate().try_for_each(|(place, input)| {
            reference(input).map_err(|said| invalid("inputs", format!("{said} (number {place})")))
        })?;
        let inputs = if inputs.is_empty() { String::new() } else { Value::from(inputs).to_string() };
        Ok(Self { files: files(&blueprint, &dockerinfo), inputs, service_key })
    }
}

fn object(sent: &mut Map<String, Value>, key: &str) -> Result<Map<String, Value>, Detail> {
    match sent.remove(key) {
        None => Err(Detail::form(&[key], "Field required")),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Detail::form(&[key], "Input should be a valid dictionary")),
    }
}

/// The package that is run: every node is controlled over HTTP, whatever its `proto_uri` says.
fn files(blueprint: &Map<String, Value>, dockerinfo: &Map<String, Value>) -> PackageFiles {
    let nodes = list(blueprint, "nodes").iter().filter_map(|node| node["container_name"].as_str());
    let nodes: Map<String, Value> =
        nodes.map(|name| (name.to_owned(), json!({"transport": "http-control"}))).collect();
    let mut blueprint = blueprint.clone();
    if let Some(Value::Array(nodes)) = blueprint.get_mut("nodes") {
        for node in nodes.iter_mut().filter_map(Value::as_object_mut) {
            node.remove("proto_uri");
        }
    }
    let execution = json!({"version": 1, "nodes": nodes});
    let text = |document: &Map<String, Value>| Value::from(document.clone()).to_string();
    PackageFiles(
        [
            ("blueprint.json".to_owned(), text(&blueprint)),
            ("dockerinfo.json".to_owned(), text(dockerinfo)),
            ("execution.json".to_owned(), execution.to_string()),
        ]
        .into(),
    )
}

/// Nothing in a blueprint may be of a name that is not known. What else is wrong with it is found like with any package.
fn only_known(blueprint: &Map<String, Value>) -> Result<(), String> {
    known(blueprint, &TOP, "the blueprint")?;
    for node in objects(list(blueprint, "nodes")) {
        known(node, &NODE, "a node")?;
        for operation in objects(list(node, "operation_signature_list")) {
            known(operation, &OPERATION, "an operation")?;
            signature(operation)?;
            for link in objects(list(operation, "connected_to")) {
                known(link, &LINK, "an entry of connected_to")?;
                signature(link)?;
            }
        }
    }
    Ok(())
}

fn signature(within: &Map<String, Value>) -> Result<(), String> {
    match within.get("operation_signature") {
        Some(Value::Object(signature)) => known(signature, &SIGNATURE, "an operation_signature"),
        _ => Ok(()),
    }
}

fn known(object: &Map<String, Value>, names: &[&str], what: &str) -> Result<(), String> {
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(format!("`{}` is no key of {what}", key.chars().take(80).collect::<String>())),
        None => Ok(()),
    }
}

fn list<'a>(object: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn objects(list: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    list.iter().filter_map(Value::as_object)
}

fn reference(input: &Value) -> Result<(), String> {
    let Value::Object(input) = input else { return Err("a data reference is an object".to_owned()) };
    for key in ["protocol", "uri", "format"] {
        if !input.get(key).is_some_and(Value::is_string) {
            return Err(format!("a data reference has a text `{key}`"));
        }
    }
    let protocol = input.get("protocol").and_then(Value::as_str).unwrap_or_default();
    match PROTOCOLS.contains(&protocol) {
        true => Ok(()),
        false => Err(format!(
            "`{}` is no protocol of a data reference",
            protocol.chars().take(80).collect::<String>()
        )),
    }
}

/// The first error, with the document that it is in.
pub(super) fn said(findings: &Findings) -> String {
    let Some(first) = findings.iter().find(|finding| finding.severity == Severity::Error) else {
        return "Invalid blueprint: it cannot be run".to_owned();
    };
    let file = first.labels.first().map_or("", |label| label.source.name());
    let what = match file {
        _ if file.ends_with("dockerinfo.json") => "dockerinfo",
        "initial data" => "inputs",
        _ => "blueprint",
    };
    format!("Invalid {what}: {}", first.message)
}
