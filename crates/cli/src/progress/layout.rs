//! From what is seen of a run to rows on a terminal: a pure function of view, size and colour.

use super::board::{Phase, State};
use super::pick::pick;
use super::text::{bytes, columns, cut, messages, rate, shortened, time};
use super::view::{StepView, View};
use crate::terminal::{Colour, Row, Size};

/// Between two columns.
const GAP: usize = 2;
/// A name that is longer gives way to figures, down to so many columns.
const NAME: usize = 24;

/// What stands beside a step's name, the more important first. A column for which there is no room is left out, and with
/// it those behind it.
const FIGURES: [Figure; 6] = [
    Figure { least: 6, of: |step| step.time.map(time) },
    Figure { least: 4, of: |step| step.progress.map(|progress| format!("{} %", progress / 10)) },
    Figure { least: 5, of: |step| (step.messages > 0).then(|| messages(step.messages)) },
    Figure { least: 0, of: |step| (step.failed > 0).then(|| format!("{} failed", step.failed)) },
    Figure { least: 6, of: |step| step.rate.map(rate) },
    Figure { least: 8, of: |step| (step.messages > 0).then(|| bytes(step.bytes)) },
];

struct Figure {
    /// How wide its column is at least, so that it does not move with every figure.
    least: usize,
    of: fn(&StepView<'_>) -> Option<String>,
}

/// A run that could not begin has nothing to show: what its end says is enough.
pub(super) fn rows(view: &View<'_>, size: Size, colour: Colour) -> Vec<Row> {
    if *view.phase == Phase::Ended(Some(aieffect_orchestrator::run::Outcome::Unreachable)) {
        return Vec::new();
    }
    // The last column stays empty: there terminals differ in when they break a line.
    let width = size.columns.saturating_sub(1);
    let shown = pick(view, room(view, size));
    let shown: Vec<&StepView<'_>> = shown.into_iter().map(|index| &view.steps[index]).collect();
    let table = Table::new(&shown, width);
    let mut rows: Vec<Row> = shown.iter().map(|step| table.row(step, width, colour)).collect();
    rows.push(plain(cut(&summary(view), width)));
    rows
}

/// How many steps are shown: all where they take at most half of the terminal, else a third of it.
fn room(view: &View<'_>, size: Size) -> usize {
    let all = view.steps.len();
    if all < size.rows / 2 { all } else { (size.rows / 3).saturating_sub(1) }
}

struct Table {
    name: usize,
    state: usize,
    figures: Vec<usize>,
}

impl Table {
    fn new(steps: &[&StepView<'_>], width: usize) -> Self {
        let longest =
            |of: &dyn Fn(&StepView<'_>) -> usize| steps.iter().map(|step| of(step)).max().unwrap_or(0);
        let name = longest(&|step| columns(step.name));
        // As wide as the states that a step goes through, so that nothing moves when it does.
        let state = longest(&|step| word(step.state).len()).max(word(State::Finished).len());
        let mut left = width.saturating_sub(GAP + state);
        let mut figures = Vec::new();
        for figure in &FIGURES {
            let needed = longest(&|step| (figure.of)(step).map_or(0, |text| columns(&text)));
            let needed = if needed == 0 { 0 } else { GAP + needed.max(figure.least) };
            if left < needed + name.min(NAME) {
                break;
            }
            left -= needed;
            figures.push(needed);
        }
        Self { name: name.min(left), state, figures }
    }

    fn row(&self, step: &StepView<'_>, width: usize, colour: Colour) -> Row {
        let name = shortened(step.name, self.name);
        let name = format!("{name}{}", " ".repeat(self.name - columns(&name) + GAP));
        let state = format!("{:<width$}", word(step.state), width = self.state);
        let mut figures = String::new();
        for (figure, width) in FIGURES.iter().zip(&self.figures).filter(|(_, width)| **width > 0) {
            let text = (figure.of)(step).unwrap_or_default();
            figures.push_str(&" ".repeat(width.saturating_sub(columns(&text))));
            figures.push_str(&text);
        }
        let (state, figures) = if figures.trim().is_empty() {
            (state.trim_end().to_owned(), "")
        } else {
            (state, figures.trim_end())
        };
        let text = format!("{name}{state}{figures}");
        if columns(&text) > width {
            return plain(cut(&text, width));
        }
        let columns = columns(&text);
        match colour {
            Colour::Off => Row { text, columns },
            Colour::On => {
                let text = format!("{name}\u{1b}[{}m{state}\u{1b}[0m{figures}", paint(step.state));
                Row { text, columns }
            }
        }
    }
}

fn plain(text: String) -> Row {
    Row { columns: columns(&text), text }
}

/// How the run stands, and how many of its steps stand how.
fn summary(view: &View<'_>) -> String {
    let time = time(view.time);
    if let Phase::Preparing { waited, names } = view.phase {
        return format!("{time}  waiting for {waited} of {} services: {}", view.nodes, names.join(", "));
    }
    let word = match view.phase {
        Phase::Preparing { .. } | Phase::Running => "running",
        Phase::Closing => "closing",
        Phase::Stopping => "stopping",
        Phase::Ended(None) => "stopped",
        Phase::Ended(Some(outcome)) => outcome.as_str(),
    };
    format!("{time}  {word}: {}", counts(&view.steps))
}

/// `1 failed, 3 running, 187 waiting, 9 finished`.
fn counts(steps: &[StepView<'_>]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    steps.iter().for_each(|step| *counts.entry(step.state).or_insert(0_usize) += 1);
    let counts = counts.iter().map(|(state, count)| format!("{count} {}", word(*state)));
    counts.collect::<Vec<_>>().join(", ")
}

/// The words of `aieffect runs show`, where it has them.
fn word(state: State) -> &'static str {
    match state {
        State::Failed => "failed",
        State::Retrying => "retrying",
        State::Running => "running",
        State::Queued => "queued",
        State::Waiting => "waiting",
        State::Finished => "finished",
        State::Reused => "reused",
        State::Skipped => "skipped",
        State::Cancelled => "cancelled",
    }
}

/// Its colour, as terminals number them.
fn paint(state: State) -> &'static str {
    match state {
        State::Failed => "31",
        State::Retrying | State::Cancelled => "33",
        State::Running => "36",
        State::Finished => "32",
        State::Reused => "34",
        State::Queued | State::Waiting | State::Skipped => "2",
    }
}
