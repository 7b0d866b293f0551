//! Puts a plan together.

use std::collections::BTreeMap;

use aieffect_blueprint::{Findings, Mode, Operation, OperationId, Pipeline, WhenFull};
use aieffect_contract::ProtoSet;

use super::graph::Graph;
use super::initial::{InitialData, StepData};
use super::provider::{self, Incoming};
use super::{
    Feed, Gather, LinkId, Multiplicity, NodeId, Overflow, Plan, PlanOptions, PlannedLink, PlannedNode,
    Policy, Step, StepId, choose, cycle, flow, order,
};
use crate::success::SuccessContract;

/// Plans a run of `pipeline` with what its services' protos say, the data given by hand, and what is asked for
/// this run. `None` when a finding is an error.
///
/// In a pipeline that has links, an operation without any becomes a step only if the initial data names it;
/// in one without links, all do. In live mode only those do that messages of a source lead to.
pub fn plan(
    pipeline: &Pipeline,
    protos: &ProtoSet,
    initial: &InitialData,
    options: &PlanOptions,
) -> (Option<Plan>, Findings) {
    let mut findings = Findings::new();
    let plan = try_plan(pipeline, protos, initial, options, &mut findings);
    (plan.filter(|_| !findings.has_errors()), findings)
}

fn try_plan(
    pipeline: &Pipeline,
    protos: &ProtoSet,
    initial: &InitialData,
    options: &PlanOptions,
    findings: &mut Findings,
) -> Option<Plan> {
    let (spoken_of, others) = choose::spoken_of(pipeline, initial);
    let spoken_of = Graph::new(pipeline, protos, spoken_of);
    let cycles = cycle::cycles(&spoken_of);
    let mode = options.mode(pipeline, &cycles);
    choose::report_unlinked(&spoken_of, mode, &others, findings);
    cycle::report(&spoken_of, &cycles, mode, findings);
    if findings.has_errors() {
        return None;
    }
    let (graph, order) = match mode {
        Mode::Batch => {
            let order = order::topological(spoken_of.len(), &spoken_of.ends());
            (spoken_of, order)
        }
        Mode::Live => {
            let called = choose::called_when_live(&spoken_of, initial, findings)?;
            let order = order::across_cycles(called.len(), &called.ends());
            (called, order)
        }
    };
    flow::report_idle(&graph, mode, findings);
    let data = initial.distribute(&graph, &order, findings);
    let (nodes, mut steps, mut links) = parts(&graph, mode, &order, &data, findings)?;
    flow::settle(mode, &mut steps, &mut links);
    Some(Plan {
        name: pipeline.name().to_owned(),
        mode,
        nodes,
        steps,
        links,
        max_parallel: pipeline.execution().max_parallel,
        queue_size: options.queue_size(pipeline),
        iterations: options.iterations,
    })
}

type Parts = (Vec<PlannedNode>, Vec<Step>, Vec<PlannedLink>);

fn parts(
    graph: &Graph<'_>,
    mode: Mode,
    order: &[usize],
    data: &BTreeMap<OperationId, StepData>,
    findings: &mut Findings,
) -> Option<Parts> {
    let mut places = vec![StepId::new(0); graph.len()];
    order.iter().enumerate().for_each(|(place, position)| places[*position] = StepId::new(place));
    let mut inputs: Vec<Vec<LinkId>> = vec![Vec::new(); graph.len()];
    let mut outputs: Vec<Vec<LinkId>> = vec![Vec::new(); graph.len()];
    let mut links = Vec::with_capacity(graph.arrows.len());
    for (number, arrow) in graph.arrows.iter().enumerate() {
        inputs[arrow.to].push(LinkId::new(number));
        outputs[arrow.from].push(LinkId::new(number));
        let overflow = match graph.link(arrow).when_full {
            WhenFull::Wait => Overflow::Wait,
            WhenFull::KeepLatest => Overflow::KeepLatest,
        };
        let (from, to) = (places[arrow.from], places[arrow.to]);
        links.push(PlannedLink { from, to, carries: Multiplicity::One, overflow });
    }
    let gather = match mode {
        Mode::Batch => Gather::Join,
        Mode::Live => Gather::Merge,
    };
    let mut node_ids: BTreeMap<usize, NodeId> = BTreeMap::new();
    let mut nodes = Vec::new();
    let mut steps = Vec::with_capacity(order.len());
    for position in order.iter().copied() {
        let id = graph.operations[position];
        let node = *node_ids.entry(id.node).or_insert_with(|| {
            let node = graph.pipeline.node(id);
            nodes.push(PlannedNode {
                name: node.name.clone(),
                address: node.address.clone(),
                transport: node.transport.kind(),
            });
            NodeId::new(nodes.len() - 1)
        });
        let Some(bound) = graph.bound(position) else { continue };
        let inputs = std::mem::take(&mut inputs[position]);
        let incoming = inputs.iter().filter_map(|link| {
            let arrow = &graph.arrows[link.index()];
            Some(Incoming { link: graph.link(arrow), operation: graph.bound(arrow.from)? })
        });
        let incoming: Vec<_> = incoming.collect();
        let requests = provider::requests(graph, position, gather, &incoming, data.get(&id), findings);
        let operation = graph.operation(position);
        steps.push(Step {
            name: graph.name(position),
            node,
            operation: bound.clone(),
            gather,
            inputs,
            outputs: std::mem::take(&mut outputs[position]),
            gives: Multiplicity::One,
            feed: Feed::Once,
            requests,
            policy: policy(operation),
            success: SuccessContract::plan(&bound.output, &operation.settings, findings),
            parallel: operation.settings.parallel,
            at_end: operation.settings.at_end,
        });
    }
    (steps.len() == order.len()).then_some((nodes, steps, links))
}

fn policy(operation: &Operation) -> Policy {
    let settings = &operation.settings;
    Policy {
        deadline: settings.deadline,
        attempts: settings.attempts,
        backoff: settings.backoff,
        idempotence: settings.idempotence,
    }
}
