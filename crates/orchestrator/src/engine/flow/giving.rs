//! The messages that come out of a call that gives a stream.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Sink;
use futures_util::future::BoxFuture;

use super::super::judge::Judge;
use super::super::results::{Keep, StepResult};
use super::course::{Course, Room};
use super::intake::lock;
use super::outlet::Outlet;
use super::stop::{Stop, Stopper};
use crate::messages::Messages;
use crate::run::Failure;

/// So many messages are handed on together, if they are there at once.
const TOGETHER: usize = 64;

/// Judges each message, keeps it, and hands it on once there is room.
pub(crate) struct Giving {
    pub outlet: Arc<Outlet>,
    pub seq: u64,
    pub judge: Judge,
    /// Whether there is nothing to judge.
    pub accepts_all: bool,
    pub keep: Keep,
    pub result: Arc<Mutex<StepResult>>,
    pub course: Arc<Course>,
    pub stopper: Stopper,
    /// After so many messages the call is stopped.
    pub most: Option<u64>,
    pub given: u64,
    /// Good ones that have not been handed on.
    pub staged: VecDeque<Messages>,
    /// What came with the one that is being judged.
    pub unjudged: Messages,
    pub judging: Option<BoxFuture<'static, Result<Bytes, Failure>>>,
    pub failure: Option<Failure>,
}

impl Giving {
    /// Ready for a message: when there is nothing to wait for, it will be handed on with those that come with it.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_free = self.judging.is_none() && self.failure.is_none();
        if is_free && self.most.is_none() && self.staged.iter().map(Messages::count).sum::<usize>() < TOGETHER
        {
            return Poll::Ready(());
        }
        self.poll_settled(context)
    }

    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(judging) = &mut self.judging {
                let judged = ready!(judging.as_mut().poll(context));
                self.judging = None;
                self.course.answered();
                match judged {
                    Ok(message) => self.staged.push_back(message.into()),
                    Err(failure) => self.failure = Some(failure),
                }
            }
            // What came before a bad one was good.
            ready!(self.poll_given(context));
            if let Some(failure) = self.failure.take() {
                return self.stopper.stop(Stop::Failed(failure));
            }
            self.judge_next();
            if self.judging.is_none() {
                break;
            }
        }
        match self.most {
            Some(most) if self.given >= most => self.stopper.stop(Stop::Enough),
            _ => Poll::Ready(()),
        }
    }

    /// Ready once all that is staged has been handed on.
    fn poll_given(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.staged.is_empty() {
            let before = self.given;
            if let Err(failure) = self.give() {
                self.failure = Some(failure);
                return Poll::Ready(());
            }
            if self.given > before {
                self.course.awaits_room(Room::Found);
            }
            if self.staged.is_empty() {
                break;
            }
            if self.outlet.poll_room(self.seq, context).is_pending() {
                self.course.awaits_room(Room::Awaited);
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// Hands on what there is room for.
    fn give(&mut self) -> Result<(), Failure> {
        while let Some(messages) = self.staged.front_mut() {
            let offered = self.outlet.offer(self.seq, messages);
            let given = offered.map_err(|error| Failure::Spool { reason: error.to_string() })?;
            if messages.is_empty() {
                self.staged.pop_front();
            }
            if given.is_empty() {
                break;
            }
            self.given += given.count() as u64;
            self.course.gave(self.given);
            let stored = lock(&self.result).add_all(&given, self.keep);
            stored.map_err(|error| Failure::Store { reason: unstored(&error) })?;
        }
        Ok(())
    }

    /// Stages those before the first bad one.
    fn judge_at_once(&mut self, mut messages: Messages) {
        let judged = messages.iter().enumerate().find_map(|(at, message)| {
            let judged = self.judge.at_once(message)?;
            judged.err().map(|failure| (at, failure))
        });
        if let Some((at, failure)) = judged {
            self.failure = Some(failure);
            messages = messages.take_up_to(at);
        }
        if !messages.is_empty() {
            self.staged.push_back(messages);
        }
    }

    /// Begins to judge the next one, on a thread of its own.
    fn judge_next(&mut self) {
        let Some(message) = self.unjudged.take_first() else { return };
        let judging = self.judge.clone().blocking(message.clone());
        self.judging = Some(Box::pin(async move { judging.await.map(|()| message) }));
    }
}

/// Why a stream is not in the store.
pub(crate) fn unstored(error: &std::io::Error) -> String {
    format!("the run store cannot be written: {error}")
}

impl Sink<Messages> for Giving {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.get_mut().poll_next(context).map(Ok)
    }

    fn start_send(self: Pin<&mut Self>, mut messages: Messages) -> Result<(), Infallible> {
        let this = self.get_mut();
        this.course.answered();
        if let Some(most) = this.most {
            // Nothing is staged: each time all that there was has been handed on.
            let wanted = usize::try_from(most.saturating_sub(this.given)).unwrap_or(usize::MAX);
            messages = messages.take_up_to(wanted);
        }
        if this.accepts_all {
            this.staged.push_back(messages);
        } else if this.judge.takes_time() {
            this.unjudged = messages;
            this.judge_next();
        } else {
            this.judge_at_once(messages);
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.get_mut().poll_settled(context).map(Ok)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.get_mut().poll_settled(context).map(Ok)
    }
}
