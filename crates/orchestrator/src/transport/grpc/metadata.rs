//! What a service is told about a call.

use std::time::Duration;

use tonic::Request;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use crate::ports::Call;
use crate::run::Failure;

/// The request with what the service is told beside its messages.
pub(super) fn with_metadata<T>(mut request: Request<T>, call: &Call) -> Result<Request<T>, Failure> {
    // A week is as good as none, and keeps the header within what every implementation reads.
    const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    let about = &call.metadata;
    let mut metadata = MetadataMap::with_capacity(8);
    metadata.insert("aieffect-run-id", text(&about.run, "aieffect-run-id")?);
    metadata.insert("aieffect-step", text(&about.step, "aieffect-step")?);
    metadata.insert("aieffect-seq", passing(about.seq.into()));
    metadata.insert("aieffect-attempt", about.attempt.get().into());
    metadata.insert("traceparent", passing(text(&about.traceparent, "traceparent")?));
    *request.metadata_mut() = metadata;
    if let Some(deadline) = call.deadline {
        request.set_timeout(deadline.min(LONGEST));
    }
    Ok(request)
}

fn text(value: &str, key: &str) -> Result<MetadataValue<Ascii>, Failure> {
    let parsed = MetadataValue::try_from(value);
    parsed.map_err(|_| Failure::Protocol { reason: format!("`{value}` cannot be sent as `{key}`") })
}

/// A value that never comes again: it is kept out of the connection's table of headers, which it would only churn.
fn passing(mut value: MetadataValue<Ascii>) -> MetadataValue<Ascii> {
    value.set_sensitive(true);
    value
}
