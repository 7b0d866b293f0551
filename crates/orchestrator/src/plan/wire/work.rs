//! Counts what planning and splicing look at, so that tests can tell how work grows without a clock.

use std::cell::Cell;

thread_local! {
    static LOOKED_AT: Cell<u64> = const { Cell::new(0) };
}

/// Another field, or key of one, is looked at.
pub(in super::super) fn count() {
    LOOKED_AT.set(LOOKED_AT.get() + 1);
}

/// How many this thread looks at while it does that.
pub(in super::super) fn of<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = LOOKED_AT.get();
    let done = work();
    (done, LOOKED_AT.get() - before)
}
