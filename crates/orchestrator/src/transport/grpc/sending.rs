//! The request's half of a call that takes a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::AtomicWaker;

use super::codec::Piece;
use crate::ports::Inputs;

/// The messages of a call, which end in an abortion once nobody waits for the call any more. The connection holds on
/// to this half for as long as it has not ended, and the service would wait for more.
pub(super) struct Sending {
    inputs: Option<Inputs>,
    abortion: Arc<Abortion>,
}

/// Aborts the messages when it is dropped.
pub(super) struct Caller(Arc<Abortion>);

#[derive(Default)]
struct Abortion {
    is_due: AtomicBool,
    waker: AtomicWaker,
}

/// Messages, and who aborts them.
pub(super) fn sending(inputs: Inputs) -> (Sending, Caller) {
    let abortion = Arc::<Abortion>::default();
    (Sending { inputs: Some(inputs), abortion: Arc::clone(&abortion) }, Caller(abortion))
}

impl Stream for Sending {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        let is_due = self.abortion.is_due.load(Ordering::Acquire);
        let Some(inputs) = &mut self.inputs else { return Poll::Ready(None) };
        if is_due {
            self.inputs = None;
            return Poll::Ready(Some(Piece::Abort));
        }
        let polled = inputs.as_mut().poll_next(context);
        match polled {
            Poll::Ready(Some(message)) => return Poll::Ready(Some(Piece::Message(message))),
            Poll::Ready(None) => {
                self.inputs = None;
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        self.abortion.waker.register(context.waker());
        if !self.abortion.is_due.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.inputs = None;
        Poll::Ready(Some(Piece::Abort))
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.is_due.store(true, Ordering::Release);
        self.0.waker.wake();
    }
}
