//! Fills a request from the bytes of messages, without decoding them.
//!
//! [`as_is`] and [`spliced`] decide at plan time what is possible: bytes as they are, or put together out of the links'
//! messages, field by field. Both do to bytes what decoding, converting and encoding would do, so that a reader of the
//! request finds the same in it. What a message repeats is handled as protobuf's merging wants it: fields are copied in
//! their order, each occurrence on its own. Where that is not enough (a value changes its form, a oneof is torn
//! apart, a field becomes aware of its presence within a message), the message has to be decoded.
//!
//! What is not carried is not looked into: bytes that are no message of their type are noticed on the way to what is
//! wanted, or by the service.

mod action;
mod build;
mod oneof;
mod patch;
mod reader;
mod splice;
mod splicing;
mod table;
#[cfg(test)]
pub(super) mod work;

pub use self::splice::Spliced;
pub use self::table::AsIs;

pub(super) use self::build::{as_is, spliced};
