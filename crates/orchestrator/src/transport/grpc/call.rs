//! One call, on the streams of its connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aieffect_contract::CallShape;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::Request;

use super::frames::{Frames, put_prefix};
use super::status::{failure_of, head, trailer};
use crate::messages::{Data, Messages, PREFIX};
use crate::ports::{Inputs, Outputs};
use crate::run::Failure;

/// Small messages that are there at once are written at once: two frames of the size that services take, with room for
/// one message more.
const TOGETHER: usize = 31 * 1024;
/// A message of that size is not copied to stand beside others.
const ALONE: usize = 8 * 1024;
/// A response of up to that size gets memory of its own, and does not hold on to what it was read into.
const DETACHED: usize = 32 * 1024;

/// Makes the call, and returns when it has ended. Dropping the future resets it.
pub(super) async fn perform(
    client: SendRequest<Bytes>,
    request: Request<()>,
    shape: CallShape,
    inputs: Inputs,
    outputs: Outputs<'_>,
) -> Result<(), Failure> {
    match shape {
        CallShape::Unary | CallShape::ServerStream => {
            let response = send_one(client, request, inputs).await?;
            receive(response, shape, outputs).await
        }
        CallShape::ClientStream | CallShape::Bidirectional => {
            let (response, body) = begin(client, request)?;
            let mut sending = Sending::new(body, inputs);
            let mut receiving = std::pin::pin!(receive(response, shape, outputs));
            let mut is_sending = true;
            poll_fn(|context| {
                // The service may end the call before it has had all.
                if let Poll::Ready(ended) = receiving.as_mut().poll(context) {
                    return Poll::Ready(ended);
                }
                if is_sending && let Poll::Ready(sent) = sending.poll(context) {
                    is_sending = false;
                    match sent {
                        Ok(()) => {}
                        Err(Unsent::Broken) => {}
                        Err(Unsent::Refused(failure)) => return Poll::Ready(Err(failure)),
                    }
                }
                Poll::Pending
            })
            .await
        }
    }
}

fn begin(
    mut client: SendRequest<Bytes>,
    request: Request<()>,
) -> Result<(ResponseFuture, SendStream<Bytes>), Failure> {
    client.send_request(request, false).map_err(|error| failure_of(&error))
}

/// Sends the only message, as it is.
async fn send_one(
    client: SendRequest<Bytes>,
    request: Request<()>,
    mut inputs: Inputs,
) -> Result<ResponseFuture, Failure> {
    let message = inputs.next().await.and_then(|mut first| first.take_first()).unwrap_or_default();
    let is_small = message.len() <= ALONE;
    let mut first = BytesMut::with_capacity(if is_small { PREFIX + message.len() } else { PREFIX });
    put_prefix(&mut first, message.len())?;
    if is_small {
        first.extend_from_slice(&message);
    }
    let (response, mut body) = begin(client, request)?;
    // When the stream has been reset already, the response says why.
    let sent = body.send_data(first.freeze(), is_small);
    if sent.is_ok() && !is_small {
        body.send_data(message, true).ok();
    }
    Ok(response)
}

async fn receive(response: ResponseFuture, shape: CallShape, outputs: Outputs<'_>) -> Result<(), Failure> {
    let (parts, mut body) = response.await.map_err(|error| failure_of(&error))?.into_parts();
    if let Some(ended) = head(&parts) {
        return ended;
    }
    match shape {
        CallShape::Unary | CallShape::ClientStream => {
            let message = only(&mut body).await?;
            trailer(body.trailers().await.map_err(|error| failure_of(&error))?.as_ref())?;
            if let Some(message) = message {
                hand_on(outputs, message.into()).await;
                settle(outputs).await;
            }
            Ok(())
        }
        CallShape::ServerStream | CallShape::Bidirectional => {
            drain(&mut body, outputs).await?;
            trailer(body.trailers().await.map_err(|error| failure_of(&error))?.as_ref())
        }
    }
}

/// The message of a response that is not to have more.
async fn only(body: &mut RecvStream) -> Result<Option<Bytes>, Failure> {
    let (mut frames, mut message) = (Frames::default(), None);
    while let Some(data) = body.data().await {
        let data = data.map_err(|error| failure_of(&error))?;
        let taken = data.len();
        frames.take(data);
        while let Some(next) = frames.next()? {
            let next = if next.len() <= DETACHED { Bytes::copy_from_slice(&next) } else { next };
            if message.replace(next).is_some() {
                return Err(Failure::Protocol {
                    reason: "it answered with more than one message".to_owned(),
                });
            }
        }
        // An error here means that the stream is over, which the next look at it says better.
        body.flow_control().release_capacity(taken).ok();
    }
    frames.end()?;
    Ok(message)
}

/// Hands every message on. The service is slowed down by what is not taken.
async fn drain(body: &mut RecvStream, outputs: Outputs<'_>) -> Result<(), Failure> {
    let mut frames = Frames::default();
    while let Some(data) = body.data().await {
        let data = data.map_err(|error| failure_of(&error))?;
        let taken = data.len();
        frames.take(data);
        let taken_apart = loop {
            match frames.next_together() {
                Ok(Some(messages)) => hand_on(outputs, messages).await,
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            }
        };
        // What came before a fault was good.
        settle(outputs).await;
        taken_apart?;
        // An error here means that the stream is over, which the next look at it says better.
        body.flow_control().release_capacity(taken).ok();
    }
    frames.end()
}

async fn hand_on(outputs: Outputs<'_>, messages: Messages) {
    let ready = poll_fn(|context| Pin::new(&mut *outputs).poll_ready(context)).await;
    match ready.and_then(|()| Pin::new(&mut *outputs).start_send(messages)) {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

async fn settle(outputs: Outputs<'_>) {
    match poll_fn(|context| Pin::new(&mut *outputs).poll_flush(context)).await {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

/// The messages that go out by a stream.
struct Sending {
    body: SendStream<Bytes>,
    inputs: Inputs,
    /// Small ones, to be written together.
    gathered: BytesMut,
    /// A large one, or what is large together, to be written after those.
    alone: Option<Bytes>,
    have_ended: bool,
}

/// Why not all was sent.
enum Unsent {
    /// The stream is over; the response says why.
    Broken,
    /// It cannot be sent.
    Refused(Failure),
}

impl Sending {
    fn new(body: SendStream<Bytes>, inputs: Inputs) -> Self {
        Self { body, inputs, gathered: BytesMut::new(), alone: None, have_ended: false }
    }

    /// Ready once all is handed to the connection.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        loop {
            ready!(self.gather(context)).map_err(Unsent::Refused)?;
            if self.gathered.is_empty() && self.alone.is_none() {
                if !self.have_ended {
                    return Poll::Pending;
                }
                let ended = self.body.send_data(Bytes::new(), true);
                return Poll::Ready(ended.map_err(|_| Unsent::Broken));
            }
            ready!(self.poll_room(context))?;
            if let Some(ended) = self.write() {
                return Poll::Ready(ended);
            }
        }
    }

    /// Takes messages, until enough are there to be written: pending when more may be there in a moment.
    fn gather(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let before = self.gathered.len();
        while self.alone.is_none() && !self.have_ended && self.gathered.len() < TOGETHER {
            let Poll::Ready(next) = self.inputs.as_mut().poll_next(context) else {
                return self.after_a_pause(before, context).map(Ok);
            };
            let Some(messages) = next else {
                self.have_ended = true;
                break;
            };
            let data = match messages.into_data() {
                Data::Framed(framed) => framed,
                Data::Single(message) => {
                    put_prefix(&mut self.gathered, message.len())?;
                    message
                }
            };
            if data.len() <= ALONE {
                self.gathered.extend_from_slice(&data);
            } else {
                self.alone = Some(data);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// While small messages come, whoever gives them has its turn before they are written: its queue may have been
    /// too short for more.
    fn after_a_pause(&self, before: usize, context: &Context<'_>) -> Poll<()> {
        if self.gathered.len() == before {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Ready once some can be written.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        self.body.reserve_capacity(1);
        while self.body.capacity() == 0 {
            match ready!(self.body.poll_capacity(context)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(Err(Unsent::Broken)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what is there. Gives the end, when that was all.
    fn write(&mut self) -> Option<Result<(), Unsent>> {
        if !self.gathered.is_empty() {
            let is_last = self.have_ended && self.alone.is_none();
            if self.body.send_data(self.gathered.split().freeze(), is_last).is_err() {
                return Some(Err(Unsent::Broken));
            }
            if is_last {
                return Some(Ok(()));
            }
        }
        if let Some(message) = self.alone.take()
            && self.body.send_data(message, false).is_err()
        {
            return Some(Err(Unsent::Broken));
        }
        None
    }
}
