//! A run's events as JSON.

use aieffect_orchestrator::ports::Entry;
use serde_json::Value;

use crate::time;

/// What happened, with its position and time.
pub(crate) fn shown(position: u64, entry: &Entry) -> Value {
    let mut event = serde_json::to_value(&entry.event).unwrap_or_default();
    if let Value::Object(fields) = &mut event {
        fields.insert("position".to_owned(), position.into());
        fields.insert("at".to_owned(), time::shown(entry.at).into());
    }
    event
}
