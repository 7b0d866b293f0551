//! Small plans for tests.

use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::{Address, AtEnd, Idempotence, Mode, Port, StepName, TransportKind};
use aieffect_contract::{BoundOperation, CallShape};
use prost_reflect::DescriptorPool;

use crate::plan::{
    Feed, Gather, LinkId, Multiplicity, NodeId, Overflow, Plan, PlannedLink, PlannedNode, Policy,
    RequestPlan, Requests, Step, StepId,
};
use crate::success::SuccessContract;

/// A plan of unary steps named `node:operation`, linked as said, in plan order. Three attempts each.
pub(crate) fn plan(steps: &[&str], links: &[(&str, &str)]) -> Plan {
    let names: Vec<StepName> = steps.iter().map(|name| name.parse().unwrap()).collect();
    let position = |name: &str| steps.iter().position(|step| *step == name).unwrap();
    let links: Vec<(usize, usize)> = links.iter().map(|(from, to)| (position(from), position(to))).collect();
    of_names(names, &links)
}

/// A plan of `count` steps of as many nodes, linked by position.
pub(crate) fn numbered(count: usize, links: &[(usize, usize)]) -> Plan {
    let names = (0..count).map(|index| format!("n{index}:Do").parse().unwrap()).collect();
    of_names(names, links)
}

pub(crate) fn step(plan: &Plan, name: &str) -> StepId {
    plan.steps().find(|(_, step)| step.name.to_string() == name).unwrap().0
}

fn of_names(names: Vec<StepName>, links: &[(usize, usize)]) -> Plan {
    let empty = DescriptorPool::global().get_message_by_name("google.protobuf.Empty").unwrap();
    let mut nodes: Vec<PlannedNode> = Vec::new();
    let mut planned = Vec::new();
    for name in names {
        let known = nodes.iter().position(|node| node.name == name.node);
        let node = known.unwrap_or(nodes.len());
        if known.is_none() {
            let address = Address { host: "127.0.0.1".into(), port: Port::DEFAULT };
            nodes.push(PlannedNode { name: name.node.clone(), address, transport: TransportKind::Grpc });
        }
        let path = format!("/test.Service/{}", name.operation);
        planned.push(Step {
            operation: BoundOperation {
                transport: TransportKind::Grpc,
                path,
                shape: CallShape::Unary,
                input: empty.clone(),
                output: empty.clone(),
            },
            name,
            node: NodeId::new(node),
            gather: Gather::Join,
            inputs: Vec::new(),
            outputs: Vec::new(),
            gives: Multiplicity::One,
            feed: Feed::Once,
            requests: Requests::Joined(RequestPlan::constant(Vec::new())),
            policy: Policy {
                deadline: Duration::from_secs(60),
                attempts: NonZeroU32::new(3).unwrap(),
                backoff: Duration::from_millis(500),
                idempotence: Idempotence::Unset,
            },
            success: SuccessContract::default(),
            parallel: NonZeroU32::MIN,
            at_end: AtEnd::Stop,
        });
    }
    let mut plan = Plan {
        name: "sample".into(),
        mode: Mode::Batch,
        nodes,
        steps: planned,
        links: Vec::new(),
        max_parallel: NonZeroU32::new(16).unwrap(),
        queue_size: NonZeroU32::new(4).unwrap(),
        iterations: None,
    };
    for (index, (from, to)) in links.iter().enumerate() {
        plan.steps[*from].outputs.push(LinkId::new(index));
        plan.steps[*to].inputs.push(LinkId::new(index));
        plan.links.push(PlannedLink {
            from: StepId::new(*from),
            to: StepId::new(*to),
            carries: Multiplicity::One,
            overflow: Overflow::Wait,
        });
    }
    plan
}
