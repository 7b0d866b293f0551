//! `aieffect runs events`.

use aieffect_orchestrator::ports::{Entry, RunStore};
use serde_json::Value;

use super::Events;
use super::table::line;
use crate::arguments::Format;
use crate::clock;
use crate::events::as_json;
use crate::exit::Failure;
use crate::keep::refused;

pub(super) fn run(options: &Events) -> Result<String, Failure> {
    let (store, run) = options.place.find(&options.run)?;
    let mut text = String::new();
    let mut take = |_, entry: Entry| {
        text.push_str(&match options.format {
            Format::Human => as_text(&entry),
            Format::Json => Value::Object(as_json(entry.at, &entry.event)).to_string(),
        });
        text.push('\n');
    };
    store.read(&run.id, 0, &mut take).map_err(refused)?;
    Ok(text)
}

/// `09:30:00.123 done n1:Do, seq 0, attempt 1, 7 bytes`.
fn as_text(entry: &Entry) -> String {
    let fields = as_json(entry.at, &entry.event);
    let word = fields["event"].as_str().unwrap_or_default().replace('_', " ");
    let mut parts = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| !["time", "event"].contains(&name.as_str())) {
        if let Some(part) = part(name, value) {
            parts.push(part);
        }
    }
    format!("{} {word} {}", clock::of_day(entry.at), parts.join(", ")).trim_end().to_owned()
}

fn part(name: &str, value: &Value) -> Option<String> {
    match (name, value) {
        ("step" | "node" | "outcome" | "why", Value::String(text)) => Some(line(text)),
        ("gave", Value::Object(gave)) => {
            let sizes = gave.values().next()?;
            let size = |name: &str| sizes.get(name).map(|size| format!("{size} {name}"));
            Some([size("messages"), size("bytes")].into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        ("failure", Value::Object(failure)) => Some(line(failure.get("text")?.as_str()?)),
        ("redo", Value::Array(steps)) if steps.is_empty() => None,
        (name, Value::String(text)) => Some(format!("{name} {}", line(text))),
        (name, value) => Some(format!("{} {value}", name.replace('_', " "))),
    }
}
