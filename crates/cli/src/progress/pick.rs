//! Which steps are shown where there is no room for all.

use std::cmp::Reverse;

use super::board::{Phase, State};
use super::view::{StepView, View};

/// The positions of at most `room` steps, in plan order: those that failed and those that are being called, then, while
/// the run goes on, what comes next and what was there last.
pub(super) fn pick(view: &View<'_>, room: usize) -> Vec<usize> {
    if view.steps.len() <= room {
        return (0..view.steps.len()).collect();
    }
    let is_over = matches!(view.phase, Phase::Ended(_));
    let shown = |step: &StepView<'_>| !is_over || step.state == State::Failed;
    let mut steps: Vec<_> = view.steps.iter().enumerate().filter(|(_, step)| shown(step)).collect();
    let failed = steps.iter().filter(|(_, step)| step.state == State::Failed).count();
    let others = steps.iter().filter(|(_, step)| is_at_work(step)).count();
    // Neither of the two may hide the other.
    let failed = failed.min(room.saturating_sub(others).max(room.div_ceil(2)));
    steps.sort_by_key(|(index, step)| (step.state != State::Failed, rank(step), *index));
    let (first, rest): (Vec<_>, Vec<_>) = steps
        .into_iter()
        .enumerate()
        .partition(|(place, (_, step))| step.state != State::Failed || *place < failed);
    let mut picked: Vec<usize> =
        first.into_iter().chain(rest).map(|(_, (index, _))| index).take(room).collect();
    picked.sort_unstable();
    picked
}

fn is_at_work(step: &StepView<'_>) -> bool {
    matches!(step.state, State::Running | State::Retrying)
}

/// What comes first among those that have not failed; of those that are over, what was last.
fn rank(step: &StepView<'_>) -> (u8, Reverse<Option<std::time::SystemTime>>) {
    let class = match step.state {
        State::Failed | State::Retrying | State::Running => 0,
        State::Queued => 1,
        State::Finished | State::Cancelled => 2,
        State::Waiting => 3,
        State::Reused | State::Skipped => 4,
    };
    (class, Reverse(step.last))
}
