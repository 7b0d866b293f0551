//! Which links of a batch run keep what does not fit into their queue in a file.
//!
//! A full queue makes its producer wait. Where branches meet again, that wait can close a circle: one branch
//! is full until the other gives its message, and the other, say a step that takes a whole stream, gives none
//! before the producer of both has gone on. A circle of waits runs along a ring of links, taken without their
//! direction, and every ring has a step where two of its links end. There the links that carry many messages
//! get a file, and no circle closes.

use super::{Feed, Multiplicity, Overflow, PlannedLink, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Marks these links; the steps stand in plan order.
pub(super) fn mark(steps: &[Step], links: &mut [PlannedLink]) {
    let paces = paces(steps, links);
    let carried: Vec<_> = links.iter().map(|link| paces[link.from.index()] != Pace::AtOnce).collect();
    let rings = rings(steps.len(), links, &carried);
    for step in steps.iter().filter(|step| step.inputs.len() > 1) {
        let mut meeting: BTreeMap<usize, BTreeSet<Pace>> = BTreeMap::new();
        let inputs = step.inputs.iter().map(|link| link.index());
        for link in inputs.clone().filter(|link| carried[*link]) {
            meeting.entry(rings[link]).or_default().insert(paces[links[link].from.index()]);
        }
        for link in inputs.filter(|link| carried[*link]) {
            let differ = meeting.get(&rings[link]).is_some_and(|paces| paces.len() > 1);
            if differ && links[link].carries == Multiplicity::Many {
                links[link].overflow = Overflow::Spool;
            }
        }
    }
}

/// When a step gives its responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pace {
    /// Once, and no stream comes before it: it never waits for a queue.
    AtOnce,
    /// Once, some time after a stream has begun.
    Later(usize),
    /// One for each message of this step's stream; branches of one pace stay beside each other.
    Each(usize),
}

fn paces(steps: &[Step], links: &[PlannedLink]) -> Vec<Pace> {
    let mut paces: Vec<Pace> = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        let mut inputs = step.inputs.iter().map(|link| paces[links[link.index()].from.index()]);
        let pace = match step.gives {
            Multiplicity::One if inputs.all(|pace| pace == Pace::AtOnce) => Pace::AtOnce,
            Multiplicity::One => Pace::Later(position),
            Multiplicity::Many if step.feed == Feed::EachMessage && !step.gives_stream() => {
                let mut waits: BTreeSet<_> = inputs.filter(|pace| *pace != Pace::AtOnce).collect();
                match (waits.pop_first(), waits.is_empty()) {
                    (Some(Pace::Each(source)), true) => Pace::Each(source),
                    _ => Pace::Each(position),
                }
            }
            Multiplicity::Many => Pace::Each(position),
        };
        paces.push(pace);
    }
    paces
}

/// For each of the links that are `kept` a number, the same for links of one ring. (Tarjan's biconnected
/// components, without recursion.)
fn rings(steps: usize, links: &[PlannedLink], kept: &[bool]) -> Vec<usize> {
    let mut beside: Vec<Vec<(usize, usize)>> = vec![Vec::new(); steps];
    for (number, link) in links.iter().enumerate().filter(|(number, _)| kept[*number]) {
        beside[link.from.index()].push((link.to.index(), number));
        beside[link.to.index()].push((link.from.index(), number));
    }
    let mut walk = Walk {
        beside,
        seen: vec![usize::MAX; steps],
        lowest: vec![usize::MAX; steps],
        count: 0,
        open: Vec::new(),
        rings: vec![usize::MAX; links.len()],
    };
    for start in 0..steps {
        if walk.seen[start] == usize::MAX {
            walk.from(start);
        }
    }
    walk.rings
}

struct Walk {
    /// The neighbours of each step, with the links to them.
    beside: Vec<Vec<(usize, usize)>>,
    /// When each step was first seen.
    seen: Vec<usize>,
    /// The earliest step that its branch of the walk leads back to.
    lowest: Vec<usize>,
    count: usize,
    /// Links on the way that have no ring yet.
    open: Vec<usize>,
    rings: Vec<usize>,
}

impl Walk {
    fn from(&mut self, start: usize) {
        self.see(start);
        let mut way = vec![(start, usize::MAX, 0)];
        while let Some((step, came_by, next)) = way.last_mut() {
            let (step, came_by) = (*step, *came_by);
            let Some((to, link)) = self.beside[step].get(*next).copied() else {
                way.pop();
                if let Some((before, _, _)) = way.last() {
                    self.leave(step, *before, came_by);
                }
                continue;
            };
            *next += 1;
            if link == came_by {
                continue;
            }
            if self.seen[to] == usize::MAX {
                self.open.push(link);
                self.see(to);
                way.push((to, link, 0));
            } else if self.seen[to] < self.seen[step] {
                self.open.push(link);
                self.lowest[step] = self.lowest[step].min(self.seen[to]);
            }
        }
    }

    fn see(&mut self, step: usize) {
        self.seen[step] = self.count;
        self.lowest[step] = self.count;
        self.count += 1;
    }

    /// Back to the step before: what leads no further back than there is closed.
    fn leave(&mut self, step: usize, before: usize, came_by: usize) {
        self.lowest[before] = self.lowest[before].min(self.lowest[step]);
        if self.lowest[step] < self.seen[before] {
            return;
        }
        while let Some(link) = self.open.pop() {
            self.rings[link] = came_by;
            if link == came_by {
                return;
            }
        }
    }
}
