//! Times by their size: [`Histogram`].

use std::time::Duration;

/// Each power of two is divided into so many parts, whose middles are at most 1.6 % from what they stand for.
const PARTS: u64 = 32;

/// How many times of which length there were, in memory that does not grow with their number. Percentiles are within
/// 2 % of the true ones; the shortest and the longest are exact.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Histogram {
    /// The part that the first of `counts` stands for.
    first: usize,
    counts: Vec<u64>,
    count: u64,
    least: Duration,
    most: Duration,
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let part = part(nanos(time));
        if self.counts.is_empty() {
            self.first = part;
            self.least = time;
        }
        if part < self.first {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.first - part));
            self.first = part;
        }
        let place = part - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.count += 1;
        self.least = self.least.min(time);
        self.most = self.most.max(time);
    }

    /// The longest; nothing where there was none.
    pub(super) fn most(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.most)
    }

    /// The time that so many of a hundred did not exceed; nothing where there was none.
    pub(super) fn percentile(&self, percent: u64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut before = 0;
        let place = self.counts.iter().position(|count| {
            before += count;
            before >= rank
        });
        let middle = Duration::from_nanos(middle(self.first + place.unwrap_or_default()));
        Some(middle.clamp(self.least, self.most))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The part that a number falls into. Numbers below 64 have one of their own.
fn part(number: u64) -> usize {
    let power = u64::from(number.max(PARTS).ilog2()) - u64::from(PARTS.ilog2());
    (power * PARTS + (number >> power)) as usize
}

/// The middle of a part.
fn middle(part: usize) -> u64 {
    let part = part as u64;
    let power = (part / PARTS).saturating_sub(1);
    let lowest = (part - power * PARTS) << power;
    lowest + ((1 << power) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_what_it_stands_for_within_two_percent() {
        let mut number: u64 = 1;
        while number < u64::MAX / 3 {
            let found = middle(part(number));
            let off = found.abs_diff(number) as f64 / number as f64;
            assert!(off <= 0.016, "{number} is shown as {found}");
            assert!(part(number) >= part(number - 1));
            number += number / 17 + 1;
        }
        assert_eq!(part(u64::MAX), part(u64::MAX - 1));
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut histogram = Histogram::default();
        // In an order that begins in the middle: parts are added at both ends.
        let times = (0..1000u64).map(|nth| Duration::from_micros((nth * 517 + 500) % 1000 + 1));
        times.for_each(|time| histogram.add(time));
        for (percent, micros) in [(50, 500.0), (95, 950.0), (99, 990.0)] {
            let found = histogram.percentile(percent).unwrap().as_nanos() as f64 / 1000.0;
            assert!((found - micros).abs() / micros < 0.02, "p{percent}: {found} µs");
        }
        assert_eq!(histogram.percentile(100), histogram.most());
        assert_eq!(histogram.count, 1000);
    }

    #[test]
    fn one_time_is_exact_and_none_is_none() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.percentile(50), histogram.most()), (None, None));
        let time = Duration::from_nanos(123_456_789);
        histogram.add(time);
        assert_eq!([50, 95, 99].map(|percent| histogram.percentile(percent)), [Some(time); 3]);
    }

    #[test]
    fn it_stays_small() {
        let mut histogram = Histogram::default();
        (0..64).for_each(|power| histogram.add(Duration::from_nanos(1 << power)));
        assert!(histogram.counts.len() <= 60 * 32, "{}", histogram.counts.len());
    }
}
