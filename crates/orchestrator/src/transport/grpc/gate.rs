//! Where calls wait that a service does not take yet: [`Gate`].
//!
//! A service says how many calls it takes at once on a connection. h2 would keep those beyond within itself, and tell
//! them the same as all others when the connection ends. Here nothing of them has been sent, for certain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the calls on a connection.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: AtomicUsize,
    waiting: AtomicUsize,
    room: Notify,
}

/// A call's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Gate>);

/// What comes of asking for a place without waiting.
#[derive(Debug)]
pub(super) enum Entry {
    Entered(Place),
    /// All places are taken; there are so many.
    Full(usize),
}

/// One that waits.
struct Waiting<'a>(&'a Gate);

impl Gate {
    /// Waits for a place. `limit` says how many there are, or that there are none any more.
    pub(super) async fn enter<E>(
        self: &Arc<Self>,
        mut limit: impl FnMut() -> Result<usize, E>,
    ) -> Result<Place, E> {
        let all = limit()?;
        // Whoever waits already comes first.
        if !self.is_awaited()
            && let Some(place) = self.try_enter(all)
        {
            return Ok(place);
        }
        let waiting = Waiting::new(self);
        // The limit may have been raised before anybody could see that this waits; others before it have looked.
        if self.waiting.load(Ordering::Acquire) == 1
            && let Some(place) = self.try_enter(limit()?)
        {
            return Ok(place);
        }
        loop {
            self.room.notified().await;
            let entered = limit().map(|all| (self.try_enter(all), all));
            let next = match entered {
                Ok((Some(place), all)) => {
                    drop(waiting);
                    if self.inside.load(Ordering::Acquire) < all {
                        self.look_again();
                    }
                    return Ok(place);
                }
                Ok((None, _)) => continue,
                Err(error) => error,
            };
            // All that wait are to hear of it.
            self.look_again();
            return Err(next);
        }
    }

    /// A place of so many, without waiting.
    pub(super) fn enter_now(self: &Arc<Self>, limit: usize) -> Entry {
        self.try_enter(limit).map_or(Entry::Full(limit), Entry::Entered)
    }

    /// Whether calls wait.
    pub(super) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Has those that wait look once more, one after the other.
    pub(super) fn look_again(&self) {
        self.room.notify_one();
    }

    fn try_enter(self: &Arc<Self>, limit: usize) -> Option<Place> {
        let more = |inside: usize| (inside < limit).then_some(inside + 1);
        let entered = self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        entered.ok().map(|_| Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
        self.0.look_again();
    }
}

impl<'a> Waiting<'a> {
    fn new(gate: &'a Gate) -> Self {
        gate.waiting.fetch_add(1, Ordering::AcqRel);
        Self(gate)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use futures_util::FutureExt;

    use super::*;

    fn of(limit: usize) -> impl FnMut() -> Result<usize, Infallible> {
        move || Ok(limit)
    }

    #[test]
    fn as_many_enter_as_there_are_places_and_the_others_in_their_order() {
        let gate = Arc::new(Gate::default());
        let first = gate.enter(of(2)).now_or_never().unwrap().unwrap();
        let second = gate.enter(of(2)).now_or_never().unwrap().unwrap();
        let (mut third, mut fourth) = (Box::pin(gate.enter(of(2))), Box::pin(gate.enter(of(2))));
        assert!(third.as_mut().now_or_never().is_none() && fourth.as_mut().now_or_never().is_none());
        drop(first);
        assert!(gate.enter(of(2)).now_or_never().is_none(), "whoever waits already comes first");
        assert!(fourth.as_mut().now_or_never().is_none());
        let third = third.as_mut().now_or_never().unwrap();
        assert!(fourth.as_mut().now_or_never().is_none());
        drop((second, third));
        fourth.now_or_never().unwrap().unwrap();
        assert!(!gate.is_awaited());
        gate.enter(of(1)).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn one_that_gives_up_hands_its_turn_on() {
        let gate = Arc::new(Gate::default());
        let first = gate.enter(of(1)).now_or_never().unwrap();
        let (mut second, mut third) = (Box::pin(gate.enter(of(1))), Box::pin(gate.enter(of(1))));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        drop(second);
        third.now_or_never().unwrap().unwrap();
    }

    #[test]
    fn all_that_wait_hear_of_more_places_and_of_the_end() {
        let gate = Arc::new(Gate::default());
        let limit = Cell::new(Ok(0));
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(gate.enter(|| limit.get()))).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        limit.set(Ok(2));
        gate.look_again();
        let entered: Vec<_> = waiting.iter_mut().filter_map(|one| one.as_mut().now_or_never()).collect();
        assert_eq!(entered.len(), 2);
        limit.set(Err("over"));
        gate.look_again();
        for one in &mut waiting[2..] {
            assert_eq!(one.as_mut().now_or_never().unwrap().unwrap_err(), "over");
        }
    }
}
