//! Transfer: a request is the same whichever way it is filled.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use aieffect_blueprint::{Document, Findings, Package, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;
use aieffect_orchestrator::plan::{InitialData, PlanOptions, RequestPlan, plan};
use aieffect_testkit::random::{Choices, Plain, Transfer, message, plain, wire};
use bytes::Bytes;
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};

use crate::looked::look;

/// Plans that are kept, since making one takes longer than using it a thousand times.
const MOST_KEPT: usize = 2_000;
/// Requests that are filled for each input.
const MOST_REQUESTS: usize = 16;
/// How many times as long as its messages a request may be, and how much longer.
const GROWTH: (usize, usize) = (40, 10_000);

/// A planned request: its type, those of the links' messages, and each way to fill it.
struct Planned {
    target: MessageDescriptor,
    sources: Vec<MessageDescriptor>,
    ways: Vec<(&'static str, RequestPlan)>,
}

thread_local! {
    static PLANS: RefCell<HashMap<Vec<u8>, Option<Rc<Planned>>>> = RefCell::default();
}

/// Takes a length of one byte, as many pairs of bytes to choose a pipeline of several services by, and then choices of
/// messages, or their bytes.
///
/// Every way to fill the request gives what decoding gives, as far as a reader of the request sees; what cannot be decoded
/// is an error or is handed on. A request is not much longer than what it is made of.
pub fn splicer(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else { return };
    let (pipeline, messages) = rest.split_at((usize::from(*length) * 2).min(rest.len()));
    let planned = PLANS.with_borrow_mut(|plans| {
        if plans.len() >= MOST_KEPT {
            plans.clear();
        }
        plans.entry(pipeline.to_vec()).or_insert_with(|| planned(pipeline).map(Rc::new)).clone()
    });
    if let Some(planned) = planned {
        let mut choices = Choices::new(messages);
        for _ in 0..MOST_REQUESTS {
            let inputs: Vec<_> = planned.sources.iter().map(|source| input(source, &mut choices)).collect();
            check(&planned, &inputs);
            if choices.rest().is_empty() {
                break;
            }
        }
    }
}

/// A message of the type, in whatever form a writer may choose, or any bytes.
fn input(source: &MessageDescriptor, choices: &mut Choices<'_>) -> Bytes {
    match choices.below(4) {
        0 => message(source, choices).encode_to_vec().into(),
        1 => {
            let length = usize::from(choices.byte());
            (0..length.min(choices.rest().len())).map(|_| choices.byte()).collect()
        }
        2 => {
            // Messages behind each other are one message.
            let mut bytes = wire(source, choices);
            bytes.extend(wire(source, choices));
            bytes.into()
        }
        _ => wire(source, choices).into(),
    }
}

fn check(planned: &Planned, inputs: &[Bytes]) {
    let Some((_, decoded)) = planned.ways.last() else { return };
    let expected =
        decoded.fill(inputs).ok().map(|filled| read(&planned.target, filled).expect("it was encoded"));
    let length: usize = inputs.iter().map(Bytes::len).sum();
    for (name, way) in &planned.ways {
        let filled = way.fill(inputs);
        if let Ok(filled) = &filled {
            let most = length * GROWTH.0 + GROWTH.1;
            assert!(filled.len() <= most, "{name}: {} bytes of {length}", filled.len());
        }
        if let Some(expected) = &expected {
            let filled = match filled {
                Ok(filled) => read(&planned.target, filled),
                Err(error) => panic!("{name}: {error}, for {inputs:?}"),
            };
            assert_eq!(filled.as_ref(), Some(expected), "{name}, for {inputs:?}");
        }
    }
}

fn read(target: &MessageDescriptor, bytes: Bytes) -> Option<Plain> {
    DynamicMessage::decode(target.clone(), bytes).ok().map(|message| plain(&message))
}

/// The plan of the pipeline, or of the first simpler one that has a plan.
fn planned(pipeline: &[u8]) -> Option<Planned> {
    let mut transfer = Some(Transfer::any(&mut Choices::new(pipeline)));
    while let Some(this) = transfer {
        let planned = plan_of(&this);
        if planned.is_some() {
            return planned;
        }
        transfer = this.simpler();
    }
    None
}

fn plan_of(transfer: &Transfer) -> Option<Planned> {
    let package = package(transfer);
    let (pipeline, findings) = resolve::package(&package);
    look(&findings);
    let pipeline = pipeline?;
    let (protos, findings) = ProtoSet::compile(&pipeline, &package.protos);
    look(&findings);
    let mut findings = Findings::new();
    let initial = InitialData::read(&document("initial.json", &transfer.initial()), &mut findings);
    let (plan, said) = plan(&pipeline, &protos, &initial, &PlanOptions::default());
    look(&findings);
    look(&said);
    let plan = plan.filter(|_| !said.has_errors())?;
    let step = plan.steps.iter().find(|step| step.name.to_string() == "t:Take")?;
    let source = |link: &_| plan.step(plan.link(*link).from).operation.output.clone();
    let sources: Vec<_> = step.inputs.iter().map(source).collect();
    let target = step.operation.input.clone();
    let ways = step.requests.plans().first()?.ways(&target, &sources);
    Some(Planned { target, sources, ways })
}

fn package(transfer: &Transfer) -> Package {
    let mut protos = ProtoTree::new();
    let (mut nodes, mut addresses) = (Vec::new(), Vec::new());
    for (name, proto) in transfer.nodes() {
        let operation = if name == "t" { "Take" } else { "Give" };
        let to_taker = json!([{"container_name": "t", "operation_signature": {"operation_name": "Take"}}]);
        let links = if name == "t" { json!([]) } else { to_taker };
        nodes.push(json!({
            "container_name": name, "image": "i", "node_type": "MLModel",
            "operation_signature_list":
                [{"operation_signature": {"operation_name": operation}, "connected_to": links}],
        }));
        addresses.push(json!({"container_name": name, "ip_address": name, "port": "8061"}));
        protos.insert(format!("microservice/{name}.proto"), SourceText::new(format!("{name}.proto"), proto));
    }
    Package {
        name: "p".to_owned(),
        blueprint: document("blueprint.json", &json!({"name": "p", "nodes": nodes})),
        dockerinfo: document("dockerinfo.json", &json!({"docker_info_list": addresses})),
        execution: Some(document("execution.json", &transfer.execution())),
        protos,
    }
}

fn document(name: &str, value: &Value) -> Arc<Document> {
    Document::json(&SourceText::new(name, value.to_string())).expect("it is JSON")
}
