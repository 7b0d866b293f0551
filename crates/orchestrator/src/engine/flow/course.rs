//! How an open stream is getting on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// What both ends of a call tell about it. Everything in it is a hint for a clock: nothing else is ordered by it.
pub(crate) struct Course {
    begun: Instant,
    /// When a message last passed, in milliseconds from the beginning.
    moved: AtomicU64,
    /// The call waits for a message of ours.
    awaits_input: AtomicBool,
    /// A message of the call waits for room.
    awaits_room: AtomicBool,
    has_answered: AtomicBool,
}

impl Course {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            moved: AtomicU64::new(0),
            awaits_input: AtomicBool::new(false),
            awaits_room: AtomicBool::new(false),
            has_answered: AtomicBool::new(false),
        }
    }

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

    pub(crate) fn awaits_input(&self) {
        self.awaits_input.store(true, Ordering::Relaxed);
    }

    pub(crate) fn awaits_room(&self, whether: Room) {
        self.awaits_room.store(whether == Room::Awaited, Ordering::Relaxed);
        if whether == Room::Found {
            self.touch();
        }
    }

    /// Whether a message came out.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Returns once the service has kept us waiting for that long. Waiting of its own for our messages, or for room
    /// for its own, does not count.
    pub(crate) async fn idle(&self, limit: Duration) {
        loop {
            if self.awaits_input.load(Ordering::Relaxed) || self.awaits_room.load(Ordering::Relaxed) {
                self.touch();
            }
            let moved = self.begun + Duration::from_millis(self.moved.load(Ordering::Relaxed));
            let left = limit.saturating_sub(moved.elapsed());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn touch(&self) {
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(millis, Ordering::Relaxed);
    }
}

/// Whether a message waits for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Awaited,
    Found,
}
