//! How operations and pipelines are to be run: the keys that `connections.json` and `execution.json` share.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::{At, Code, Diagnostic, Findings, Place, Reader};

/// Whether calling an operation twice does no harm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Idempotence {
    /// Nobody said.
    #[default]
    Unset,
    /// It does no harm.
    Idempotent,
    /// It must not happen.
    NotIdempotent,
}

/// Which response field says that the operation worked.
#[derive(Debug, Clone, Default)]
pub enum SuccessField {
    /// `success`, when the response has it as a bool.
    #[default]
    Usual,
    /// Another field.
    Named(At<String>),
    /// None: the status alone counts.
    Ignored,
}

/// Request fields given by hand: an object, and the place it was written.
#[derive(Debug, Clone)]
pub struct Values {
    /// Field name to value.
    pub fields: Map<String, Value>,
    /// Where it stands.
    pub place: Place,
}

/// How one operation is called.
#[derive(Debug, Clone)]
pub struct OperationSettings {
    /// Fields that nothing else provides; at most one object, kept as a list to need no case for none.
    pub parameters: Vec<Values>,
    /// Fields that beat links.
    pub overrides: Vec<Values>,
    /// Longest time for one attempt.
    pub deadline: Duration,
    /// How often at most.
    pub attempts: NonZeroU32,
    /// Wait before the second attempt.
    pub backoff: Duration,
    /// Whether a second attempt can do harm.
    pub idempotence: Idempotence,
    /// Conditions on the response.
    pub expect: Vec<At<String>>,
    /// Which field says that it worked.
    pub success_field: SuccessField,
    /// Firings at once.
    pub parallel: NonZeroU32,
    /// What becomes of a live source whose stream has ended.
    pub at_end: AtEnd,
    /// What was written, to write it again.
    pub written: Map<String, Value>,
}

/// What becomes of a live source whose stream has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// It has ended.
    #[default]
    Stop,
    /// It is opened again.
    Restart,
}

/// What a link does when its queue is full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits, and so does its producer.
    #[default]
    Wait,
    /// It keeps the latest message alone.
    KeepLatest,
}

/// How a pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every step has an input from each of its links, and the run ends.
    Batch,
    /// Sources go on giving, and every message of any link is an input.
    Live,
}

impl Mode {
    /// The word in a document and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Live => "live",
        }
    }
}

impl Default for OperationSettings {
    fn default() -> Self {
        Self {
            parameters: Vec::new(),
            overrides: Vec::new(),
            deadline: Duration::from_secs(300),
            attempts: NonZeroU32::MIN.saturating_add(2),
            backoff: Duration::from_millis(500),
            idempotence: Idempotence::Unset,
            expect: Vec::new(),
            success_field: SuccessField::Usual,
            parallel: NonZeroU32::MIN,
            at_end: AtEnd::Stop,
            written: Map::new(),
        }
    }
}

/// The keys of [`OperationSettings`] in both documents.
pub(crate) const OPERATION_KEYS: [&str; 10] = [
    "parameters",
    "overrides",
    "deadline",
    "attempts",
    "backoff",
    "idempotent",
    "expect",
    "success_field",
    "parallel",
    "restart",
];

impl OperationSettings {
    /// Reads the keys; others are the caller's.
    pub(crate) fn read(reader: &Reader<'_>, findings: &mut Findings) -> Self {
        let mut settings = Self {
            parameters: values(reader, "parameters", findings),
            overrides: values(reader, "overrides", findings),
            ..Self::default()
        };
        if let Some(deadline) = duration(reader, "deadline", findings) {
            settings.deadline = deadline;
        }
        if let Some(backoff) = duration(reader, "backoff", findings) {
            settings.backoff = backoff;
        }
        if let Some(attempts) = count(reader, "attempts", findings) {
            settings.attempts = attempts;
        }
        if let Some(parallel) = count(reader, "parallel", findings) {
            settings.parallel = parallel;
        }
        settings.idempotence = match reader.get("idempotent").and_then(|value| value.flag(findings)) {
            None => Idempotence::Unset,
            Some(true) => Idempotence::Idempotent,
            Some(false) => Idempotence::NotIdempotent,
        };
        settings.expect =
            reader.items_of("expect", findings).iter().filter_map(|item| item.text(findings)).collect();
        settings.success_field = match reader.value().get("success_field") {
            None => SuccessField::Usual,
            Some(Value::Null) => SuccessField::Ignored,
            Some(_) => match reader.text_of("success_field", findings) {
                Some(name) => SuccessField::Named(name),
                None => SuccessField::Usual,
            },
        };
        settings.at_end = match reader.get("restart").and_then(|value| value.flag(findings)) {
            Some(true) => AtEnd::Restart,
            Some(false) | None => AtEnd::Stop,
        };
        let known: BTreeSet<_> = OPERATION_KEYS.into_iter().collect();
        let written = reader.value().as_object().into_iter().flatten();
        settings.written = written
            .filter(|(key, _)| known.contains(key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        settings
    }
}

/// How the pipeline as a whole is run.
#[derive(Debug, Clone)]
pub struct ExecutionSettings {
    /// How it runs, and where that is said; unsaid, the graph decides.
    pub mode: Option<At<Mode>>,
    /// Unary calls at once, in batch.
    pub max_parallel: NonZeroU32,
    /// Messages that wait between two operations.
    pub queue_size: NonZeroU32,
    /// What was written, to write it again.
    pub written: Map<String, Value>,
}

impl Default for ExecutionSettings {
    fn default() -> Self {
        let usual = NonZeroU32::MIN.saturating_add(63);
        Self { mode: None, max_parallel: usual, queue_size: usual, written: Map::new() }
    }
}

pub(crate) const EXECUTION_KEYS: [&str; 3] = ["mode", "max_parallel", "queue_size"];

impl ExecutionSettings {
    /// Reads the keys; others are the caller's.
    pub(crate) fn read(reader: &Reader<'_>, findings: &mut Findings) -> Self {
        let mut settings = Self::default();
        if let Some(max_parallel) = count(reader, "max_parallel", findings) {
            settings.max_parallel = max_parallel;
        }
        if let Some(mode) = reader.text_of("mode", findings) {
            let known = [Mode::Batch, Mode::Live].into_iter().find(|known| known.as_str() == mode.value);
            match known {
                Some(value) => settings.mode = Some(At { value, place: mode.place }),
                None => findings.push(
                    Diagnostic::error(Code::OutOfRange, format!("`{}` is no mode", mode.value))
                        .at(mode.place.label())
                        .help("modes are `batch` and `live`"),
                ),
            }
        }
        if let Some(queue_size) = count(reader, "queue_size", findings) {
            settings.queue_size = queue_size;
        }
        let written = reader.value().as_object().into_iter().flatten();
        settings.written = written
            .filter(|(key, _)| EXECUTION_KEYS.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        settings
    }
}

/// A finding when the flag `key` is `true`, which has no effect in this version.
pub(crate) fn not_yet(reader: &Reader<'_>, key: &str, why: &str, findings: &mut Findings) {
    let Some(value) = reader.get(key) else { return };
    if value.flag(findings) == Some(true) {
        let message = format!("{} is not yet acted on: {why}", value.title());
        findings.push(Diagnostic::warning(Code::SettingNotYet, message).at(value.place().key_label()));
    }
}

impl WhenFull {
    /// Reads the key of a link.
    pub(crate) fn read(reader: &Reader<'_>, findings: &mut Findings) -> Self {
        match reader.get("keep_latest").and_then(|value| value.flag(findings)) {
            Some(true) => Self::KeepLatest,
            Some(false) | None => Self::Wait,
        }
    }
}

fn values(reader: &Reader<'_>, key: &str, findings: &mut Findings) -> Vec<Values> {
    let Some(reader) = reader.get(key) else { return Vec::new() };
    let Some(fields) = reader.object(findings) else { return Vec::new() };
    if fields.is_empty() {
        return Vec::new();
    }
    vec![Values { fields: fields.clone(), place: reader.place() }]
}

fn count(reader: &Reader<'_>, key: &str, findings: &mut Findings) -> Option<NonZeroU32> {
    let reader = reader.get(key)?;
    let count = u32::try_from(reader.count(1, findings)?);
    if count.is_err() {
        reader.refuse(Code::OutOfRange, format!("{} is too large", reader.title()), findings);
    }
    NonZeroU32::new(count.ok()?)
}

/// Far longer than any run, and short enough to be added to the time of day.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

fn duration(reader: &Reader<'_>, key: &str, findings: &mut Findings) -> Option<Duration> {
    let reader = reader.get(key)?;
    let parsed = match reader.value() {
        Value::Number(number) => {
            number.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        }
        Value::String(text) => parse_duration(text),
        _ => None,
    };
    if parsed.is_none_or(|duration| duration.is_zero() || duration > LONGEST) {
        let message = match parsed {
            Some(duration) if duration > LONGEST => format!("{} is longer than a year", reader.title()),
            _ => format!("{} is no duration", reader.title()),
        };
        findings.push(
            Diagnostic::error(Code::OutOfRange, message)
                .at(reader.place().label())
                .help("write a number and a unit, such as \"500ms\", \"30s\", \"5m\" or \"2h\""),
        );
        return None;
    }
    parsed
}

/// Reads `500ms`, `30s`, `1.5m`, `2h`, or a number of seconds. `None` for anything else.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let digits = digits.trim_end();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = plain.then(|| digits.parse().ok())??;
    Duration::try_from_secs_f64(number * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("30"), Some(Duration::from_secs(30)));
        assert_eq!(parse_duration("2 h"), Some(Duration::from_secs(7200)));
        for text in ["", "s", "-1s", "1d", "1e9s", "inf", "NaN", "1..2s", "99999999999999999999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
