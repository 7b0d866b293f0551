//! Bodies that come in time: [`timely`].

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes that earn a second more.
const BYTES_A_SECOND: u64 = 16 * 1024;

/// How fast a body has to come, and what is said when it does not.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    patience: Duration,
    said: fn() -> BoxError,
}

/// A body that did not come in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the body did not come in time")]
pub(crate) struct TooSlow;

impl Pace {
    pub(crate) fn new(patience: Duration, said: fn() -> BoxError) -> Self {
        Self { patience, said }
    }
}

/// Lets a request through whose body fails when it comes too slowly.
pub(crate) async fn timely(pace: Pace, request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Timely::new(body, pace)))).await
}

/// A body with a time, which begins when it is asked for and is more for what has come.
struct Timely {
    body: Body,
    pace: Pace,
    came: u64,
    asked: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timely {
    fn new(body: Body, pace: Pace) -> Self {
        Self { body, pace, came: 0, asked: None }
    }
}

impl http_body::Body for Timely {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        let (since, until) = this.asked.get_or_insert_with(|| {
            let since = Instant::now();
            (since, Box::pin(sleep_until(since + this.pace.patience)))
        });
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                this.came += frame.data_ref().map_or(0, |data| data.len() as u64);
                let earned = Duration::from_secs_f64(this.came as f64 / BYTES_A_SECOND as f64);
                until.as_mut().reset(*since + this.pace.patience + earned);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if until.as_mut().poll(cx).is_ready() => Poll::Ready(Some(Err((this.pace.said)()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    /// A body of pieces, one after each time.
    async fn read(pieces: usize, size: usize, every: Duration) -> Result<usize, String> {
        let pieces = stream::iter(0..pieces).then(move |_| async move {
            tokio::time::sleep(every).await;
            Ok::<_, BoxError>(vec![0_u8; size])
        });
        let pace = Pace::new(Duration::from_secs(30), || TooSlow.into());
        let body = Body::new(Timely::new(Body::from_stream(pieces), pace));
        let read = axum::body::to_bytes(body, usize::MAX).await;
        read.map(|bytes| bytes.len()).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_longer_the_more_of_it_has_come() {
        assert_eq!(read(100, 64 * 1024, Duration::from_secs(4)).await, Ok(100 * 64 * 1024));
        assert_eq!(read(20, 1, Duration::from_secs(1)).await, Ok(20));
        let dripping = read(1000, 1, Duration::from_secs(1)).await;
        assert_eq!(dripping, Err("the body did not come in time".to_owned()));
        let silent = read(1, 1, Duration::from_secs(31)).await;
        assert_eq!(silent, Err("the body did not come in time".to_owned()));
    }
}
