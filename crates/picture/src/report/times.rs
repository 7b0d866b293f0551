//! Where the time went: parts of it, for all steps together and for those that took longest.

use std::time::Duration;

use super::html::{escaped, percent, scrolled};
use super::record::{RunRecord, StepRecord};
use super::units;
use crate::svg::text::shortened;

/// As many steps are listed.
const MOST_ROWS: usize = 25;
const LONGEST: usize = 60;

/// The parts of a time, in the order in which a call goes through them: a class, a name, and what it means.
const PARTS: [(&str, &str, &str); 6] = [
    ("readiness", "Readiness", "from the run’s beginning until the service answers"),
    ("queueing", "Queueing", "a message is there, and waits until its call may begin"),
    ("transfer", "Transfer", "making requests of the messages that came in"),
    ("calling", "Calling", "from a request’s sending to its answer"),
    ("backoff", "Backoff", "waiting before a call is made again"),
    ("storing", "Storing", "writing what happened, and answers, to the run store"),
];

/// The time of a step, or of several, by part.
#[derive(Debug, Clone, Copy, Default)]
struct Parts([Duration; 6]);

impl Parts {
    fn of(record: &RunRecord, step: &StepRecord) -> Self {
        let answered = record.nodes.get(step.node).and_then(|node| node.answered);
        let ready = answered.unwrap_or_default();
        Self([ready, step.queueing, step.transfer(), step.calling(), step.backoff, step.storing])
    }

    /// All steps together. They wait for their services side by side: that counts once, as long as the last one took.
    fn of_all(record: &RunRecord) -> Self {
        let mut all = Self::default();
        for step in &record.steps {
            let parts = Self::of(record, step);
            all.0.iter_mut().zip(parts.0).for_each(|(sum, part)| *sum += part);
        }
        all.0[0] = record.ready().unwrap_or_default();
        all
    }

    /// All but the readiness.
    fn working(self) -> Duration {
        self.0[1..].iter().sum()
    }
}

/// The section's content.
pub(super) fn times(record: &RunRecord) -> String {
    let all = Parts::of_all(record);
    if all.0.iter().all(Duration::is_zero) {
        return "<p class=\"note\">No times are known.</p>\n".to_owned();
    }
    let whole = all.0.iter().sum::<Duration>();
    let mut html = format!(
        "<svg class=\"whole\" width=\"100%\" height=\"26\" aria-hidden=\"true\">{}</svg>\n",
        bar(all, 0, whole)
    );
    html += "<ul class=\"parts\">\n";
    for ((class, name, meaning), part) in PARTS.into_iter().zip(all.0) {
        let share = if whole.is_zero() { 0.0 } else { 100.0 * part.as_secs_f64() / whole.as_secs_f64() };
        html += &format!(
            "<li>{}<b>{name}</b><span class=\"figure\">{}</span><span class=\"share\">{share:.1} %</span><small>{meaning}</small></li>\n",
            swatch(class),
            units::time(part)
        );
    }
    html += "</ul>\n";
    let own = units::time(record.end);
    html += &format!(
        "<p class=\"note\">Steps run side by side, so that the times of all of them together may exceed the {own} that the run \
         took; readiness is counted once there.</p>\n"
    );
    html + &table(record, all)
}

fn table(record: &RunRecord, all: Parts) -> String {
    let mut rows: Vec<(&StepRecord, Parts)> =
        record.steps.iter().map(|step| (step, Parts::of(record, step))).collect();
    rows.retain(|(_, parts)| !parts.working().is_zero());
    rows.sort_by_key(|(_, parts)| std::cmp::Reverse(parts.working()));
    let further = rows.split_off(rows.len().min(MOST_ROWS));
    let longest = rows.first().map_or(Duration::ZERO, |(_, parts)| parts.working());
    let mut html = "<table class=\"times\">\n<thead><tr><th scope=\"col\">Step, longest first</th><th scope=\"col\" class=\"wide\">\
         <span class=\"unseen\">As a bar</span></th>"
        .to_owned();
    for (class, name, _) in PARTS {
        html += &format!("<th scope=\"col\" class=\"n\">{}{name}</th>", swatch(class));
    }
    html += "</tr></thead>\n<tbody>\n";
    for (step, parts) in rows {
        let name = format!(
            "<span title=\"{0}\">{1}</span>",
            escaped(&step.name),
            escaped(&shortened(&step.name, LONGEST))
        );
        html += &row(&name, &bar(parts, 1, longest), parts);
    }
    if !further.is_empty() {
        let mut sum = Parts::default();
        for (_, parts) in &further {
            sum.0.iter_mut().zip(parts.0).skip(1).for_each(|(sum, part)| *sum += part);
        }
        html += &row(&format!("{} together", units::count(further.len() as u64, "further step")), "", sum);
    }
    html += "</tbody>\n<tfoot>\n";
    html += &row("All steps", "", all);
    html += "</tfoot>\n</table>\n";
    scrolled("", "Where the time of each step went", &html)
}

fn row(name: &str, bar: &str, parts: Parts) -> String {
    let bar = if bar.is_empty() {
        String::new()
    } else {
        format!("<svg width=\"100%\" height=\"12\" aria-hidden=\"true\">{bar}</svg>")
    };
    let cells: Vec<String> =
        parts.0.iter().map(|part| figure((!part.is_zero()).then(|| units::time(*part)))).collect();
    format!("<tr><th scope=\"row\">{name}</th><td class=\"wide\">{bar}</td>{}</tr>\n", cells.concat())
}

/// A cell with a number; a quiet one where there is none.
pub(super) fn figure(text: Option<String>) -> String {
    match text {
        Some(text) => format!("<td class=\"n\">{text}</td>"),
        None => "<td class=\"n none\">–</td>".to_owned(),
    }
}

/// The parts one after the other, from the one at a position on.
fn bar(parts: Parts, from: usize, whole: Duration) -> String {
    let mut html = String::new();
    let mut x = 0.0;
    for ((class, ..), part) in PARTS.iter().zip(parts.0).skip(from) {
        if part.is_zero() || whole.is_zero() {
            continue;
        }
        let width = part.as_secs_f64() / whole.as_secs_f64();
        html += &format!(
            "<rect class=\"part {class}\" x=\"{}\" width=\"{}\" height=\"100%\"/>",
            percent(x),
            percent(width)
        );
        x += width;
    }
    html
}

fn swatch(class: &str) -> String {
    format!(
        "<svg class=\"swatch\" width=\"10\" height=\"10\" aria-hidden=\"true\"><rect class=\"part {class}\" width=\"10\" height=\"10\"/></svg>"
    )
}
