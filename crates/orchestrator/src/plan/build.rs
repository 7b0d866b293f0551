//! Which operations become steps, in which order, and what is said about those that do not.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};

use aieffect_blueprint::{Code, Diagnostic, Findings, MentionKind, Mode, Operation, OperationId, Pipeline};
use aieffect_contract::{BoundOperation, CallShape, ProtoSet};

use super::initial::{InitialData, StepData};
use super::provider::{self, Incoming};
use super::{
    Feed, Gather, LinkId, Multiplicity, NodeId, Overflow, Plan, PlannedLink, PlannedNode, Policy, Requests,
    Step, StepId, cycle,
};
use crate::success::SuccessContract;

/// Plans a run of `pipeline` with what its services' protos say and the data given by hand. `None` when a
/// finding is an error.
///
/// In a pipeline that has links, an operation without any becomes a step only if the initial data names it;
/// in one without links, all do.
pub fn plan(pipeline: &Pipeline, protos: &ProtoSet, initial: &InitialData) -> (Option<Plan>, Findings) {
    let mut findings = Findings::new();
    let chosen = choose(pipeline, initial, &mut findings);
    refuse_streams(pipeline, protos, &chosen, &mut findings);
    let Some(order) = cycle::order(pipeline, protos, &chosen, &mut findings) else { return (None, findings) };
    let data = initial.distribute(pipeline, protos, &order, &mut findings);
    let plan = assemble(pipeline, protos, &order, &data, &mut findings);
    let plan = plan.filter(|_| !findings.has_errors());
    (plan, findings)
}

fn choose(pipeline: &Pipeline, initial: &InitialData, findings: &mut Findings) -> Vec<OperationId> {
    let linked: HashSet<_> = pipeline.links().iter().flat_map(|link| [link.from, link.to]).collect();
    let all_unlinked = linked.is_empty();
    let named = initial.steps();
    let (chosen, unused): (Vec<_>, Vec<_>) = pipeline
        .operations()
        .partition(|id| all_unlinked || linked.contains(id) || named.contains(&pipeline.step_name(*id)));
    for id in unused {
        findings.push(not_called(pipeline, id));
    }
    chosen
}

fn not_called(pipeline: &Pipeline, id: OperationId) -> Diagnostic {
    let name = pipeline.step_name(id);
    let mentions = &pipeline.operation(id).mentions;
    let starts = mentions.iter().any(|mention| mention.kind == MentionKind::StartService);
    let (though, start) = if starts {
        (", though its service is `start_service`", "`start_service` calls nothing by itself: ")
    } else {
        ("", "")
    };
    let finding = Diagnostic::warning(Code::UnusedOperation, format!("`{name}` is not called{though}"))
        .help(format!("{start}link it, or name it in the initial data: {{\"{name}\": {{}}}}"));
    mentions.iter().enumerate().fold(finding, |finding, (nth, mention)| {
        let note = if nth == 0 { "no link leads to it or from it" } else { "" };
        finding.at(mention.label().with_note(note))
    })
}

fn refuse_streams(pipeline: &Pipeline, protos: &ProtoSet, chosen: &[OperationId], findings: &mut Findings) {
    for id in chosen {
        let Some(operation) = protos.operation(*id) else { continue };
        let shape = match operation.shape {
            CallShape::Unary => continue,
            CallShape::ClientStream => "takes a stream",
            CallShape::ServerStream => "answers with a stream",
            CallShape::Bidirectional => "takes and answers with a stream",
        };
        let message = format!("`{}` {shape}, which is not yet run", pipeline.step_name(*id));
        findings.push(
            Diagnostic::error(Code::StreamsNotYet, message)
                .at(protos.operation_label(*id))
                .help("this version runs unary operations: one request, one response"),
        );
    }
}

fn assemble(
    pipeline: &Pipeline,
    protos: &ProtoSet,
    order: &[OperationId],
    data: &BTreeMap<OperationId, StepData>,
    findings: &mut Findings,
) -> Option<Plan> {
    let steps_by_id: BTreeMap<_, _> =
        order.iter().enumerate().map(|(index, id)| (*id, StepId::new(index))).collect();
    let mut incoming: BTreeMap<OperationId, Vec<usize>> = BTreeMap::new();
    let mut outgoing: BTreeMap<OperationId, Vec<LinkId>> = BTreeMap::new();
    let mut links = Vec::new();
    for (index, link) in pipeline.links().iter().enumerate() {
        let (from, to) = (*steps_by_id.get(&link.from)?, *steps_by_id.get(&link.to)?);
        incoming.entry(link.to).or_default().push(index);
        outgoing.entry(link.from).or_default().push(LinkId::new(index));
        links.push(PlannedLink { from, to, carries: Multiplicity::One, overflow: Overflow::Wait });
    }
    let mut node_ids: BTreeMap<usize, NodeId> = BTreeMap::new();
    let mut nodes = Vec::new();
    let mut steps = Vec::new();
    for id in order {
        let node = *node_ids.entry(id.node).or_insert_with(|| {
            let node = pipeline.node(*id);
            nodes.push(PlannedNode { name: node.name.clone(), address: node.address.clone() });
            NodeId::new(nodes.len() - 1)
        });
        let Some(operation) = protos.operation(*id) else { continue };
        let indices = incoming.remove(id).unwrap_or_default();
        let sources = indices.iter().filter_map(|index| {
            let link = &pipeline.links()[*index];
            Some(Incoming { link, operation: protos.operation(link.from)? })
        });
        let sources: Vec<_> = sources.collect();
        let request = provider::request(pipeline, protos, *id, &sources, data.get(id), findings);
        steps.push(Step {
            name: pipeline.step_name(*id),
            node,
            operation: operation.clone(),
            gather: Gather::Join,
            inputs: indices.into_iter().map(LinkId::new).collect(),
            outputs: outgoing.remove(id).unwrap_or_default(),
            gives: Multiplicity::One,
            feed: Feed::Once,
            requests: Requests::Joined(request),
            policy: policy(pipeline.operation(*id)),
            success: success(operation, pipeline.operation(*id), findings),
            parallel: pipeline.operation(*id).settings.parallel,
            at_end: pipeline.operation(*id).settings.at_end,
        });
    }
    let max_parallel = pipeline.execution().max_parallel;
    (steps.len() == order.len()).then(|| Plan {
        name: pipeline.name().to_owned(),
        mode: Mode::Batch,
        nodes,
        steps,
        links,
        max_parallel,
        queue_size: pipeline.execution().queue_size,
        iterations: None,
    })
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

fn success(bound: &BoundOperation, operation: &Operation, findings: &mut Findings) -> SuccessContract {
    SuccessContract::plan(&bound.output, &operation.settings, findings)
}

/// Positions of `count` things, each after those that lead to it and otherwise in their own order; what is
/// left out stands on a cycle or behind one.
pub(super) fn topological(count: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut waiting = vec![0_usize; count];
    let mut leads: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in arrows {
        waiting[*to] += 1;
        leads[*from].push(*to);
    }
    let mut ready: BinaryHeap<_> = (0..count).filter(|index| waiting[*index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for to in &leads[index] {
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                ready.push(Reverse(*to));
            }
        }
    }
    order
}
