//! Rewrites a message where it lies, for the case that nothing in it becomes longer or shorter.
//!
//! Nearly every message is made of fields with numbers under 16, whose keys are one byte. Where each is carried under another
//! such number, all that changes are those bytes. [`Patches`] has what they change to; whatever else a message may
//! hold, the [table](super::table) does.

use super::action::{Accepts, Action, Ends};
use super::reader::{MAX_DEPTH, Wire, varint};
use super::table::Table;

/// Keys of one byte have numbers under this.
const NUMBERS: usize = 16;

/// What becomes of fields whose keys are one byte.
#[derive(Debug, Clone, Default)]
pub(super) struct Patches([Option<Patch>; NUMBERS]);

#[derive(Debug, Clone, Copy)]
enum Patch {
    /// Its value stays.
    Value { number: u8, accepts: Accepts },
    /// It is a message behind its length, which another row of the table changes.
    Message { number: u8, row: usize, ends: Ends },
}

impl Patches {
    pub(super) fn new(fields: &[(u32, Action)]) -> Self {
        let mut patches = Self::default();
        for (number, action) in fields {
            if let Some(patch) = patches.0.get_mut(*number as usize) {
                *patch = Patch::new(action);
            }
        }
        patches
    }
}

impl Patch {
    fn new(action: &Action) -> Option<Self> {
        let small = |number: u32| u8::try_from(number).ok().filter(|number| usize::from(*number) < NUMBERS);
        match action {
            Action::Copy { number, accepts } if accepts.wire != Wire::Group => {
                Some(Self::Value { number: small(*number)?, accepts: *accepts })
            }
            Action::Rewrite { number, row, from, to } if from == to && *from != Ends::Group => {
                Some(Self::Message { number: small(*number)?, row: *row, ends: *from })
            }
            Action::Copy { .. } | Action::Rewrite { .. } => None,
        }
    }
}

impl Table {
    /// Makes of a message what the row makes of it, where it lies; whether that was possible. When it was not, some of it has
    /// changed.
    pub(super) fn patch(&self, row: usize, message: &mut [u8], depth: usize) -> bool {
        let Some(row) = self.0.get(row) else { return false };
        let mut rest = message;
        while let Some((key, behind)) = rest.split_first_mut() {
            let number = usize::from(*key >> 3);
            let Some(Some(patch)) = row.patches.0.get(number) else { return false };
            let form = *key & 7;
            let length = match (form, &*behind) {
                (0 | 2, [short, ..]) if *short < 0x80 => Some((1, u64::from(*short))),
                (0 | 2, long) => varint(long).ok().map(|(value, length)| (length, value)),
                (1, _) => Some((8, 0)),
                (5, _) => Some((4, 0)),
                _ => None,
            };
            let Some((head, value)) = length else { return false };
            let Ok(length) = usize::try_from(if form == 2 { value } else { 0 }) else { return false };
            let Some((_, behind)) = behind.split_at_mut_checked(head) else { return false };
            let Some((value, behind)) = behind.split_at_mut_checked(length) else { return false };
            let number = match *patch {
                Patch::Value { number, accepts } => {
                    let fits = form == accepts.wire as u8 || (accepts.packed && form == Wire::Length as u8);
                    if !fits {
                        return false;
                    }
                    number
                }
                Patch::Message { number, row, ends } => {
                    let below = if ends == Ends::Entry { depth } else { depth + 1 };
                    if form != Wire::Length as u8 || below > MAX_DEPTH || !self.patch(row, value, below) {
                        return false;
                    }
                    number
                }
            };
            *key = number << 3 | form;
            rest = behind;
        }
        true
    }
}
