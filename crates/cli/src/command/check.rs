//! `aieffect check`: findings are this command's data, so they go to stdout.

use aieffect_blueprint::Findings;
use aieffect_orchestrator::plan::{self, PlanOptions};

use crate::arguments::{Check, Format, RunMode};
use crate::exit::{Exit, Failure};
use crate::findings::{self, Strictness};
use crate::load::{self, Loaded};
use crate::services;
use crate::terminal;

pub(crate) fn run(options: &Check) -> Result<Exit, Failure> {
    let strictness = Strictness::of(options.strict);
    let mut loaded = load::load(&options.path, options.execution.as_deref())?;
    let initial = load::initial_data(options.initial_data.as_deref(), &mut loaded.findings)?;
    let mode = options.mode.map(RunMode::mode);
    let plan = loaded.plan(&initial, &PlanOptions { mode, ..PlanOptions::default() });
    let foreseen = services::foreseen(&loaded, plan.as_ref());
    loaded.findings.extend(foreseen);
    if let (true, Some(resolved)) = (options.designer, &loaded.resolved) {
        loaded.findings.extend(aieffect_contract::designer(&resolved.pipeline, &resolved.protos));
    }
    let printed = match options.format {
        Format::Json => json(&loaded, plan.as_ref(), options),
        Format::Human => human(&loaded, plan.as_ref(), options),
    };
    terminal::print(&printed).map_err(|error| Failure::new(Exit::Internal, error))?;
    if strictness.stops_at(&loaded.findings) {
        return Ok(Exit::InvalidInput);
    }
    Ok(Exit::Done)
}

fn human(loaded: &Loaded, plan: Option<&plan::Plan>, options: &Check) -> String {
    let mut text = findings::as_text(&loaded.findings, terminal::stdout_colour());
    if let (Some(plan), true) = (plan, options.plan) {
        text.push_str(&plan::explain(plan));
        text.push('\n');
    }
    let contents = plan.map(contents).unwrap_or_default();
    text.push_str(&format!("{}: {}{contents}\n", options.path.display(), findings::count(&loaded.findings)));
    if let Some(hint) = explain_hint(&loaded.findings) {
        text.push_str(&hint);
    }
    text
}

fn contents(plan: &plan::Plan) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (nodes, steps, links) = (plan.nodes.len(), plan.steps.len(), plan.links.len());
    format!("; {}, {}, {}", count(nodes, "node"), count(steps, "step"), count(links, "link"))
}

fn explain_hint(findings: &Findings) -> Option<String> {
    let worst = findings.iter().max_by_key(|diagnostic| diagnostic.severity)?;
    Some(format!("run `aieffect explain {}` for more on a finding\n", worst.code))
}

fn json(loaded: &Loaded, plan: Option<&plan::Plan>, options: &Check) -> String {
    let mut object = findings::as_json(&loaded.findings);
    if let (Some(plan), true, Some(fields)) = (plan, options.plan, object.as_object_mut()) {
        fields.insert("plan".to_owned(), plan::explain(plan).into());
    }
    format!("{object:#}\n")
}
