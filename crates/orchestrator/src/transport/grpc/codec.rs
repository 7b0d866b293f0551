//! Messages as bytes: whoever calls has encoded them already.

use bytes::{Buf, BufMut, Bytes};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// What goes into a call.
#[derive(Debug)]
pub(super) enum Piece {
    /// A message.
    Message(Bytes),
    /// The call is given up.
    Abort,
}

/// Passes bytes through. A decoded message shares the buffer that it was received in.
#[derive(Debug, Clone, Copy)]
pub(super) struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Piece;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Piece;
    type Error = Status;

    fn encode(&mut self, piece: Piece, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match piece {
            Piece::Message(message) => {
                buffer.reserve(message.len());
                buffer.put(message);
                Ok(())
            }
            // The connection looks for the reason in the error's sources, and resets the stream with it.
            Piece::Abort => Err(Status::from_error(Box::new(h2::Error::from(h2::Reason::CANCEL)))),
        }
    }

    fn buffer_settings(&self) -> BufferSettings {
        small_buffers()
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }

    fn buffer_settings(&self) -> BufferSettings {
        small_buffers()
    }
}

/// Buffers grow to a message's size at once; 8 KiB for each call to begin with would be held by its response.
fn small_buffers() -> BufferSettings {
    BufferSettings::new(1024, 32 * 1024)
}
