//! Who could be called at once.

use std::collections::BTreeSet;

/// Those who wait for one of a limited number of places, and those who need none; each in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turns<T> {
    limited: BTreeSet<T>,
    free: BTreeSet<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { limited: BTreeSet::new(), free: BTreeSet::new() }
    }
}

impl<T: Ord + Copy> Turns<T> {
    pub(crate) fn insert(&mut self, limited: bool, each: T) {
        let set = if limited { &mut self.limited } else { &mut self.free };
        set.insert(each);
    }

    pub(crate) fn remove(&mut self, each: &T) {
        if !self.limited.remove(each) {
            self.free.remove(each);
        }
    }

    /// The first of those who need no place.
    pub(crate) fn first_free(&self) -> Option<T> {
        self.free.first().copied()
    }

    /// The first of those who wait for a place.
    pub(crate) fn first_limited(&self) -> Option<T> {
        self.limited.first().copied()
    }
}
