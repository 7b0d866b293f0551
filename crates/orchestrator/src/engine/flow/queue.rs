//! The messages that wait between two steps: one producer at a time, one consumer.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;

use super::spool::Spool;
use crate::messages::Messages;
use crate::plan::Overflow;

/// What a queue holds in memory, however few messages that are; one message always has room.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A bounded queue.
pub(crate) struct Queue {
    overflow: Overflow,
    most: usize,
    moves: Arc<AtomicU64>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    messages: VecDeque<Messages>,
    /// How many those are.
    waiting: usize,
    /// Of these messages, and of those that are lent.
    bytes: usize,
    /// Messages that were taken together, and have not been used up: they have their room here still.
    lent: Lent,
    spool: Spool,
    end: Option<End>,
    /// Nobody takes from it any more.
    is_abandoned: bool,
    producer: Option<Waker>,
    consumer: Option<Waker>,
}

#[derive(Default, Clone, Copy)]
struct Lent {
    messages: usize,
    bytes: usize,
}

/// How a queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its producer has given all.
    Complete,
    /// Its producer failed.
    Broken,
}

/// What is taken from a queue together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenAll {
    /// At least one message.
    Messages,
    /// There are no more.
    Ended,
    /// Its producer failed: what else it would have given is unknown.
    Broken,
}

/// What is taken from a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The next message.
    Message(Bytes),
    /// There are no more.
    Ended,
    /// Its producer failed: what else it would have given is unknown.
    Broken,
}

impl Queue {
    /// Holds up to `most` messages, and counts those that are taken.
    pub(crate) fn new(overflow: Overflow, most: usize, moves: Arc<AtomicU64>) -> Self {
        Self { overflow, most, moves, inner: Mutex::default() }
    }

    /// Ready once a message can be put in without waiting.
    pub(crate) fn poll_room(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if self.overflow != Overflow::Wait || inner.is_abandoned || self.room_in(&inner) > 0 {
            return Poll::Ready(());
        }
        inner.producer = Some(context.waker().clone());
        Poll::Pending
    }

    /// How many messages can be put in without waiting.
    pub(crate) fn room(&self) -> usize {
        let inner = self.lock();
        match self.overflow {
            Overflow::Wait if !inner.is_abandoned => self.room_in(&inner),
            Overflow::Wait | Overflow::KeepLatest | Overflow::Spool => usize::MAX,
        }
    }

    /// Puts messages in, whether or not there is room; what nobody would take is dropped. An error when one had to go
    /// to a file and could not.
    pub(crate) fn put_all(&self, mut messages: Messages) -> io::Result<()> {
        let mut inner = self.lock();
        let put = loop {
            let together = match self.overflow {
                Overflow::Wait => usize::MAX,
                // Each may replace those before it, or go where they went.
                Overflow::KeepLatest | Overflow::Spool => 1,
            };
            let next = messages.take_up_to(together);
            if next.is_empty() {
                break Ok(());
            }
            if let Err(error) = self.put_in(&mut inner, next) {
                break Err(error);
            }
        };
        inner.wake_consumer();
        put
    }

    /// Puts a message in, like [`put_all`](Self::put_all).
    pub(crate) fn put(&self, message: Bytes) -> io::Result<()> {
        self.put_all(message.into())
    }

    fn put_in(&self, inner: &mut Inner, messages: Messages) -> io::Result<()> {
        if inner.is_abandoned || inner.end.is_some() {
            return Ok(());
        }
        let is_full = self.room_in(inner) == 0;
        match self.overflow {
            Overflow::KeepLatest if is_full => {
                inner.messages.clear();
                inner.waiting = 0;
                inner.bytes = inner.lent.bytes;
            }
            Overflow::Spool if is_full || !inner.spool.is_empty() => {
                return messages.iter().try_for_each(|message| inner.spool.put(message));
            }
            Overflow::Spool | Overflow::KeepLatest | Overflow::Wait => {}
        }
        inner.bytes += messages.size();
        inner.waiting += messages.count();
        inner.messages.push_back(messages);
        Ok(())
    }

    /// No more messages come.
    pub(crate) fn complete(&self) {
        self.end(End::Complete);
    }

    /// The producer failed.
    pub(crate) fn break_off(&self) {
        self.end(End::Broken);
    }

    /// Nobody takes from it any more: what is in it goes, and what is put in from now on.
    pub(crate) fn abandon(&self) {
        let mut inner = self.lock();
        inner.is_abandoned = true;
        inner.messages.clear();
        inner.waiting = 0;
        inner.lent = Lent::default();
        inner.bytes = 0;
        inner.spool = Spool::default();
        inner.wake_producer();
        inner.wake_consumer();
    }

    /// Ready with the next message, or once there are no more. An error when it lay in a file that cannot be read.
    pub(crate) fn poll_take(&self, context: &mut Context<'_>) -> Poll<io::Result<Taken>> {
        let mut inner = self.lock();
        if let Some(message) = inner.take_first() {
            self.moves.fetch_add(1, Ordering::Relaxed);
            inner.wake_producer();
            return Poll::Ready(Ok(Taken::Message(message)));
        }
        if !inner.spool.is_empty() {
            self.moves.fetch_add(1, Ordering::Relaxed);
            return Poll::Ready(inner.spool.take().map(Taken::Message));
        }
        match inner.end {
            // No end: whoever still takes is about to be cut.
            _ if inner.is_abandoned => Poll::Ready(Ok(Taken::Broken)),
            Some(End::Complete) => Poll::Ready(Ok(Taken::Ended)),
            Some(End::Broken) => Poll::Ready(Ok(Taken::Broken)),
            None => {
                inner.consumer = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Puts all that is there into `taken`, which is empty when this is called: so it is known to be used up. Until then
    /// it keeps its room here, but for the first message, so that no more wait than may.
    pub(crate) fn poll_take_all(
        &self,
        taken: &mut VecDeque<Messages>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<TakenAll>> {
        // What a newer message may replace is not taken before it is wanted.
        if self.overflow != Overflow::KeepLatest {
            let mut inner = self.lock();
            inner.use_up();
            inner.wake_producer();
            std::mem::swap(&mut inner.messages, taken);
            if let Some(first) = taken.front().and_then(|first| first.iter().next()) {
                self.moves.fetch_add(inner.waiting as u64, Ordering::Relaxed);
                inner.bytes -= first.len();
                inner.lent = Lent { messages: inner.waiting - 1, bytes: inner.bytes };
                inner.waiting = 0;
                return Poll::Ready(Ok(TakenAll::Messages));
            }
        }
        Poll::Ready(Ok(match ready!(self.poll_take(context))? {
            Taken::Message(message) => {
                taken.push_back(message.into());
                TakenAll::Messages
            }
            Taken::Ended => TakenAll::Ended,
            Taken::Broken => TakenAll::Broken,
        }))
    }

    /// Lets whoever waits for a message look again.
    pub(crate) fn nudge(&self) {
        self.lock().wake_consumer();
    }

    /// Whether nothing waits in it; what was taken does not.
    pub(crate) fn is_empty(&self) -> bool {
        let inner = self.lock();
        inner.waiting == 0 && inner.spool.is_empty()
    }

    fn end(&self, end: End) {
        let mut inner = self.lock();
        if inner.end.is_none() {
            inner.end = Some(end);
        }
        inner.wake_consumer();
        inner.wake_producer();
    }

    fn room_in(&self, inner: &Inner) -> usize {
        match inner.waiting + inner.lent.messages {
            0 => self.most.max(1),
            _ if inner.bytes >= MOST_BYTES => 0,
            waiting => self.most.saturating_sub(waiting),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics between two changes.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take_first(&mut self) -> Option<Bytes> {
        let first = self.messages.front_mut()?;
        let message = first.take_first()?;
        if first.is_empty() {
            self.messages.pop_front();
        }
        self.waiting -= 1;
        self.bytes -= message.len();
        Some(message)
    }

    /// What was lent is gone.
    fn use_up(&mut self) {
        self.bytes -= std::mem::take(&mut self.lent).bytes;
    }

    fn wake_consumer(&mut self) {
        if let Some(waker) = self.consumer.take() {
            waker.wake();
        }
    }

    fn wake_producer(&mut self) {
        if let Some(waker) = self.producer.take() {
            waker.wake();
        }
    }
}
