//! What was asked for last, as much of it as is worth its memory: [`Recent`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Things by their keys, the one that was asked for last first.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    most: usize,
    entries: Mutex<VecDeque<(K, Arc<V>)>>,
}

impl<K: PartialEq, V> Recent<K, V> {
    /// Keeps at most so many.
    pub(super) fn of(most: usize) -> Self {
        Self { most, entries: Mutex::default() }
    }

    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut entries = self.lock();
        let place = entries.iter().position(|(known, _)| known == key)?;
        let entry = entries.remove(place)?;
        let value = Arc::clone(&entry.1);
        entries.push_front(entry);
        Some(value)
    }

    /// In the place of what has not been asked for longest.
    pub(super) fn keep(&self, key: K, value: Arc<V>) {
        let mut entries = self.lock();
        // Two may have made it at once.
        entries.retain(|(known, _)| *known != key);
        entries.truncate(self.most.saturating_sub(1));
        entries.push_front((key, value));
    }

    pub(super) fn forget(&self, is_gone: impl Fn(&K) -> bool) {
        self.lock().retain(|(key, _)| !is_gone(key));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(K, Arc<V>)>> {
        // Nothing in here panics between two changes.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let recent = Recent::of(2);
        recent.keep("a", Arc::new(1));
        recent.keep("b", Arc::new(2));
        assert_eq!(recent.get(&"a").as_deref(), Some(&1));
        recent.keep("c", Arc::new(3));
        assert_eq!(["a", "b", "c"].map(|key| recent.get(&key).is_some()), [true, false, true]);
        recent.keep("c", Arc::new(4));
        assert_eq!(recent.get(&"c").as_deref(), Some(&4));
        recent.forget(|key| *key == "c");
        assert_eq!(["a", "c"].map(|key| recent.get(&key).is_some()), [true, false]);
    }
}
