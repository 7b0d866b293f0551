//! A run's steps as tasks.

use std::collections::HashMap;

use aieffect_orchestrator::store::{StepHistory, StepState};
use serde_json::{Map, Value, json};

use super::Detail;
use crate::runs::{RunView, Runs};
use crate::time;

/// What of a reference is shown here.
const SHOWN: [&str; 4] = ["protocol", "uri", "format", "metadata"];

/// The tasks of a run, in plan order.
pub(super) async fn of(runs: &Runs, run: &str) -> Result<Vec<Value>, Detail> {
    let view = runs.view(run).await?;
    let (results, wiring) = (runs.results(run).await?, runs.wiring(run).await?);
    let results: Map<String, Value> = serde_json::from_slice(&results).unwrap_or_default();
    let given = serde_json::from_str(&wiring.initial_data)
        .map_or_else(|_| Vec::new(), |given| references(&given, None));
    let outputs: HashMap<&str, &Value> =
        results.iter().map(|(step, output)| (step.as_str(), output)).collect();
    let task = |step: &StepHistory| {
        let sources = wiring.sources.get(&step.name).map_or(&[][..], Vec::as_slice);
        let inputs: Vec<Value> = match sources {
            [] => given.clone(),
            sources => {
                let from = |source: &String| {
                    outputs
                        .get(source.as_str())
                        .map_or_else(Vec::new, |output| references(output, Some(source)))
                };
                sources.iter().flat_map(from).collect()
            }
        };
        let output = outputs.get(step.name.as_str()).map_or_else(Vec::new, |output| references(output, None));
        shown(&view, step, &inputs, &output)
    };
    Ok(view.steps.iter().map(task).collect())
}

fn shown(run: &RunView, step: &StepHistory, inputs: &[Value], outputs: &[Value]) -> Value {
    let created = step.began.unwrap_or(run.created);
    json!({
        "task_id": format!("{}.{}", run.id, step.name.replace(':', ".")),
        "node_key": step.name,
        "status": status(step.state),
        "created_at": time::shown(created),
        "updated_at": time::shown(step.ended.unwrap_or(created)),
        "error": step.failure,
        "input_refs": inputs,
        "output_refs": outputs,
    })
}

/// The word that was in use for it.
fn status(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "pending",
        StepState::Called => "running",
        StepState::Finished | StepState::Reused => "completed",
        StepState::Failed | StepState::Skipped | StepState::Cancelled => "failed",
    }
}

/// The references in an output: one, or several.
fn references(output: &Value, producer: Option<&str>) -> Vec<Value> {
    let list = match output {
        Value::Array(list) => list.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    list.iter().filter_map(|reference| reference_of(reference, producer)).collect()
}

fn reference_of(value: &Value, producer: Option<&str>) -> Option<Value> {
    let value = value.as_object().filter(|value| value.contains_key("uri"))?;
    let mut shown: Map<String, Value> = SHOWN
        .iter()
        .map(|key| ((*key).to_owned(), value.get(*key).cloned().unwrap_or(Value::Null)))
        .collect();
    if let Some(producer) = producer {
        let metadata = shown.entry("metadata").or_insert(Value::Null);
        if !metadata.is_object() {
            *metadata = json!({});
        }
        metadata["from"] = producer.into();
    }
    Some(shown.into())
}
