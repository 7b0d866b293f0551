//! `aieffect runs show`.

use std::time::{Duration, SystemTime};

use aieffect_orchestrator::store::StepHistory;
use serde_json::{Value, json};

use super::standing::Standing;
use super::table::{line, seconds, table};
use super::{Show, list};
use crate::arguments::Format;
use crate::clock;
use crate::exit::Failure;
use crate::keep::refused;

pub(super) fn run(options: &Show) -> Result<String, Failure> {
    let (store, run) = options.place.find(&options.run)?;
    let standing = Standing::of(&store, run).map_err(refused)?;
    Ok(match options.format {
        Format::Human => as_text(&standing),
        Format::Json => format!("{:#}\n", as_json(&standing)),
    })
}

fn as_text(standing: &Standing) -> String {
    let Standing { run, history, .. } = standing;
    let mut text = format!(
        "{}, {} {}: {}, {} steps, {}\n",
        run.id,
        run.mode,
        line(&run.pipeline),
        standing.outcome(),
        standing.steps(),
        seconds(standing.took())
    );
    text.push_str(&format!("begun {} UTC by aieffect {}", clock::of_date(run.created), run.version));
    match history.resumed {
        0 => {}
        1 => text.push_str(", resumed once"),
        times => text.push_str(&format!(", resumed {times} times")),
    }
    text.push('\n');
    if let Some(from) = &history.from {
        text.push_str(&format!("with results of {from}\n"));
    }
    if !run.data.is_empty() {
        text.push_str(&format!("data folder: {}\n", line(&run.data)));
    }
    if !run.initial_data.is_empty() {
        text.push_str(&format!("initial data: {}\n", line(&run.initial_data)));
    }
    text.push('\n');
    let head = ["STEP", "STATE", "ANSWERED", "ATTEMPTS", "MESSAGES", "BYTES", "TOOK", "LAST FAILURE"];
    let row = |step: &StepHistory| {
        vec![
            step.name.clone(),
            step.state.as_str().to_owned(),
            step.calls.to_string(),
            step.attempts.to_string(),
            step.messages.to_string(),
            step.bytes.to_string(),
            took(step).map(seconds).unwrap_or_default(),
            step.failure.as_deref().map(line).unwrap_or_default(),
        ]
    };
    let rows = history.steps.iter().map(row);
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    text + &table(&rows)
}

fn as_json(standing: &Standing) -> Value {
    let mut shown = list::as_json(standing);
    let time = |at: Option<SystemTime>| at.map(clock::precise);
    let steps: Vec<Value> = standing
        .history
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.name,
                "state": step.state.as_str(),
                "answered": step.calls,
                "attempts": step.attempts,
                "messages": step.messages,
                "bytes": step.bytes,
                "begun": time(step.began),
                "ended": time(step.ended),
                "failure": step.failure,
            })
        })
        .collect();
    shown["steps"] = steps.into();
    shown["failure"] = standing.history.failure.clone().into();
    shown["data"] = standing.run.data.clone().into();
    shown["initial_data"] = standing.run.initial_data.clone().into();
    shown
}

fn took(step: &StepHistory) -> Option<Duration> {
    step.ended?.duration_since(step.began?).ok()
}
