//! Where the messages of a step go: into the queue of each of its links, in the order of its firings.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;

use super::super::meter::Meters;
use super::queue::Queue;
use crate::messages::Messages;
use crate::plan::StepId;

/// The way out of a step that gives many messages.
pub(crate) struct Outlet {
    queues: Vec<Arc<Queue>>,
    step: StepId,
    meters: Arc<Meters>,
    /// The firing whose messages go out now; changed under the lock of `order`.
    turn: AtomicU64,
    order: Mutex<Order>,
}

#[derive(Default)]
struct Order {
    /// Later ones that have given all theirs.
    over: BTreeSet<u64>,
    waiting: BTreeMap<u64, Waker>,
}

impl Outlet {
    /// Counts the messages that go out.
    pub(crate) fn new(queues: Vec<Arc<Queue>>, step: StepId, meters: Arc<Meters>) -> Self {
        Self { queues, step, meters, turn: AtomicU64::new(0), order: Mutex::default() }
    }

    /// Where what passes is counted.
    pub(crate) fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// Whether nobody takes what the step gives.
    pub(crate) fn leads_nowhere(&self) -> bool {
        self.queues.is_empty()
    }

    /// Ready once it is the firing's turn, and every queue has room for a message.
    pub(crate) fn poll_room(&self, seq: u64, context: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_turn(seq, context));
        for queue in &self.queues {
            ready!(queue.poll_room(context));
        }
        Poll::Ready(())
    }

    /// Puts messages into every queue, from the first on, if it is the firing's turn, and as long as there is room; gives
    /// those, and leaves the others. An error when one had to go to a file and could not.
    pub(crate) fn offer(&self, seq: u64, messages: &mut Messages) -> io::Result<Messages> {
        if self.turn.load(Ordering::Relaxed) < seq {
            return Ok(Messages::default());
        }
        // Nobody else puts any in: there is never less room than there was.
        let room = self.queues.iter().map(|queue| queue.room()).min().unwrap_or(usize::MAX);
        let given = messages.take_up_to(room);
        self.meters.count(self.step, given.count(), given.size());
        self.queues.iter().try_for_each(|queue| queue.put_all(given.clone()))?;
        Ok(given)
    }

    /// Puts a message into every queue. An error when it had to go to a file and could not.
    pub(crate) fn put(&self, message: &Bytes) -> io::Result<()> {
        self.meters.count(self.step, 1, message.len());
        self.queues.iter().try_for_each(|queue| queue.put(message.clone()))
    }

    /// The firing gives no more; the next one's turn begins.
    pub(crate) fn over(&self, seq: u64) {
        let mut order = self.lock();
        order.over.insert(seq);
        let mut turn = self.turn.load(Ordering::Relaxed);
        while order.over.remove(&turn) {
            turn += 1;
        }
        self.turn.store(turn, Ordering::Relaxed);
        if let Some(waker) = order.waiting.remove(&turn) {
            waker.wake();
        }
    }

    /// The step has given all.
    pub(crate) fn complete(&self) {
        self.queues.iter().for_each(|queue| queue.complete());
    }

    /// The step failed.
    pub(crate) fn break_off(&self) {
        self.queues.iter().for_each(|queue| queue.break_off());
    }

    fn poll_turn(&self, seq: u64, context: &mut Context<'_>) -> Poll<()> {
        if self.turn.load(Ordering::Relaxed) >= seq {
            return Poll::Ready(());
        }
        let mut order = self.lock();
        // It may have come between the two looks.
        if self.turn.load(Ordering::Relaxed) >= seq {
            return Poll::Ready(());
        }
        order.waiting.insert(seq, context.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        // Nothing in here panics between two changes.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
