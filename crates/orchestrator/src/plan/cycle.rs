//! The order of steps, and the cycles that leave none.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use aieffect_blueprint::{Code, Diagnostic, Findings, Link, OperationId, Pipeline};
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
    let arrow = |link: &Link| Some((*positions.get(&link.from)?, *positions.get(&link.to)?));
    let arrows: Vec<_> = pipeline.links().iter().filter_map(arrow).collect();
    let order = topological(chosen.len(), &arrows);
    if order.len() == chosen.len() {
        return Some(order.into_iter().map(|index| chosen[index]).collect());
    }
    let leads = leads(chosen.len(), &arrows, |_| true);
    let reached = reached_from_sources(protos, chosen, &arrows, &leads);
    let links: HashMap<_, _> =
        pipeline.links().iter().rev().map(|link| ((link.from, link.to), link)).collect();
    for cycle in cycles(chosen.len(), &arrows, &order) {
        let is_live = cycle.iter().any(|step| reached.contains(step));
        let started = if is_live { Started::FromSource } else { Started::ByNothing };
        let cycle: Vec<_> = cycle.into_iter().map(|step| chosen[step]).collect();
        findings.push(finding(pipeline, &links, &cycle, started));
    }
    None
}

/// Where the arrows between steps that are `kept` lead, by where they come from.
fn leads(count: usize, arrows: &[(usize, usize)], kept: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut leads = vec![Vec::new(); count];
    for (from, to) in arrows {
        if kept(*from) && kept(*to) {
            leads[*from].push(*to);
        }
    }
    leads
}

/// One cycle for each group of steps that lie on cycles with each other: a shortest through its first step.
fn cycles(count: usize, arrows: &[(usize, usize)], ordered: &[usize]) -> Vec<Vec<usize>> {
    let ordered: HashSet<_> = ordered.iter().copied().collect();
    let leads = leads(count, arrows, |step| !ordered.contains(&step));
    let groups = groups(&leads);
    let mut done = HashSet::new();
    let mut cycles = Vec::new();
    for start in (0..count).filter(|step| !ordered.contains(step)) {
        if done.insert(groups[start]) {
            cycles.extend(way_back(start, &leads, &groups));
        }
    }
    cycles
}

/// A number for each step, the same for those that lead to each other. (Kosaraju: in the reverse order of
/// leaving them forwards, what a step reaches backwards and is not yet in a group is its group.)
fn groups(leads: &[Vec<usize>]) -> Vec<usize> {
    let mut left = Vec::with_capacity(leads.len());
    let mut seen = vec![false; leads.len()];
    for start in 0..leads.len() {
        let mut way = Vec::new();
        if !std::mem::replace(&mut seen[start], true) {
            way.push((start, leads[start].iter()));
        }
        while let Some((step, next)) = way.last_mut() {
            match next.find(|next| !seen[**next]) {
                Some(next) => {
                    seen[*next] = true;
                    way.push((*next, leads[*next].iter()));
                }
                None => {
                    left.push(*step);
                    way.pop();
                }
            }
        }
    }
    let mut comes = vec![Vec::new(); leads.len()];
    for (from, next) in leads.iter().enumerate() {
        next.iter().for_each(|to| comes[*to].push(from));
    }
    let mut groups = vec![usize::MAX; leads.len()];
    for start in left.into_iter().rev() {
        let mut open = vec![start];
        while let Some(step) = open.pop() {
            if groups[step] == usize::MAX {
                groups[step] = start;
                open.extend(comes[step].iter().filter(|before| groups[**before] == usize::MAX));
            }
        }
    }
    groups
}

/// A shortest way from `start` within its group until it would be back; `None` when it never is.
fn way_back(start: usize, leads: &[Vec<usize>], groups: &[usize]) -> Option<Vec<usize>> {
    let mut before = HashMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(step) = open.pop_front() {
        for next in leads[step].iter().copied().filter(|next| groups[*next] == groups[start]) {
            if next == start {
                let mut way: Vec<_> =
                    std::iter::successors(Some(step), |step| before.get(step).copied()).collect();
                way.reverse();
                return Some(way);
            }
            if let Entry::Vacant(entry) = before.entry(next) {
                entry.insert(step);
                open.push_back(next);
            }
        }
    }
    None
}

/// What sources, operations whose input has no fields and no incoming link, lead to.
fn reached_from_sources(
    protos: &ProtoSet,
    chosen: &[OperationId],
    arrows: &[(usize, usize)],
    leads: &[Vec<usize>],
) -> HashSet<usize> {
    let has_incoming: HashSet<_> = arrows.iter().map(|(_, to)| *to).collect();
    let is_source = |step: &usize| {
        let fieldless = protos.operation(chosen[*step]).is_some_and(|bound| bound.input.fields().len() == 0);
        fieldless && !has_incoming.contains(step)
    };
    let mut open: Vec<_> = (0..chosen.len()).filter(is_source).collect();
    let mut reached: HashSet<_> = open.iter().copied().collect();
    while let Some(step) = open.pop() {
        open.extend(leads[step].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// What sets a cycle going.
#[derive(Clone, Copy)]
enum Started {
    FromSource,
    ByNothing,
}

fn finding(
    pipeline: &Pipeline,
    links: &HashMap<(OperationId, OperationId), &Link>,
    cycle: &[OperationId],
    started: Started,
) -> Diagnostic {
    let names: Vec<_> =
        cycle.iter().chain(cycle.first()).map(|id| format!("`{}`", pipeline.step_name(*id))).collect();
    let way = names.join(" → ");
    let mut diagnostic = match started {
        Started::FromSource => Diagnostic::error(
            Code::LiveNotYet,
            format!("a cycle runs in live mode, which is not yet there: {way}"),
        )
        .help("this version runs pipelines whose links never lead back"),
        Started::ByNothing => {
            Diagnostic::error(Code::Cycle, format!("these steps wait for each other: {way}"))
                .help("remove one of these links, so that none leads back")
        }
    };
    for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
        if let Some(link) = links.get(&(*from, *to)) {
            let note = format!("leads to `{}`", pipeline.step_name(*to));
            diagnostic = diagnostic.at(link.place.label().with_note(note));
        }
    }
    diagnostic
}
