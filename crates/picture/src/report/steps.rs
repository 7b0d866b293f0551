//! Tables: what passed through each step, and what went wrong.

use std::cmp::Reverse;
use std::time::Duration;

use super::errors::Place;
use super::html::{escaped, mark, scrolled};
use super::record::{RunRecord, StepRecord};
use super::times::figure;
use super::units::{self, count, number, size};
use crate::svg::text::shortened;

/// As many steps have a row.
const MOST_ROWS: usize = 1000;
const LONGEST: usize = 60;

/// The table of steps.
pub(super) fn steps(record: &RunRecord) -> String {
    let mut html = String::new();
    let mut rows: Vec<(usize, &StepRecord)> = record.steps.iter().enumerate().collect();
    if rows.len() > MOST_ROWS {
        rows.sort_by_key(|(nth, step)| (step.failed == 0, Reverse(step.attempts), *nth));
        rows.truncate(MOST_ROWS);
        rows.sort_by_key(|(nth, _)| *nth);
        html += &format!(
            "<p class=\"note\">{} of {} have a row: those that failed, and those that took longest. `aieffect runs show` lists \
             all.</p>\n",
            number(MOST_ROWS as u64),
            count(record.steps.len() as u64, "step")
        );
    }
    let mut table = "<table>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">State</th>".to_owned();
    for name in [
        "Calls",
        "Failed",
        "Repeated",
        "Requests",
        "Bytes in",
        "Messages",
        "Bytes out",
        "p50",
        "p95",
        "p99",
        "Longest",
        "In calls",
    ] {
        table += &format!("<th scope=\"col\" class=\"n\">{name}</th>");
    }
    table += "</tr></thead>\n<tbody>\n";
    for (_, step) in rows {
        table += &row(step);
    }
    table += "</tbody>\n";
    if record.steps.len() > 1 {
        table += &foot(record);
    }
    table += "</table>\n";
    html + &scrolled("steps", "Figures of each step", &table)
}

fn row(step: &StepRecord) -> String {
    let state = step.state.as_str();
    let mut html = format!(
        "<tr><th scope=\"row\"><span title=\"{}\">{}</span></th><td class=\"state\">{}{state}</td>",
        escaped(&step.name),
        escaped(&shortened(&step.name, LONGEST)),
        mark(state)
    );
    html += &counts(step.calls, step.failed, step.repeated);
    html += &amounts(step.amounts.requests, step.amounts.messages, step.amounts.bytes);
    let time = |time: Option<Duration>| figure(time.map(units::time));
    for percent in [50, 95, 99] {
        html += &time(step.times.percentile(percent));
    }
    html += &time(step.times.most());
    html += &time(Some(step.attempts).filter(|time| !time.is_zero()));
    html + "</tr>\n"
}

fn foot(record: &RunRecord) -> String {
    let sum = |of: fn(&StepRecord) -> u64| record.steps.iter().map(of).sum::<u64>();
    let requests = record.steps.iter().filter_map(|step| step.amounts.requests);
    let requests = requests.reduce(|sum, each| (sum.0 + each.0, sum.1 + each.1));
    let bytes = record.steps.iter().filter_map(|step| step.amounts.bytes).reduce(|sum, each| sum + each);
    let all: Duration = record.steps.iter().map(|step| step.attempts).sum();
    let mut html = "<tfoot><tr><th scope=\"row\">All steps</th><td></td>".to_owned();
    html += &counts(sum(|step| step.calls), sum(|step| step.failed), sum(|step| step.repeated));
    html += &amounts(requests, sum(|step| step.amounts.messages), bytes);
    html += "<td></td><td></td><td></td><td></td>";
    html += &figure((!all.is_zero()).then(|| units::time(all)));
    html + "</tr></tfoot>\n"
}

fn counts(calls: u64, failed: u64, repeated: u64) -> String {
    let bad = |number: u64| {
        if number == 0 { figure(None) } else { format!("<td class=\"n bad\">{}</td>", units::number(number)) }
    };
    figure((calls > 0).then(|| number(calls))) + &bad(failed) + &bad(repeated)
}

fn amounts(requests: Option<(u64, u64)>, messages: u64, bytes: Option<u64>) -> String {
    let requests = requests.filter(|(made, _)| *made > 0);
    let bytes = bytes.filter(|_| messages > 0);
    figure(requests.map(|(made, _)| number(made)))
        + &figure(requests.map(|(_, taken)| size(taken)))
        + &figure((messages > 0).then(|| number(messages)))
        + &figure(bytes.map(size))
}

/// The table of errors.
pub(super) fn errors(record: &RunRecord) -> String {
    let groups = record.errors.groups();
    if groups.is_empty() {
        return "<p class=\"note\">There were none.</p>\n".to_owned();
    }
    let mut table = "<table class=\"errors\">\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">First at</th>\
         <th scope=\"col\">Where</th><th scope=\"col\" class=\"n\">Times</th><th scope=\"col\">What was said</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for group in groups {
        let name = record.steps.get(group.first.step).map_or("", |step| step.name.as_str());
        let place = match group.first.place {
            Place::Attempt { seq, attempt } => format!("call {}, attempt {attempt}", number(seq + 1)),
            Place::Calls => "calls".to_owned(),
            Place::Step => "the step itself".to_owned(),
        };
        let end = if group.first.is_last { "" } else { "; made again" };
        table += &format!(
            "<tr><th scope=\"row\"><span title=\"{}\">{}</span></th><td>{}</td><td>{place}{end}</td><td class=\"n\">{}</td>\
             <td class=\"said\">{}</td></tr>\n",
            escaped(name),
            escaped(&shortened(name, LONGEST)),
            units::time(group.first.since),
            number(group.count),
            escaped(&group.text)
        );
    }
    table += "</tbody>\n</table>\n";
    let mut html = scrolled("", "Errors", &table);
    if record.errors.further() > 0 {
        html += &format!(
            "<p class=\"note\">{} of other texts followed, and are only counted.</p>\n",
            count(record.errors.further(), "further error")
        );
    }
    html
}
