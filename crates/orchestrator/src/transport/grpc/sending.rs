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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};

    use super::*;

    /// What comes at once: messages as their length, `abort`, `end`, or `wait`.
    fn next(sending: &mut Sending) -> String {
        match Pin::new(sending).poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Piece::Message(message))) => message.len().to_string(),
            Poll::Ready(Some(Piece::Abort)) => "abort".to_owned(),
            Poll::Ready(None) => "end".to_owned(),
            Poll::Pending => "wait".to_owned(),
        }
    }

    #[test]
    fn messages_end_where_their_caller_waits_to_the_end() {
        let (mut sending, _caller) = sending(Box::pin(stream::iter([Bytes::from_static(b"abc")])));
        assert_eq!([next(&mut sending), next(&mut sending)], ["3", "end"]);
    }

    #[test]
    fn what_is_given_up_is_aborted_and_takes_nothing_more() {
        for inputs in [stream::iter(vec![Bytes::new(); 2]).boxed(), stream::empty().boxed()] {
            let (mut sending, caller) = sending(inputs);
            drop(caller);
            assert_eq!([next(&mut sending), next(&mut sending)], ["abort", "end"]);
        }
        let (mut sending, caller) = sending(Box::pin(stream::pending()));
        assert_eq!(next(&mut sending), "wait");
        drop(caller);
        assert_eq!(next(&mut sending), "abort");
    }
}
