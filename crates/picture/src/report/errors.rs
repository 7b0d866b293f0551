//! What went wrong in a run, like to like: [`Errors`].

use std::time::Duration;

/// As many different errors are told one by one.
const MOST: usize = 100;
/// Letters of an error's text.
const LONGEST: usize = 2000;

/// The errors of a run: those of one step with one text are counted as one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Errors {
    groups: Vec<Group>,
    /// Errors that found no place.
    further: u64,
}

/// Errors of one step with one text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// The first of them.
    pub(super) first: Fault,
    pub(super) text: String,
    pub(super) count: u64,
}

/// Where an error happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fault {
    pub(super) step: usize,
    pub(super) place: Place,
    pub(super) since: Duration,
    /// No further attempt was made.
    pub(super) is_last: bool,
}

/// What of a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// An attempt of a call.
    Attempt { seq: u64, attempt: u32 },
    /// Calls of which only the number is known.
    Calls,
    /// The step itself.
    Step,
}

impl Errors {
    pub(super) fn add(&mut self, fault: Fault, text: &str) {
        self.add_times(fault, text, 1);
    }

    /// The same error, so many times.
    pub(super) fn add_times(&mut self, fault: Fault, text: &str, times: u64) {
        let text: String = text.chars().take(LONGEST).collect();
        let is_like = |group: &&mut Group| {
            group.first.step == fault.step && group.first.is_last == fault.is_last && group.text == text
        };
        if let Some(group) = self.groups.iter_mut().find(is_like) {
            group.count += times;
        } else if self.groups.len() < MOST {
            self.groups.push(Group { first: fault, text, count: times });
        } else {
            self.further += times;
        }
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(super) fn further(&self) -> u64 {
        self.further
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(step: usize, is_last: bool) -> Fault {
        Fault { step, place: Place::Attempt { seq: 0, attempt: 1 }, since: Duration::ZERO, is_last }
    }

    #[test]
    fn like_errors_are_one_with_a_count() {
        let mut errors = Errors::default();
        (0..3).for_each(|_| errors.add(fault(0, false), "lost"));
        errors.add(fault(0, true), "lost");
        errors.add(fault(1, true), "lost");
        assert_eq!(errors.groups().iter().map(|group| group.count).collect::<Vec<_>>(), [3, 1, 1]);
    }

    #[test]
    fn however_many_there_are_few_are_held() {
        let mut errors = Errors::default();
        (0..100_000).for_each(|nth| errors.add(fault(0, true), &format!("error {nth}")));
        assert_eq!((errors.groups().len(), errors.further()), (MOST, 99_900));
        let mut long = Errors::default();
        long.add(fault(0, true), &"x".repeat(1_000_000));
        assert_eq!(long.groups()[0].text.len(), LONGEST);
    }
}
