//! Runs that wait for their turn: one caller's after another's, so that who has many waits behind who has few.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use aieffect_orchestrator::engine::RunId;

/// Runs that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Arc<str>, VecDeque<RunId>>,
    /// Callers with a run that waits, whose turn is next first.
    turns: VecDeque<Arc<str>>,
}

impl Queue {
    /// Puts a run behind the others of its caller.
    pub(super) fn push(&mut self, caller: Arc<str>, run: RunId) {
        let waiting = self.waiting.entry(Arc::clone(&caller)).or_default();
        if waiting.is_empty() {
            self.turns.push_back(caller);
        }
        waiting.push_back(run);
    }

    /// Takes the run whose turn it is.
    pub(super) fn pop(&mut self) -> Option<RunId> {
        let caller = self.turns.pop_front()?;
        let waiting = self.waiting.get_mut(&caller)?;
        let run = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&caller);
        } else {
            self.turns.push_back(caller);
        }
        run
    }

    /// Takes a run out. Whether it was in there.
    pub(super) fn remove(&mut self, run: &RunId) -> bool {
        let found = self.waiting.iter_mut().find_map(|(caller, waiting)| {
            let place = waiting.iter().position(|waits| waits == run)?;
            waiting.remove(place);
            Some((Arc::clone(caller), waiting.is_empty()))
        });
        let Some((caller, is_empty)) = found else { return false };
        if is_empty {
            self.waiting.remove(&caller);
            self.turns.retain(|turn| *turn != caller);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> RunId {
        RunId::new(name).unwrap()
    }

    fn filled(runs: &[(&str, &str)]) -> Queue {
        let mut queue = Queue::default();
        runs.iter().for_each(|(caller, run)| queue.push((*caller).into(), id(run)));
        queue
    }

    fn all(mut queue: Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop()).map(|run| run.to_string()).collect()
    }

    #[test]
    fn callers_take_turns() {
        let queue = filled(&[("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]);
        assert_eq!(all(queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn who_comes_with_one_waits_for_one_of_who_has_many() {
        let mut queue = filled(&[("many", "m1"), ("many", "m2"), ("many", "m3")]);
        assert_eq!(queue.pop(), Some(id("m1")));
        queue.push("one".into(), id("o1"));
        assert_eq!(all(queue), ["m2", "o1", "m3"]);
    }

    #[test]
    fn a_run_that_is_taken_out_leaves_the_others_their_turns() {
        let mut queue = filled(&[("a", "a1"), ("b", "b1"), ("a", "a2")]);
        assert!(queue.remove(&id("b1")) && !queue.remove(&id("b1")));
        assert_eq!(all(queue), ["a1", "a2"]);
        let mut queue = filled(&[("a", "a1"), ("b", "b1"), ("a", "a2")]);
        assert!(queue.remove(&id("a1")));
        assert_eq!(all(queue), ["a2", "b1"]);
    }
}
