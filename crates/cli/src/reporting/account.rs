//! How a run ended and why, for its report.

use aieffect_orchestrator::engine::{Left, RunReport, Unreached};
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::run::{Failure, Outcome};
use aieffect_orchestrator::values::Unreadable;
use aieffect_picture::report::{Cause, Ending};

use crate::drive::shown_request;

/// Letters of a request that are shown.
const LONGEST: usize = 4000;

/// How it ended, and why it failed.
pub(super) fn of(
    plan: &Plan,
    report: &RunReport,
    unreadable: Option<&Unreadable>,
) -> (Ending, Option<Cause>) {
    if let Some(Left::Unstored(reason)) = &report.left {
        let what = "The run was broken off: what happens in it could not be stored".to_owned();
        return (Ending::Failed, Some(Cause { what, text: reason.clone(), details: Vec::new() }));
    }
    match (report.outcome, unreadable) {
        (Outcome::Succeeded, None) => (Ending::Succeeded, None),
        (Outcome::Succeeded, Some(answer)) => {
            let what = "An answer cannot be read".to_owned();
            (Ending::Failed, Some(Cause { what, text: answer.to_string(), details: Vec::new() }))
        }
        (Outcome::Failed, _) => (Ending::Failed, failed(plan, report)),
        (Outcome::Unreachable, _) => (Ending::Unreachable, unreached(&report.unreached)),
        (Outcome::Cancelled, _) => match unreached(&report.unreached) {
            Some(cause) => (Ending::Unreachable, Some(cause)),
            None => (Ending::Cancelled, None),
        },
    }
}

fn failed(plan: &Plan, report: &RunReport) -> Option<Cause> {
    let cause = report.cause.as_ref()?;
    let mut details = vec![("Node", cause.name.node.to_string()), kind(&cause.failure)];
    if let Some(address) = &cause.address {
        details.push(("Address", address.to_string()));
    }
    if let Some(firing) = &cause.firing {
        details.push(("Call", (firing.seq + 1).to_string()));
    }
    if let Some(request) = &cause.request {
        details.push(("Request", shown_request(plan, cause.step, request, LONGEST)));
    }
    Some(Cause { what: format!("{} failed", cause.name), text: cause.failure.to_string(), details })
}

/// The status that a service answered with, else a word for what happened.
fn kind(failure: &Failure) -> (&'static str, String) {
    match failure {
        Failure::Status { code, .. } => ("Status", code.to_string()),
        Failure::Http { status, .. } => ("HTTP status", status.to_string()),
        other => ("Failure", other.kind().replace('_', " ")),
    }
}

fn unreached(nodes: &[Unreached]) -> Option<Cause> {
    let mut failed = nodes.iter().filter_map(|node| Some((node, node.reason.as_ref()?)));
    let (node, reason) = failed.next()?;
    let mut details = vec![("Node", node.node.to_string()), ("Address", node.address.to_string())];
    details.extend(failed.map(|(node, reason)| ("Also", format!("{}: {reason}", node.node))));
    Some(Cause { what: format!("{} could not be reached", node.node), text: reason.clone(), details })
}
