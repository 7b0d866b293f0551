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
    pub judging: Option<BoxFuture<'static, Result<(), Failure>>>,
}

impl Giving {
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(judging) = &mut self.judging {
            let judged = ready!(judging.as_mut().poll(context));
            self.judging = None;
            if let Err(failure) = judged {
                self.staged = None;
                return self.stopper.stop(Stop::Failed(failure));
            }
        }
        let Some(message) = &self.staged else { return Poll::Ready(()) };
        if self.outlet.poll_room(self.seq, context).is_pending() {
            self.course.awaits_room(Room::Awaited);
            return Poll::Pending;
        }
        self.course.awaits_room(Room::Found);
        let put = self.outlet.put(message);
        let kept = lock(&self.result).add(message, self.keep);
        self.staged = None;
        self.given += 1;
        if let Err(error) = put {
            return self.stopper.stop(Stop::Failed(Failure::Spool { reason: error.to_string() }));
        }
        if let Err(error) = kept {
            return self.stopper.stop(Stop::Failed(Failure::Store { reason: unstored(&error) }));
        }
        match self.most {
            Some(most) if self.given >= most => self.stopper.stop(Stop::Enough),
            _ => Poll::Ready(()),
        }
    }
}

/// Why a stream is not in the store.
pub(crate) fn unstored(error: &std::io::Error) -> String {
    format!("the run store cannot be written: {error}")
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
            Some(Ok(())) => this.staged = Some(message),
            Some(Err(failure)) => {
                this.judging = Some(Box::pin(std::future::ready(Err(failure))));
            }
            None => {
                this.judging = Some(Box::pin(this.judge.clone().blocking(message.clone())));
                this.staged = Some(message);
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
