//! `aieffect runs list`.

use aieffect_orchestrator::ports::RunStore;
use serde_json::{Value, json};

use super::List;
use super::standing::Standing;
use super::table::{line, seconds, table};
use crate::arguments::Format;
use crate::clock;
use crate::exit::Failure;
use crate::keep::refused;

pub(super) fn run(options: &List) -> Result<String, Failure> {
    let mut standings = Vec::new();
    if let Some(store) = options.place.open()? {
        for run in store.runs().map_err(refused)? {
            standings.push(Standing::of(&store, run).map_err(refused)?);
        }
    }
    Ok(match options.format {
        Format::Human if standings.is_empty() => String::new(),
        Format::Human => as_text(&standings),
        Format::Json => {
            let runs: Vec<Value> = standings.iter().map(as_json).collect();
            format!("{:#}\n", json!({"runs": runs}))
        }
    })
}

fn as_text(standings: &[Standing]) -> String {
    let head = ["RUN", "BEGUN (UTC)", "PIPELINE", "MODE", "OUTCOME", "STEPS", "TOOK"];
    let row = |standing: &Standing| {
        let run = &standing.run;
        vec![
            run.id.to_string(),
            clock::of_date(run.created),
            line(&run.pipeline),
            run.mode.clone(),
            standing.outcome().to_owned(),
            standing.steps(),
            seconds(standing.took()),
        ]
    };
    let rows: Vec<_> =
        std::iter::once(head.map(str::to_owned).to_vec()).chain(standings.iter().map(row)).collect();
    table(&rows)
}

/// What both `list` and `show` say of a run.
pub(super) fn as_json(standing: &Standing) -> Value {
    let Standing { run, history, .. } = standing;
    json!({
        "run": run.id.as_str(),
        "begun": clock::precise(run.created),
        "pipeline": run.pipeline,
        "mode": run.mode,
        "outcome": standing.outcome(),
        "steps_finished": history.finished(),
        "steps": run.steps.len(),
        "seconds": standing.took().as_secs_f64(),
        "resumed": history.resumed,
        "from": history.from,
        "version": run.version,
    })
}
