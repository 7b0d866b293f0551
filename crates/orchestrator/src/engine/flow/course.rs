//! How an open stream is getting on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// What both ends of a call tell about it, without a look at a clock: messages are many. Everything in it is a hint for
/// one; nothing else is ordered by it.
#[derive(Default)]
pub(crate) struct Course {
    /// Goes up whenever a message passes.
    moves: AtomicU64,
    /// The call waits for a message of ours.
    awaits_input: AtomicBool,
    /// A message of the call waits for room.
    awaits_room: AtomicBool,
    has_answered: AtomicBool,
    given: AtomicU64,
}

impl Course {
    /// A message went in.
    pub(crate) fn sent(&self) {
        self.awaits_input.store(false, Ordering::Relaxed);
        self.touch();
    }

    /// A message came out.
    pub(crate) fn answered(&self) {
        self.has_answered.store(true, Ordering::Relaxed);
        self.touch();
    }

    /// No more messages go in: from now on the service alone is waited for.
    pub(crate) fn input_ended(&self) {
        self.awaits_input.store(false, Ordering::Relaxed);
        self.touch();
    }

    pub(crate) fn awaits_input(&self) {
        self.awaits_input.store(true, Ordering::Relaxed);
    }

    pub(crate) fn awaits_room(&self, whether: Room) {
        self.awaits_room.store(whether == Room::Awaited, Ordering::Relaxed);
        self.touch();
    }

    /// So many messages have been handed on.
    pub(crate) fn gave(&self, given: u64) {
        self.given.store(given, Ordering::Relaxed);
    }

    /// How many messages have been handed on.
    pub(crate) fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// Whether a message came out.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Returns once the service has kept us waiting for that long, or up to an eighth longer. Waiting of its own for
    /// our messages, or for room for its own, does not count.
    pub(crate) async fn idle(&self, limit: Duration) {
        let look = (limit / 8).max(Duration::from_millis(1));
        let (mut moves, mut moved) = (self.moves.load(Ordering::Relaxed), Instant::now());
        loop {
            sleep(look).await;
            let now = self.moves.load(Ordering::Relaxed);
            let is_ours =
                self.awaits_input.load(Ordering::Relaxed) || self.awaits_room.load(Ordering::Relaxed);
            if now != moves || is_ours {
                (moves, moved) = (now, Instant::now());
            } else if moved.elapsed() >= limit {
                return;
            }
        }
    }

    /// One message in two may go uncounted when both ends do this at once: that any have passed is what counts.
    fn touch(&self) {
        self.moves.store(self.moves.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// Whether a message waits for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Awaited,
    Found,
}
