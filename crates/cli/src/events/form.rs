//! An event as JSON, wherever it is printed.

use std::time::SystemTime;

use aieffect_orchestrator::store::StoredEvent;
use serde_json::{Map, Value};

use crate::clock;

/// The event's fields, its time before them.
pub(crate) fn as_json(at: SystemTime, event: &StoredEvent) -> Map<String, Value> {
    let mut fields = match serde_json::to_value(event) {
        Ok(Value::Object(fields)) => fields,
        // Events are objects, and there is always a text for one.
        _ => Map::new(),
    };
    fields.shift_insert(0, "time".to_owned(), clock::precise(at).into());
    fields
}

/// Appends the event's line.
pub(super) fn write_line(at: SystemTime, event: &StoredEvent, to: &mut Vec<u8>) {
    // A list takes everything, and an object of texts and numbers is JSON.
    let _ = serde_json::to_writer(&mut *to, &as_json(at, event));
    to.push(b'\n');
}
