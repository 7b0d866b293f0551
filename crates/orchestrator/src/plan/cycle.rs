//! The order of steps, and the cycles that leave none.

use std::collections::{BTreeMap, HashSet};

use aieffect_blueprint::{Code, Diagnostic, Findings, OperationId, Pipeline};
use aieffect_contract::ProtoSet;

use super::build::topological;

/// The operations in plan order; findings that name every step of a cycle, and `None`, when there is one.
pub(super) fn order(
    pipeline: &Pipeline,
    protos: &ProtoSet,
    chosen: &[OperationId],
    findings: &mut Findings,
) -> Option<Vec<OperationId>> {
    let positions: BTreeMap<_, _> = chosen.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let arrow =
        |link: &aieffect_blueprint::Link| Some((*positions.get(&link.from)?, *positions.get(&link.to)?));
    let arrows: Vec<_> = pipeline.links().iter().filter_map(arrow).collect();
    let order = topological(chosen.len(), &arrows);
    if order.len() == chosen.len() {
        return Some(order.into_iter().map(|index| chosen[index]).collect());
    }
    let ordered: HashSet<_> = order.iter().copied().collect();
    for cycle in cycles(chosen.len(), &arrows, &ordered) {
        let is_live = is_reached_from_source(pipeline, protos, chosen, &arrows, &ordered, &cycle);
        findings.push(finding(pipeline, chosen, &cycle, is_live));
    }
    None
}

/// One cycle for each group of steps that lie on cycles with each other, found by walking backwards through
/// what is left: every step left has one before it that is left too.
fn cycles(count: usize, arrows: &[(usize, usize)], ordered: &HashSet<usize>) -> Vec<Vec<usize>> {
    let mut before: Vec<Option<usize>> = vec![None; count];
    for (from, to) in arrows.iter().rev() {
        if !ordered.contains(from) && !ordered.contains(to) {
            before[*to] = Some(*from);
        }
    }
    let mut seen = vec![false; count];
    let mut cycles = Vec::new();
    for start in (0..count).filter(|index| !ordered.contains(index)) {
        let mut way = Vec::new();
        let mut at = Some(start);
        while let Some(step) = at.filter(|step| !seen[*step]) {
            seen[step] = true;
            way.push(step);
            at = before[step];
        }
        let Some(first) = at.and_then(|step| way.iter().position(|each| *each == step)) else { continue };
        let mut cycle = way.split_off(first);
        cycle.reverse();
        let smallest = cycle.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(index, _)| index);
        cycle.rotate_left(smallest);
        cycles.push(cycle);
    }
    cycles
}

/// Whether a source, an operation whose input has no fields and no incoming link, leads to the cycle.
fn is_reached_from_source(
    pipeline: &Pipeline,
    protos: &ProtoSet,
    chosen: &[OperationId],
    arrows: &[(usize, usize)],
    ordered: &HashSet<usize>,
    cycle: &[usize],
) -> Started {
    let has_incoming: HashSet<_> = arrows.iter().map(|(_, to)| *to).collect();
    let is_source = |step: &usize| {
        let fieldless = protos.operation(chosen[*step]).is_some_and(|bound| bound.input.fields().len() == 0);
        fieldless && !has_incoming.contains(step)
    };
    let mut reached: HashSet<_> =
        (0..pipeline.operations().count().min(chosen.len())).filter(is_source).collect();
    let mut open: Vec<_> = reached.iter().copied().filter(|step| ordered.contains(step)).collect();
    let mut leads: Vec<Vec<usize>> = vec![Vec::new(); chosen.len()];
    for (from, to) in arrows {
        leads[*from].push(*to);
    }
    while let Some(step) = open.pop() {
        open.extend(leads[step].iter().copied().filter(|next| reached.insert(*next)));
    }
    if cycle.iter().any(|step| reached.contains(step)) { Started::FromSource } else { Started::ByNothing }
}

/// What sets a cycle going.
#[derive(Clone, Copy)]
enum Started {
    FromSource,
    ByNothing,
}

fn finding(pipeline: &Pipeline, chosen: &[OperationId], cycle: &[usize], started: Started) -> Diagnostic {
    let names: Vec<_> = cycle
        .iter()
        .chain(cycle.first())
        .map(|step| format!("`{}`", pipeline.step_name(chosen[*step])))
        .collect();
    let way = names.join(" → ");
    let mut diagnostic = match started {
        Started::FromSource => Diagnostic::error(
            Code::LiveNotYet,
            format!("a cycle runs in live mode, which is not yet there: {way}"),
        )
        .help("this version runs pipelines whose links never lead back"),
        Started::ByNothing => {
            Diagnostic::error(Code::Cycle, format!("these steps wait for each other: {way}"))
                .help("remove one of these links, or start the cycle from an operation without inputs")
        }
    };
    let pairs = cycle.iter().zip(cycle.iter().cycle().skip(1));
    for (from, to) in pairs {
        let (from, to) = (chosen[*from], chosen[*to]);
        if let Some(link) = pipeline.links().iter().find(|link| link.from == from && link.to == to) {
            diagnostic =
                diagnostic.at(link.place.label().with_note(format!("leads to `{}`", pipeline.step_name(to))));
        }
    }
    diagnostic
}
