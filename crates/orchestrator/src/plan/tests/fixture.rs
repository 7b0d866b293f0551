//! A pipeline small enough to read in a test, and what planning makes of it.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use aieffect_blueprint::{Document, Findings, Mode, Package, Pipeline, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;
use bytes::Bytes;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;

use crate::plan::{InitialData, Plan, PlanOptions, Step, explain, plan};

/// Marks a node that has no proto.
const CONTROLLED: &str = "// controlled ";

/// Nodes with their protos, links between operations, and what is given beside.
#[derive(Default)]
pub(crate) struct Setup {
    nodes: Vec<(String, String)>,
    links: Vec<(String, String)>,
    execution: Vec<String>,
    initial: Option<String>,
    options: PlanOptions,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A node whose proto is this text behind a line with its syntax.
    pub(crate) fn node(mut self, name: &str, proto: &str) -> Self {
        let syntax = if proto.starts_with("syntax") { "" } else { "syntax = \"proto3\";\n" };
        self.nodes.push((name.to_owned(), format!("{syntax}{proto}")));
        self
    }

    /// A node without a proto, with these operations: it is controlled over HTTP.
    pub(crate) fn controlled(mut self, name: &str, operations: &[&str]) -> Self {
        let written: String = operations.iter().map(|name| format!("rpc {name}(")).collect();
        self.nodes.push((name.to_owned(), format!("{CONTROLLED}{written}")));
        self
    }

    /// A node whose operation `Give` answers with a message `Out` of these fields.
    pub(crate) fn gives(self, name: &str, fields: &str) -> Self {
        let proto = format!(
            "service S {{ rpc Give(None) returns (Out); }} message None {{}}\nmessage Out {{\n{fields}\n}}"
        );
        self.node(name, &proto)
    }

    /// A node whose operation `Take` takes a message `In` of these fields.
    pub(crate) fn takes(self, name: &str, fields: &str) -> Self {
        let proto = format!(
            "service S {{ rpc Take(In) returns (None); }} message None {{}}\nmessage In {{\n{fields}\n}}"
        );
        self.node(name, &proto)
    }

    /// Both ends as `node:operation`.
    pub(crate) fn link(mut self, from: &str, to: &str) -> Self {
        self.links.push((from.to_owned(), to.to_owned()));
        self
    }

    /// A link whose entry in `execution.json` has these `fields`.
    pub(crate) fn link_with(self, from: &str, to: &str, fields: &str) -> Self {
        let entry = format!("{{\"from\": \"{from}\", \"to\": \"{to}\", \"fields\": {fields}}}");
        self.link(from, to).execution(&format!("\"links\": [\n{entry}]"))
    }

    /// Settings of one operation, as JSON.
    pub(crate) fn operation(self, step: &str, settings: &str) -> Self {
        self.execution(&format!("\"operations\": {{\n\"{step}\": {settings}}}"))
    }

    /// One key of `execution.json` with its value.
    pub(crate) fn execution(mut self, entry: &str) -> Self {
        self.execution.push(entry.to_owned());
        self
    }

    pub(crate) fn initial(mut self, json: &str) -> Self {
        self.initial = Some(json.to_owned());
        self
    }

    /// What is asked for this run.
    pub(crate) fn options(mut self, options: PlanOptions) -> Self {
        self.options = options;
        self
    }

    pub(crate) fn live(self) -> Self {
        self.options(PlanOptions { mode: Some(Mode::Live), ..PlanOptions::default() })
    }

    /// What planning says and gives.
    pub(crate) fn planned(&self) -> Planned {
        let package = self.package();
        let (pipeline, mut findings) = resolve::package(&package);
        let pipeline = pipeline.unwrap_or_else(|| panic!("not resolved:\n{}", shown(&findings)));
        let (protos, said) = ProtoSet::compile(&pipeline, &package.protos);
        findings.extend(said);
        assert!(!findings.has_errors(), "not compiled:\n{}", shown(&findings));
        let (plan, findings) = self.plan(&pipeline, &protos);
        Planned { plan, findings }
    }

    fn plan(&self, pipeline: &Pipeline, protos: &ProtoSet) -> (Option<Plan>, Findings) {
        let mut findings = Findings::new();
        let initial = match &self.initial {
            Some(json) => InitialData::read(&document("initial.json", json), &mut findings),
            None => InitialData::default(),
        };
        let (plan, said) = plan(pipeline, protos, &initial, &self.options);
        findings.extend(said);
        (plan.filter(|_| !findings.has_errors()), findings)
    }

    pub(crate) fn package(&self) -> Package {
        let mut protos = ProtoTree::new();
        for (name, text) in self.nodes.iter().filter(|(_, text)| !text.starts_with(CONTROLLED)) {
            let path = format!("microservice/{name}.proto");
            protos.insert(path.clone(), SourceText::new(format!("{name}.proto"), text.as_str()));
        }
        let execution = (!self.execution.is_empty())
            .then(|| format!("{{\"version\": 1,\n{}\n}}", self.execution.join(",\n")));
        Package {
            name: "p".to_owned(),
            blueprint: document("blueprint.json", &self.blueprint()),
            dockerinfo: document("dockerinfo.json", &self.dockerinfo()),
            execution: execution.map(|text| document("execution.json", &text)),
            protos,
        }
    }

    fn blueprint(&self) -> String {
        let mut targets: HashMap<&str, Vec<&str>> = HashMap::new();
        for (from, to) in &self.links {
            targets.entry(from).or_default().push(to);
        }
        let nodes: Vec<_> =
            self.nodes.iter().map(|(name, proto)| blueprint_node(name, proto, &targets)).collect();
        format!("{{\"name\": \"p\", \"nodes\": [{}]}}", nodes.join(","))
    }

    fn dockerinfo(&self) -> String {
        let entry = |(name, _): &(String, String)| {
            format!("{{\"container_name\": \"{name}\", \"ip_address\": \"{name}\", \"port\": \"8061\"}}")
        };
        let entries: Vec<_> = self.nodes.iter().map(entry).collect();
        format!("{{\"docker_info_list\": [{}]}}", entries.join(","))
    }
}

fn blueprint_node(name: &str, proto: &str, targets: &HashMap<&str, Vec<&str>>) -> String {
    let operation = |operation| {
        let links = targets.get(format!("{name}:{operation}").as_str()).into_iter().flatten();
        let links: Vec<_> = links.map(|to| blueprint_link(to)).collect();
        format!(
            "\n{{\"operation_signature\": {{\"operation_name\": \"{operation}\"}}, \"connected_to\": [{}]}}",
            links.join(",")
        )
    };
    let operations: Vec<_> = operations(proto).map(operation).collect();
    format!(
        "\n{{\"container_name\": \"{name}\", \"image\": \"i\", \"node_type\": \"MLModel\", \
         \"operation_signature_list\": [{}]}}",
        operations.join(",")
    )
}

fn blueprint_link(to: &str) -> String {
    let (container, operation) = to.split_once(':').unwrap();
    let signature = format!("{{\"operation_name\": \"{operation}\"}}");
    format!("\n{{\"container_name\": \"{container}\", \"operation_signature\": {signature}}}")
}

fn operations(proto: &str) -> impl Iterator<Item = &str> {
    proto.split("rpc ").skip(1).filter_map(|rest| rest.split('(').next())
}

fn document(name: &str, text: &str) -> Arc<Document> {
    Document::json(&SourceText::new(name, text)).unwrap()
}

/// A plan, when there is one, and all findings.
pub(crate) struct Planned {
    pub(crate) plan: Option<Plan>,
    pub(crate) findings: Findings,
}

impl Planned {
    /// The findings, and the plan below a line.
    pub(crate) fn shown(&self) -> String {
        let plan = self.plan.as_ref().map(|plan| format!("---\n{}", explain(plan)));
        format!("{}{}", shown(&self.findings), plan.unwrap_or_default())
    }

    /// The findings alone.
    pub(crate) fn said(&self) -> String {
        shown(&self.findings)
    }

    /// The plan, which must be there.
    pub(crate) fn explained(&self) -> String {
        explain(self.expect())
    }

    /// The names of the steps in plan order.
    pub(crate) fn order(&self) -> String {
        let names: Vec<_> = self.expect().steps.iter().map(|step| step.name.to_string()).collect();
        names.join(" ")
    }

    pub(crate) fn expect(&self) -> &Plan {
        self.plan.as_ref().unwrap_or_else(|| panic!("no plan:\n{}", self.said()))
    }

    pub(crate) fn step(&self, name: &str) -> &Step {
        self.expect().steps.iter().find(|step| step.name.to_string() == name).unwrap()
    }

    /// The message type of each incoming link of a step.
    pub(crate) fn sources(&self, name: &str) -> Vec<MessageDescriptor> {
        let plan = self.expect();
        let source = |link: &_| plan.step(plan.link(*link).from).operation.output.clone();
        self.step(name).inputs.iter().map(source).collect()
    }

    /// The request of a step, as JSON with set fields only, filled from one JSON object per incoming link.
    pub(crate) fn filled(&self, name: &str, answers: &[&str]) -> String {
        let step = self.step(name);
        let encode = |(message, json): (MessageDescriptor, &&str)| encoded(&message, json);
        let inputs: Vec<_> = self.sources(name).into_iter().zip(answers).map(encode).collect();
        let bytes = step.requests.join(&inputs).unwrap();
        json(&DynamicMessage::decode(step.operation.input.clone(), bytes).unwrap()).to_string()
    }
}

/// The bytes of a message in protobuf's own JSON.
pub(crate) fn encoded(message: &MessageDescriptor, json: &str) -> Bytes {
    let mut reader = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(message.clone(), &mut reader).unwrap().encode_to_vec().into()
}

/// A message in protobuf's own JSON, fields by their proto name and only those that are set.
pub(crate) fn json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(true);
    message.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
}

/// Findings with all their labels and their help.
pub(crate) fn shown(findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings {
        writeln!(text, "{finding}").unwrap();
        for label in &finding.labels {
            let marked = &label.source.text()[label.span.start..label.span.end];
            // Objects and arrays are known by their position.
            let marked = if marked.starts_with(['{', '[']) { String::new() } else { format!("`{marked}` ") };
            let line = format!("  {} {marked}{}", label.position(), label.note);
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(text, "  help: {help}").unwrap();
        }
    }
    text
}
