//! Stops a call from within what goes into it or comes out of it.

use std::sync::{Arc, Mutex};
use std::task::Poll;

use tokio::sync::oneshot;

use super::intake::lock;
use crate::run::Failure;

/// Why a call is stopped by us.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed.
    Failed(Failure),
    /// It gave what was asked for.
    Enough,
}

/// Stops a call, once.
#[derive(Clone)]
pub(crate) struct Stopper(Arc<Mutex<Option<oneshot::Sender<Stop>>>>);

/// A stopper, and what it stops with.
pub(crate) fn stopper() -> (Stopper, oneshot::Receiver<Stop>) {
    let (sender, receiver) = oneshot::channel();
    (Stopper(Arc::new(Mutex::new(Some(sender)))), receiver)
}

impl Stopper {
    /// Stops the call. Its messages wait from here on; that they are dropped with the call is what ends them.
    pub(crate) fn stop<T>(&mut self, stop: Stop) -> Poll<T> {
        if let Some(sender) = lock(&self.0).take() {
            // Nobody receives when the call has ended by itself at the same time.
            sender.send(stop).ok();
        }
        Poll::Pending
    }
}
