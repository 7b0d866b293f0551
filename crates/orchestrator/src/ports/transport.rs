//! One call of an operation.

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use aieffect_blueprint::{Address, TransportKind};
use aieffect_contract::CallShape;
use futures_util::Sink;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::messages::Messages;
use crate::run::Failure;

/// The messages that go in, as many together as there are at once. A unary call takes the only one.
pub type Inputs = BoxStream<'static, Messages>;

/// Where the messages that come out go, as many together as came at once; a full one slows the service down.
pub type Outputs<'a> = &'a mut (dyn Sink<Messages, Error = Infallible> + Send + Unpin);

/// Makes calls.
pub trait Transport: Send + Sync {
    /// Makes one call and returns when it has ended. Dropping the future cancels the call. Keeping the
    /// deadline is the caller's business; it is in `call` so that the service can be told.
    fn call<'a>(
        &'a self,
        call: &'a Call,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What is called.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where the node answers.
    pub address: Address,
    /// How its node is called.
    pub transport: TransportKind,
    /// The path of the RPC, `/package.Service/Method`; of an HTTP-controlled node the operation's name.
    pub path: Arc<str>,
    /// How requests and responses flow.
    pub shape: CallShape,
    /// Longest time for the call.
    pub deadline: Option<Duration>,
    /// What the service is told about it.
    pub metadata: CallMetadata,
    /// Where it goes how far the service says it is.
    pub progress: Progress,
}

/// How far a call is, as its service says; for those who watch. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU16>);

impl Progress {
    /// Takes in a share of 1, or that there is nothing to say.
    pub(crate) fn report(&self, share: Option<f64>) {
        // From 1 on, so that 0 means nothing. A share of 1 makes 1001 of it: the cast cuts nothing off.
        let mark = share.map_or(0, |share| (share.clamp(0.0, 1.0) * 1000.0) as u16 + 1);
        self.0.store(mark, Ordering::Relaxed);
    }

    /// In thousandths, where it was said.
    pub fn thousandths(&self) -> Option<u16> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// What a service is told about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallMetadata {
    /// The run's id.
    pub run: Arc<str>,
    /// The step, `node:operation`.
    pub step: Arc<str>,
    /// Which firing of it.
    pub seq: u64,
    /// Which attempt.
    pub attempt: NonZeroU32,
    /// The W3C trace context.
    pub traceparent: String,
}

/// The W3C trace context of a span.
pub(crate) fn traceparent(trace: u128, span: u64) -> String {
    let mut text = String::with_capacity(55);
    text.push_str("00-");
    push_hex(&mut text, trace, 32);
    text.push('-');
    push_hex(&mut text, span.into(), 16);
    text.push_str("-01");
    text
}

/// Formatting would do the same at several times the cost, for every call.
fn push_hex(text: &mut String, number: u128, digits: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for digit in (0..digits).rev() {
        text.push(char::from(DIGITS[(number >> (4 * digit)) as usize & 15]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_has_its_numbers_in_hexadecimal() {
        let text = traceparent(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, 0xf);
        assert_eq!(text, "00-0123456789abcdef0123456789abcdef-000000000000000f-01");
    }
}
