//! What comes in for a step: joined, one message of each link, or merged, one message of any.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::queue::{Queue, Taken, TakenAll};
use crate::messages::Messages;

/// What comes in by the links of a step that carry many messages.
pub(crate) enum Feed {
    /// The n-th message of each link meets the n-th of the others.
    Join(Join),
    /// Every message is for itself.
    Merge(Merge),
}

/// What one request is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Set {
    /// The message of the only link that carries many.
    One(Bytes),
    /// One message of each link that carries many, in their order.
    Joined(Vec<Bytes>),
    /// A message of the incoming link at that position.
    Merged(usize, Bytes),
}

/// What is taken from a feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// What the next request is made of.
    Set(Set),
    /// Nothing more comes.
    Ended,
    /// One link ended before another.
    Uneven,
    /// A step that gives to it failed.
    Broken,
}

/// What an open call takes from a feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextOfCall {
    /// Messages of the only link, which is the incoming one at that position: a request for each.
    Messages(usize, Messages),
    /// One after the other.
    Next(Next),
}

/// Takes the n-th messages together.
pub(crate) struct Join {
    queues: Vec<Arc<Queue>>,
    slots: Vec<Option<Taken>>,
    /// Of the only queue: what was taken together.
    held: Held,
}

/// What was taken from a queue together.
#[derive(Default)]
struct Held(VecDeque<Messages>);

/// Takes the messages as they come, link by link in turn.
pub(crate) struct Merge {
    /// Each with its link's position among the incoming ones.
    queues: Vec<(usize, Arc<Queue>)>,
    turn: usize,
    /// Of the only queue: what was taken together.
    held: Held,
    /// Open calls end once nothing waits, though more might come.
    is_closing: bool,
}

impl Feed {
    pub(crate) fn join(queues: Vec<Arc<Queue>>) -> Self {
        let slots = queues.iter().map(|_| None).collect();
        Self::Join(Join { queues, slots, held: Held::default() })
    }

    pub(crate) fn merge(queues: Vec<(usize, Arc<Queue>)>) -> Self {
        Self::Merge(Merge { queues, turn: 0, held: Held::default(), is_closing: false })
    }

    /// Ready with what comes next.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Next>> {
        match self {
            Self::Join(join) => join.poll_next(context),
            Self::Merge(merge) => merge.poll_next(context),
        }
    }

    /// Like [`poll_next`](Self::poll_next), for a call that is open: one of a closing run ends once nothing waits.
    pub(crate) fn poll_next_of_call(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Next>> {
        match (self.poll_next(context), &self) {
            (Poll::Pending, Self::Merge(Merge { is_closing: true, .. })) => Poll::Ready(Ok(Next::Ended)),
            (polled, _) => polled,
        }
    }

    /// The same for a call whose step has one incoming link: what there is comes together.
    pub(crate) fn poll_together(&mut self, context: &mut Context<'_>) -> Poll<io::Result<NextOfCall>> {
        let only = match self {
            Self::Join(Join { queues, held, .. }) if queues.len() == 1 => Some((0, &*queues[0], held)),
            Self::Merge(Merge { queues, held, .. }) if queues.len() == 1 => {
                Some((queues[0].0, &*queues[0].1, held))
            }
            Self::Join(_) | Self::Merge(_) => None,
        };
        if let Some((input, queue, held)) = only
            && let Poll::Ready(TakenAll::Messages) = held.poll_fill(queue, context)?
            && let Some(messages) = held.0.pop_front()
        {
            return Poll::Ready(Ok(NextOfCall::Messages(input, messages)));
        }
        self.poll_next_of_call(context).map_ok(NextOfCall::Next)
    }

    /// What was taken [together](Self::poll_together) and not used is the next again.
    pub(crate) fn give_back(&mut self, messages: Messages) {
        let held = match self {
            Self::Join(join) => &mut join.held,
            Self::Merge(merge) => &mut merge.held,
        };
        if !messages.is_empty() {
            held.0.push_front(messages);
        }
    }

    /// From now on an open call ends once nothing waits for it.
    pub(crate) fn close(&mut self) {
        if let Self::Merge(merge) = self {
            merge.is_closing = true;
            merge.queues.iter().for_each(|(_, queue)| queue.nudge());
        }
    }

    /// Nothing more is taken.
    pub(crate) fn abandon(&mut self) {
        match self {
            Self::Join(join) => {
                join.held.0.clear();
                join.queues.iter().for_each(|queue| queue.abandon());
            }
            Self::Merge(merge) => {
                merge.held.0.clear();
                merge.queues.iter().for_each(|(_, queue)| queue.abandon());
            }
        }
    }

    /// Whether nothing waits in it.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Join(join) => join.held.0.is_empty() && join.queues.iter().all(|queue| queue.is_empty()),
            Self::Merge(merge) => {
                merge.held.0.is_empty() && merge.queues.iter().all(|(_, queue)| queue.is_empty())
            }
        }
    }
}

impl Held {
    /// Ready once some is held, or nothing more comes.
    fn poll_fill(&mut self, queue: &Queue, context: &mut Context<'_>) -> Poll<io::Result<TakenAll>> {
        if self.0.is_empty() {
            queue.poll_take_all(&mut self.0, context)
        } else {
            Poll::Ready(Ok(TakenAll::Messages))
        }
    }

    /// The next one of what is held, or of the queue.
    fn poll_take(&mut self, queue: &Queue, context: &mut Context<'_>) -> Poll<io::Result<Taken>> {
        Poll::Ready(Ok(match ready!(self.poll_fill(queue, context))? {
            TakenAll::Messages => Taken::Message(self.take_first()),
            TakenAll::Ended => Taken::Ended,
            TakenAll::Broken => Taken::Broken,
        }))
    }

    /// There is one.
    fn take_first(&mut self) -> Bytes {
        let Some(messages) = self.0.front_mut() else { return Bytes::new() };
        let first = messages.take_first();
        if messages.is_empty() {
            self.0.pop_front();
        }
        first.unwrap_or_default()
    }
}

impl Join {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Next>> {
        if let [queue] = self.queues.as_slice() {
            return Poll::Ready(Ok(match ready!(self.held.poll_take(queue, context))? {
                Taken::Message(message) => Next::Set(Set::One(message)),
                Taken::Ended => Next::Ended,
                Taken::Broken => Next::Broken,
            }));
        }
        let mut is_pending = false;
        for (queue, slot) in self.queues.iter().zip(&mut self.slots) {
            if slot.is_none() {
                match queue.poll_take(context)? {
                    Poll::Ready(taken) => *slot = Some(taken),
                    Poll::Pending => is_pending = true,
                }
            }
        }
        let any = |what: fn(&Taken) -> bool| self.slots.iter().flatten().any(what);
        if any(|taken| *taken == Taken::Broken) {
            return Poll::Ready(Ok(Next::Broken));
        }
        let has_ended = any(|taken| *taken == Taken::Ended);
        if has_ended && any(|taken| matches!(taken, Taken::Message(_))) {
            return Poll::Ready(Ok(Next::Uneven));
        }
        if is_pending {
            return Poll::Pending;
        }
        if has_ended {
            return Poll::Ready(Ok(Next::Ended));
        }
        let messages = self.slots.iter_mut().filter_map(|slot| match slot.take() {
            Some(Taken::Message(message)) => Some(message),
            Some(Taken::Ended | Taken::Broken) | None => None,
        });
        Poll::Ready(Ok(Next::Set(Set::Joined(messages.collect()))))
    }
}

impl Merge {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Next>> {
        let count = self.queues.len();
        let (mut ended, mut is_broken) = (0, false);
        for step in 0..count {
            let place = (self.turn + step) % count;
            let (input, queue) = &self.queues[place];
            // One that an open call took together with others may have been left by it.
            let taken =
                if count == 1 { self.held.poll_take(queue, context) } else { queue.poll_take(context) };
            match taken? {
                Poll::Ready(Taken::Message(message)) => {
                    self.turn = place + 1;
                    return Poll::Ready(Ok(Next::Set(Set::Merged(*input, message))));
                }
                Poll::Ready(Taken::Ended) => ended += 1,
                Poll::Ready(Taken::Broken) => {
                    ended += 1;
                    is_broken = true;
                }
                Poll::Pending => {}
            }
        }
        if ended == count && is_broken {
            return Poll::Ready(Ok(Next::Broken));
        }
        if ended == count {
            return Poll::Ready(Ok(Next::Ended));
        }
        Poll::Pending
    }
}
