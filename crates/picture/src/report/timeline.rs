//! Every call over time: a row for each step, a bar for each attempt.

use std::fmt::Write;
use std::time::Duration;

use super::html::{escaped, mark, percent, scrolled};
use super::record::{RunRecord, StepRecord, StepState};
use super::track::{Bar, BarKind, Bins};
use super::units::{self, count, number, tick};
use crate::svg::text::shortened;

/// As many steps have a row.
const MOST_ROWS: usize = 300;
/// As many attempts are drawn one by one.
const MOST_DRAWN: usize = 4000;
const LONGEST: usize = 60;

/// How the bars of a page look, in the order in which they are explained.
const KINDS: [(BarKind, &str, &str); 5] = [
    (BarKind::Answered, "answered", "answered"),
    (BarKind::Repeated, "repeated", "failed, and made again"),
    (BarKind::Failed, "failed", "failed"),
    (BarKind::Cut, "cut", "given up"),
    (BarKind::Reused, "reused", "stored result in place of a call"),
];

/// A place for everything on the time axis.
struct Axis {
    whole: Duration,
    ready: Option<Duration>,
}

/// The section's content.
pub(super) fn timeline(record: &RunRecord) -> String {
    let axis = Axis { whole: record.end.max(Duration::from_micros(1)), ready: record.ready() };
    let rows = rows(record);
    let bars: Vec<usize> = rows.iter().map(|step| step.track.bars().len()).collect();
    let most = most_single(&bars);
    let is_single = |step: &&StepRecord| step.track.is_single() && step.track.bars().len() <= most;
    let single: usize = rows.iter().filter(|step| is_single(step)).map(|step| step.track.bars().len()).sum();
    let all: u64 = record.steps.iter().map(|step| step.calls + step.repeated + step.reused).sum();
    if all == 0 {
        return "<p class=\"note\">No step was called.</p>\n".to_owned();
    }
    let mut html = format!("<p class=\"note\">{}</p>\n", said(record, &rows, single as u64, all));
    let mut inside = axis.head();
    inside += "<ol>\n";
    // Calls one after the other are seen well enough.
    let is_busy = record.whole.at_once().any(|at_once| at_once > 1.5);
    if is_busy && record.steps.len() > 1 {
        inside += &axis.whole(&record.whole);
    }
    for step in &rows {
        inside += &axis.row(step, is_single(step));
    }
    inside += "</ol>\n";
    html += &key(record, &rows, single as u64 != all || is_busy);
    html += &scrolled("timeline", "The calls of each step over time", &inside);
    html
}

/// The steps that have a row, in plan order: all, or those that took longest.
fn rows(record: &RunRecord) -> Vec<&StepRecord> {
    let mut longest: Vec<(usize, &StepRecord)> = record.steps.iter().enumerate().collect();
    if longest.len() > MOST_ROWS {
        longest.sort_by_key(|(nth, step)| (step.failed == 0, std::cmp::Reverse(step.attempts), *nth));
        longest.truncate(MOST_ROWS);
        longest.sort_by_key(|(nth, _)| *nth);
    }
    longest.into_iter().map(|(_, step)| step).collect()
}

/// How many bars a row may have, so that not too many are drawn.
fn most_single(bars: &[usize]) -> usize {
    let drawn = |most: usize| bars.iter().filter(|bars| **bars <= most).sum::<usize>();
    [120, 80, 40, 20, 13, 6, 3, 1].into_iter().find(|most| drawn(*most) <= MOST_DRAWN).unwrap_or_default()
}

fn said(record: &RunRecord, rows: &[&StepRecord], single: u64, all: u64) -> String {
    let mut said = if single == all {
        format!("{} drawn, one by one.", count(all, "attempt"))
    } else if single == 0 {
        format!(
            "Of {} none is drawn singly; the height of a row’s area says how many ran at once.",
            count(all, "attempt")
        )
    } else {
        format!(
            "{} of {} are drawn singly; of the others, the height of a row’s area says how many ran at once.",
            number(single),
            count(all, "attempt")
        )
    };
    if rows.len() < record.steps.len() {
        let (shown, all) = (rows.len() as u64, count(record.steps.len() as u64, "step"));
        let _ = write!(
            said,
            " {} of {all} have a row: those that failed, and those that took longest.",
            number(shown)
        );
    }
    said
}

fn key(record: &RunRecord, rows: &[&StepRecord], has_areas: bool) -> String {
    let swatch = |inside: &str| {
        format!("<svg class=\"swatch\" width=\"22\" height=\"12\" aria-hidden=\"true\">{inside}</svg>")
    };
    let mut entries = Vec::new();
    let is_there =
        |kind: BarKind| rows.iter().any(|step| step.track.bars().iter().any(|bar| bar.kind == kind));
    for (kind, class, words) in KINDS {
        let counted = match kind {
            BarKind::Repeated => record.steps.iter().any(|step| step.repeated > 0),
            BarKind::Failed => record.steps.iter().any(|step| step.failed > 0),
            _ => false,
        };
        if is_there(kind) || counted {
            let bar = match kind {
                BarKind::Reused => "<use href=\"#stored\" x=\"11\" y=\"6\"/>".to_owned(),
                BarKind::Failed => {
                    format!(
                        "<rect class=\"bar {class}\" y=\"1\" width=\"14\" height=\"10\"/><use href=\"#cross\" x=\"14\" y=\"6\"/>"
                    )
                }
                _ => format!("<rect class=\"bar {class}\" y=\"1\" width=\"22\" height=\"10\"/>"),
            };
            entries.push((swatch(&bar), words));
        }
    }
    if has_areas {
        entries.push((
            swatch("<path class=\"area\" d=\"M0,12 V6 H8 V2 H15 V8 H22 V12 z\"/>"),
            "how many at once",
        ));
        if record.steps.iter().any(|step| step.failed + step.repeated > 0) {
            let bar = "<path class=\"area\" d=\"M0,12 V5 H22 V12 z\"/><rect class=\"faults\" x=\"9\" width=\"4\" height=\"3\"/>";
            entries.push((swatch(bar), "some failed there"));
        }
    }
    if record.ready().is_some() {
        entries.push((
            swatch("<rect class=\"unready\" width=\"22\" height=\"12\"/>"),
            "services are waited for",
        ));
    }
    let entries: Vec<String> =
        entries.into_iter().map(|(swatch, words)| format!("<li>{swatch}{words}</li>\n")).collect();
    format!("<ul class=\"key\">\n{}</ul>\n", entries.concat())
}

impl Axis {
    fn at(&self, time: Duration) -> f64 {
        (time.as_secs_f64() / self.whole.as_secs_f64()).min(1.0)
    }

    /// The times above the rows, and the lines that every row has behind its bars.
    fn head(&self) -> String {
        let spacing = units::spacing(self.whole);
        let times = (0u32..20).map(|nth| spacing * nth).take_while(|time| *time <= self.whole);
        let (mut words, mut lines) = (String::new(), String::new());
        if let Some(ready) = self.ready {
            let width = percent(self.at(ready));
            let _ = write!(lines, "<rect class=\"unready\" width=\"{width}\" height=\"100%\"/>");
        }
        for time in times {
            let x = percent(self.at(time));
            let _ = write!(lines, "<line class=\"tick\" x1=\"{x}\" x2=\"{x}\" y2=\"100%\"/>");
            // The last one would reach over the edge.
            let anchor = match self.at(time) {
                at if at > 0.94 => " class=\"last\"",
                at if at > 0.0 => "",
                _ => " class=\"first\"",
            };
            let _ = write!(words, "<text{anchor} x=\"{x}\" y=\"13\">{}</text>", tick(time, spacing));
        }
        format!(
            "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><g id=\"ticks\">{lines}</g></svg>\n\
             <div class=\"axis\" aria-hidden=\"true\"><span></span><svg width=\"100%\" height=\"18\">{words}</svg></div>\n"
        )
    }

    fn row(&self, step: &StepRecord, is_single: bool) -> String {
        let lanes = step.track.lanes();
        let height = if lanes == 1 { 16 } else { 4 + 6 * u32::from(lanes) };
        let mut bars = String::new();
        if is_single {
            step.track.bars().iter().for_each(|bar| bars += &self.bar(bar, lanes));
        } else {
            bars += &self.area(&step.track.bins(), height, &summary(step));
        }
        if bars.is_empty() {
            let why = match step.state {
                StepState::Skipped => "not called: a step before it failed",
                StepState::Finished | StepState::Reused => "nothing came to be called with",
                _ if step.calls > 0 => "when it was called is not known",
                _ => "not called",
            };
            bars = format!("<text class=\"why\" x=\"6\" y=\"12\">{why}</text>");
        }
        format!(
            "<li><span class=\"name\">{}<span title=\"{}\">{}</span></span><svg class=\"track\" width=\"100%\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\"><use href=\"#ticks\"/>{bars}</svg></li>\n",
            mark(step.state.as_str()),
            escaped(&step.name),
            escaped(&shortened(&step.name, LONGEST)),
            escaped(&summary(step)),
        )
    }

    fn bar(&self, bar: &Bar, lanes: u8) -> String {
        let (begin, end) = (self.at(bar.begin), self.at(bar.end));
        let (x, width) = (percent(begin), percent(end - begin));
        let (y, height) = if lanes == 1 { (3, 10) } else { (2 + 6 * u32::from(bar.lane), 5) };
        let middle = y + height / 2;
        let took = units::time(bar.end.saturating_sub(bar.begin));
        let (class, words) = KINDS
            .iter()
            .find(|(kind, ..)| *kind == bar.kind)
            .map_or(("", ""), |(_, class, words)| (*class, *words));
        if bar.kind == BarKind::Reused {
            return format!("<use href=\"#stored\" x=\"{x}\" y=\"{middle}\"><title>{words}</title></use>");
        }
        let from = units::time(bar.begin);
        let attempt = if bar.attempt > 1 { format!(", attempt {}", bar.attempt) } else { String::new() };
        let mut html = format!(
            "<rect class=\"bar {class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>call {}{attempt}: \
             {words} after {took}, begun at {from}</title></rect>",
            number(bar.seq + 1)
        );
        if bar.kind == BarKind::Failed {
            let _ = write!(html, "<use href=\"#cross\" x=\"{}\" y=\"{middle}\"/>", percent(end));
        }
        html
    }

    /// The row of all steps together.
    fn whole(&self, bins: &Bins) -> String {
        let most = f64::from(bins.at_once().fold(0.0, f32::max));
        let said = format!("all steps, up to {:.0} at once", most.ceil());
        format!(
            "<li class=\"all\"><span class=\"name\"><span>{said}</span></span><svg class=\"track\" width=\"100%\" height=\"34\" \
             role=\"img\" aria-label=\"{said}\"><use href=\"#ticks\"/>{}</svg></li>\n",
            self.area(bins, 34, &said)
        )
    }

    /// How many calls ran at once, by time, up to the most that did; and where some failed.
    fn area(&self, bins: &Bins, height: u32, said: &str) -> String {
        let most = bins.at_once().fold(1.0f32, f32::max);
        let width = self.at(bins.width()) * 1000.0;
        let (mut path, mut failed, mut is_any) = ("M0,100".to_owned(), String::new(), false);
        let mut height_before = 100;
        for (nth, (at_once, faults)) in bins.at_once().zip(bins.failed()).enumerate() {
            let x = nth as f64 * width;
            let y = (100.0 - 84.0 * f64::from(at_once / most)).round() as u32;
            // What there was is seen, however little it was.
            let y = if at_once > 0.0 { y.min(92) } else { y };
            is_any |= at_once > 0.0;
            if y != height_before {
                let _ = write!(path, "H{x:.1}V{y}");
                height_before = y;
            }
            if *faults > 0 {
                let _ = write!(failed, "M{x:.1},0H{:.1}V14H{x:.1}z", x + width.max(2.0));
            }
        }
        let end = (bins.failed().len() as f64 * width).min(1000.0);
        if !is_any && failed.is_empty() {
            return String::new();
        }
        format!(
            "<svg width=\"100%\" height=\"{height}\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\"><path class=\"area\" \
             d=\"{path}H{end:.1}V100z\"/><path class=\"faults\" d=\"{failed}\"/><title>{}</title></svg>",
            escaped(said)
        )
    }
}

/// What a row shows, in words.
fn summary(step: &StepRecord) -> String {
    let mut said = format!("{}: {}", step.name, step.state.as_str());
    if step.calls > 0 {
        let _ = write!(said, ", {}", count(step.calls, "call"));
    }
    if step.failed > 0 {
        let _ = write!(said, ", {} failed", number(step.failed));
    }
    if step.repeated > 0 {
        let _ = write!(said, ", {} made again", count(step.repeated, "attempt"));
    }
    if !step.attempts.is_zero() {
        let _ = write!(said, ", {} in calls", units::time(step.attempts));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_share_what_may_be_drawn() {
        assert_eq!(most_single(&[1; 4]), 120);
        assert_eq!(most_single(&[100; 40]), 120);
        assert_eq!(most_single(&[100; 41]), 80);
        assert_eq!(most_single(&[30; 300]), 20);
        assert_eq!(most_single(&[13; 300]), 120);
    }
}
