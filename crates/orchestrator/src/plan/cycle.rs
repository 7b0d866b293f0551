//! Cycles of operations: which there are, what starts them, and what is said of those that cannot run.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use aieffect_blueprint::{Code, Diagnostic, Findings, Link, Mode, OperationId};

use super::graph::Graph;
use super::order::topological;

/// What sets a cycle going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Started {
    /// Messages of a live source lead to it.
    BySource,
    /// Each of its steps waits for another.
    ByNothing,
}

/// Steps of which each leads to the next, and the last to the first.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    way: Vec<usize>,
    pub(super) started: Started,
}

/// One cycle for each group of steps that lie on cycles with each other.
pub(super) fn cycles(graph: &Graph<'_>) -> Vec<Cycle> {
    let arrows = graph.ends();
    let order = topological(graph.len(), &arrows);
    if order.len() == graph.len() {
        return Vec::new();
    }
    let ordered: HashSet<_> = order.into_iter().collect();
    let leads = leads(graph.len(), &arrows, |step| !ordered.contains(&step));
    let groups = groups(&leads);
    let reached = graph.reached_when_live();
    let live: HashSet<_> = (0..graph.len()).filter(|step| reached[*step]).map(|step| groups[step]).collect();
    let mut done = HashSet::new();
    let mut cycles = Vec::new();
    for start in (0..graph.len()).filter(|step| !ordered.contains(step)) {
        if done.insert(groups[start]) {
            let started = if live.contains(&groups[start]) { Started::BySource } else { Started::ByNothing };
            cycles.extend(way_back(start, &leads, &groups).map(|way| Cycle { way, started }));
        }
    }
    cycles
}

/// Reports the cycles that a run in that mode would wait in for ever.
pub(super) fn report(graph: &Graph<'_>, cycles: &[Cycle], mode: Mode, findings: &mut Findings) {
    let links = graph.pipeline.links().iter().rev();
    let links: HashMap<_, _> = links.map(|link| ((link.from, link.to), link)).collect();
    let is_stuck = |cycle: &&Cycle| mode == Mode::Batch || cycle.started == Started::ByNothing;
    for cycle in cycles.iter().filter(is_stuck) {
        findings.push(cycle.finding(graph, &links, mode));
    }
}

impl Cycle {
    /// Names every step and every link of it.
    fn finding(
        &self,
        graph: &Graph<'_>,
        links: &HashMap<(OperationId, OperationId), &Link>,
        mode: Mode,
    ) -> Diagnostic {
        let names: Vec<_> =
            self.way.iter().chain(self.way.first()).map(|step| format!("`{}`", graph.name(*step))).collect();
        let message = format!("these steps wait for each other: {}", names.join(" → "));
        let help = match (mode, self.started) {
            (Mode::Batch, Started::ByNothing) => "remove one of these links, so that none leads back",
            (Mode::Batch, Started::BySource) => {
                "batch mode is asked for, and only live mode runs a cycle: remove one of these links, or run it live"
            }
            (Mode::Live, _) => {
                "nothing starts them: remove one of these links, or lead to them from a source, an operation \
                 whose request has no fields and that no link leads to"
            }
        };
        let mut diagnostic = Diagnostic::error(Code::Cycle, message).help(help);
        for (from, to) in self.way.iter().zip(self.way.iter().cycle().skip(1)) {
            if let Some(link) = links.get(&(graph.operations[*from], graph.operations[*to])) {
                let note = format!("leads to `{}`", graph.name(*to));
                diagnostic = diagnostic.at(link.place.label().with_note(note));
            }
        }
        diagnostic
    }
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

/// A number for each step, the same for those that lead to each other. (Kosaraju: in the reverse order of
/// leaving them forwards, what a step reaches backwards and is not yet in a group is its group.)
pub(super) fn groups(leads: &[Vec<usize>]) -> Vec<usize> {
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
