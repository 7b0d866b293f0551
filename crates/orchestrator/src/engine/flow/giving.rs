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
    pub staged: VecDeque<Bytes>,
    pub judging: Option<BoxFuture<'static, Result<Bytes, Failure>>>,
    pub failure: Option<Failure>,
}

impl Giving {
    /// Ready for a message: when there is nothing to wait for, it will be handed on with those that come with it.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_free = self.judging.is_none() && self.failure.is_none();
        if is_free && self.most.is_none() && self.staged.len() < TOGETHER {
            return Poll::Ready(());
        }
        self.poll_settled(context)
    }

    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(judging) = &mut self.judging {
            let judged = ready!(judging.as_mut().poll(context));
            self.judging = None;
            match judged {
                Ok(message) => self.staged.push_back(message),
                Err(failure) => self.failure = Some(failure),
            }
        }
        // What came before a bad one was good.
        ready!(self.poll_given(context));
        if let Some(failure) = self.failure.take() {
            return self.stopper.stop(Stop::Failed(failure));
        }
        match self.most {
            Some(most) if self.given >= most => self.stopper.stop(Stop::Enough),
            _ => Poll::Ready(()),
        }
    }

    /// Ready once all that is staged has been handed on.
    fn poll_given(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.staged.is_empty() {
            let before = self.staged.len();
            if let Err(failure) = self.give() {
                self.failure = Some(failure);
                return Poll::Ready(());
            }
            if self.staged.len() < before {
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
        let kept: Vec<Bytes> = match self.keep {
            Keep::None => Vec::new(),
            Keep::All | Keep::Last => self.staged.iter().cloned().collect(),
        };
        let before = self.staged.len();
        let offered = self.outlet.offer(self.seq, &mut self.staged);
        offered.map_err(|error| Failure::Spool { reason: error.to_string() })?;
        let given = before - self.staged.len();
        self.given += given as u64;
        self.course.gave(self.given);
        let mut result = lock(&self.result);
        let stored = kept.iter().take(given).try_for_each(|message| result.add(message, self.keep));
        stored.map_err(|error| Failure::Store { reason: unstored(&error) })
    }
}

/// Why a stream is not in the store.
pub(crate) fn unstored(error: &std::io::Error) -> String {
    format!("the run store cannot be written: {error}")
}

impl Sink<Bytes> for Giving {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.get_mut().poll_next(context).map(Ok)
    }

    fn start_send(self: Pin<&mut Self>, message: Bytes) -> Result<(), Infallible> {
        let this = self.get_mut();
        this.course.answered();
        if this.accepts_all {
            this.staged.push_back(message);
            return Ok(());
        }
        match this.judge.at_once(&message) {
            Some(Ok(())) => this.staged.push_back(message),
            Some(Err(failure)) => this.failure = Some(failure),
            None => {
                let judging = this.judge.clone().blocking(message.clone());
                this.judging = Some(Box::pin(async move { judging.await.map(|()| message) }));
            }
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
