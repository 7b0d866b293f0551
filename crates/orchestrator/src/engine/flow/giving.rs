//! The messages that come out of a call that gives a stream.

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

/// Judges each message, keeps it, and hands it on once there is room.
pub(crate) struct Giving {
    pub outlet: Arc<Outlet>,
    pub seq: u64,
    pub judge: Judge,
    pub keep: Keep,
    pub result: Arc<Mutex<StepResult>>,
    pub course: Arc<Course>,
    pub stopper: Stopper,
    /// After so many messages the call is stopped.
    pub most: Option<u64>,
    pub given: u64,
    pub staged: Option<Bytes>,
    pub judging: Option<BoxFuture<'static, Result<Bytes, Failure>>>,
    pub failure: Option<Failure>,
}

impl Giving {
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(judging) = &mut self.judging {
            let judged = ready!(judging.as_mut().poll(context));
            self.judging = None;
            match judged {
                Ok(message) => self.give(message),
                Err(failure) => self.failure = Some(failure),
            }
        }
        if let Some(failure) = self.failure.take() {
            return self.stopper.stop(Stop::Failed(failure));
        }
        if let Some(message) = self.staged.take() {
            if self.outlet.poll_room(self.seq, context).is_pending() {
                self.staged = Some(message);
                self.course.awaits_room(Room::Awaited);
                return Poll::Pending;
            }
            self.course.awaits_room(Room::Found);
            self.give(message);
            return self.poll_settled(context);
        }
        match self.most {
            Some(most) if self.given >= most => self.stopper.stop(Stop::Enough),
            _ => Poll::Ready(()),
        }
    }

    /// Hands a message on, or holds it until there is room.
    fn give(&mut self, message: Bytes) {
        let kept = (self.keep != Keep::None).then(|| message.clone());
        match self.outlet.offer(self.seq, message) {
            Ok(None) => {
                self.given += 1;
                if let Some(message) = kept {
                    lock(&self.result).add(&message, self.keep);
                }
            }
            Ok(staged) => self.staged = staged,
            Err(error) => self.failure = Some(Failure::Spool { reason: error.to_string() }),
        }
    }
}

impl Sink<Bytes> for Giving {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.get_mut().poll_settled(context).map(Ok)
    }

    fn start_send(self: Pin<&mut Self>, message: Bytes) -> Result<(), Infallible> {
        let this = self.get_mut();
        this.course.answered();
        match this.judge.at_once(&message) {
            Some(Ok(())) => this.give(message),
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
