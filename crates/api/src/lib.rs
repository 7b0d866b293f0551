//! What goes over the wire between a server and its clients: [`v1`], generated from `proto/aieffect/v1`, where every message
//! is described.
//!
//! Deliberately absent: any type of the domain, and what the messages mean.

/// Messages, clients and servers of `aieffect.v1`.
#[allow(clippy::all, unreachable_pub, unused_qualifications, missing_docs, reason = "it is generated")]
pub mod v1 {
    tonic::include_proto!("aieffect.v1");
}

/// The compiled protos with all that they import, as an encoded `google.protobuf.FileDescriptorSet`: what reflection shows.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
