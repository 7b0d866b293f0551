//! How long making requests takes: [`Transfers`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The bounds between which requests are counted.
const BOUNDS: [Duration; 11] = [
    Duration::from_micros(1),
    Duration::from_micros(4),
    Duration::from_micros(16),
    Duration::from_micros(64),
    Duration::from_micros(256),
    Duration::from_millis(1),
    Duration::from_millis(4),
    Duration::from_millis(16),
    Duration::from_millis(64),
    Duration::from_millis(256),
    Duration::from_secs(1),
];

/// How many requests took how long to be made of what came in. Of a stream some are timed, and stand for the others. Made for
/// many writers: nobody waits for anybody. Read beside them, so figures of one moment need not fit together.
#[derive(Debug, Default)]
pub struct Transfers {
    /// Requests up to each bound, and those over the last.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Transfers {
    /// Requests that took up to so long, one after the other; without a bound, those that took longer than all bounds.
    pub fn counts(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        bounds.zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts().map(|(_, count)| count).sum()
    }

    /// How long all of them took together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    /// So many requests took so long each.
    pub(super) fn took(&self, each: Duration, requests: u64) {
        let place = BOUNDS.partition_point(|bound| *bound < each);
        self.counts[place].fetch_add(requests, Ordering::Relaxed);
        // Over five hundred years of it would not fit.
        let all = (each.as_nanos() as u64).saturating_mul(requests);
        self.nanoseconds.fetch_add(all, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_below_the_next_bound() {
        let transfers = Transfers::default();
        transfers.took(Duration::from_micros(1), 1);
        transfers.took(Duration::from_nanos(1001), 16);
        transfers.took(Duration::from_secs(2), 2);
        let counts: Vec<_> = transfers.counts().filter(|(_, count)| *count > 0).collect();
        let micros = |micros| Some(Duration::from_micros(micros));
        assert_eq!(counts, [(micros(1), 1), (micros(4), 16), (None, 2)]);
        assert_eq!(transfers.count(), 19);
        assert_eq!(transfers.sum(), Duration::from_nanos(1000 + 16 * 1001 + 4_000_000_000));
    }
}
