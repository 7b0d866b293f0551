//! What passes to and from HTTP-controlled services: data references, as the JSON texts that they are.
//!
//! A reference is never read into a value and written again on its way: its text is cut and joined, so that unknown
//! keys, large integers and nested metadata arrive as they were sent. Deliberately absent: the network.

mod json;
mod message;
mod reference;

pub(crate) use self::json::{is_json, members};
pub(crate) use self::message::{Execution, Output};
pub(crate) use self::reference::{Content, content, inline, references, with_producer};
