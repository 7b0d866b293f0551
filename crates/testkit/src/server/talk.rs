//! Calls whose handler takes and gives messages as they come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body as _, Frame};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::Status;
use tonic::body::Body;

/// A call under way, as its handler sees it.
pub struct Talk {
    /// How many calls of this path came before.
    pub earlier: usize,
    body: Body,
    buffer: BytesMut,
    answers: mpsc::Sender<Bytes>,
}

impl Talk {
    /// The next request message; `None` once the caller has said that there are no more, or is gone.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = self.whole() {
                return Some(message);
            }
            let frame = std::future::poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await;
            match frame?.ok()?.into_data() {
                Ok(data) => self.buffer.extend_from_slice(&data),
                Err(_trailers) => return None,
            }
        }
    }

    /// Gives a response message; waits while the caller takes none.
    pub async fn say(&mut self, message: impl Into<Bytes>) {
        // A caller that is gone takes nothing, and then this future is dropped too.
        let _ = self.answers.send(message.into()).await;
    }

    fn whole(&mut self) -> Option<Bytes> {
        let length = self.buffer.get(1..5)?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        if self.buffer.len() < 5 + length {
            return None;
        }
        self.buffer.advance(5);
        Some(self.buffer.split_to(length).freeze())
    }
}

type Talking = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;
pub(crate) type Talker = Arc<dyn Fn(Talk) -> Talking + Send + Sync>;

/// The frames of a response whose handler is still at work.
pub(super) struct Answering<D> {
    talking: Option<Talking>,
    answers: mpsc::Receiver<Bytes>,
    ended: Option<Result<(), Status>>,
    message: Option<Bytes>,
    /// Told when the response is dropped before its end.
    guard: Option<D>,
}

impl<D> Answering<D> {
    pub(super) fn new(talker: &Talker, earlier: usize, body: Body, guard: D) -> Self {
        let (sender, answers) = mpsc::channel(1);
        let talk = Talk { earlier, body, buffer: BytesMut::new(), answers: sender };
        Self { talking: Some(talker(talk)), answers, ended: None, message: None, guard: Some(guard) }
    }
}

impl<D: Unpin + super::service::End> Stream for Answering<D> {
    type Item = Result<Frame<Bytes>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(message) = self.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
        if let Some(talking) = &mut self.talking
            && let Poll::Ready(ended) = talking.as_mut().poll(context)
        {
            self.talking = None;
            self.ended = Some(ended);
        }
        match self.answers.poll_recv(context) {
            Poll::Ready(Some(message)) => {
                let header = super::service::header(message.len());
                // Empty frames count as an attack.
                self.message = Some(message).filter(|message| !message.is_empty());
                return Poll::Ready(Some(Ok(Frame::data(header))));
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => {}
        }
        if let Some(guard) = self.guard.take() {
            guard.end();
        }
        let Some(ended) = self.ended.take() else { return Poll::Ready(None) };
        let mut trailers = http::HeaderMap::new();
        let status = ended.err().unwrap_or_else(|| Status::ok(""));
        if status.add_header(&mut trailers).is_err() {
            return Poll::Ready(Some(Err(Status::internal("a status that cannot be sent"))));
        }
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}
