//! The order of steps.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cycle::groups;

/// Positions of `count` things, each after those that lead to it and otherwise in their own order; what is
/// left out stands on a cycle or behind one.
pub(super) fn topological(count: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut placing = Placing::new(count, arrows);
    placing.place_ready();
    placing.order
}

/// All positions, each after those that lead to it; a cycle begins with a step that others lead to.
pub(super) fn across_cycles(count: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut placing = Placing::new(count, arrows);
    placing.place_ready();
    if placing.order.len() == count {
        return placing.order;
    }
    let mut entries = Entries::new(&placing);
    while let Some(entry) = entries.next(&placing) {
        placing.place(entry);
        placing.place_ready();
        entries.take_note(&placing);
    }
    placing.order
}

struct Placing {
    leads: Vec<Vec<usize>>,
    waiting: Vec<usize>,
    ready: BinaryHeap<Reverse<usize>>,
    is_placed: Vec<bool>,
    order: Vec<usize>,
}

impl Placing {
    fn new(count: usize, arrows: &[(usize, usize)]) -> Self {
        let mut waiting = vec![0_usize; count];
        let mut leads = vec![Vec::new(); count];
        for (from, to) in arrows {
            waiting[*to] += 1;
            leads[*from].push(*to);
        }
        let ready = (0..count).filter(|position| waiting[*position] == 0).map(Reverse).collect();
        Self { leads, waiting, ready, is_placed: vec![false; count], order: Vec::with_capacity(count) }
    }

    fn place_ready(&mut self) {
        while let Some(Reverse(position)) = self.ready.pop() {
            self.place(position);
        }
    }

    fn place(&mut self, position: usize) {
        if std::mem::replace(&mut self.is_placed[position], true) {
            return;
        }
        self.order.push(position);
        for to in &self.leads[position] {
            self.waiting[*to] -= 1;
            if self.waiting[*to] == 0 {
                self.ready.push(Reverse(*to));
            }
        }
    }
}

/// Where to go on when all that is left waits for something: in a group of steps that lead to each other and
/// wait for none outside it, preferably at one that something outside leads to.
struct Entries {
    groups: Vec<usize>,
    /// By group, how many arrows from steps outside, not yet placed, lead to it.
    waiting: Vec<usize>,
    members: Vec<Vec<usize>>,
    is_fed: Vec<bool>,
    noted: usize,
    open: BinaryHeap<Reverse<(bool, usize)>>,
}

impl Entries {
    fn new(placing: &Placing) -> Self {
        let count = placing.leads.len();
        let groups = groups(&placing.leads);
        let mut entries = Self {
            waiting: vec![0; count],
            members: vec![Vec::new(); count],
            is_fed: vec![false; count],
            noted: 0,
            open: BinaryHeap::new(),
            groups,
        };
        for (from, leads) in placing.leads.iter().enumerate() {
            entries.members[entries.groups[from]].push(from);
            for to in leads.iter().filter(|to| entries.groups[**to] != entries.groups[from]) {
                entries.is_fed[*to] = true;
                entries.waiting[entries.groups[*to]] += 1;
            }
        }
        for group in 0..count {
            entries.open_if_free(group);
        }
        entries.take_note(placing);
        entries
    }

    fn take_note(&mut self, placing: &Placing) {
        while let Some(from) = placing.order.get(self.noted).copied() {
            self.noted += 1;
            for to in &placing.leads[from] {
                let group = self.groups[*to];
                if group != self.groups[from] {
                    self.waiting[group] -= 1;
                    self.open_if_free(group);
                }
            }
        }
    }

    fn open_if_free(&mut self, group: usize) {
        if self.waiting[group] == 0 {
            let entry = |position: &usize| Reverse((!self.is_fed[*position], *position));
            self.open.extend(self.members[group].iter().map(entry));
        }
    }

    fn next(&mut self, placing: &Placing) -> Option<usize> {
        loop {
            let Reverse((_, position)) = self.open.pop()?;
            if !placing.is_placed[position] {
                return Some(position);
            }
        }
    }
}
