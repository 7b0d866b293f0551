//! How figures are told: [`Spread`] and [`per_second`].

use std::fmt;
use std::time::Duration;

/// Times of the same thing, in microseconds.
#[derive(Debug)]
pub(super) struct Spread(Vec<u64>);

impl Spread {
    pub(super) fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// In milliseconds, how long at most this share of them took, in hundredths.
    fn millis(&self, share: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * share / 100).map_or(0.0, |micros| *micros as f64 / 1000.0)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, most, nearly_all] = [50, 95, 99].map(|share| self.millis(share));
        write!(out, "p50 {median:.2} ms, p95 {most:.2} ms, p99 {nearly_all:.2} ms")
    }
}

pub(super) fn per_second(count: usize, took: Duration) -> String {
    format!("{:.0} runs/s", count as f64 / took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_tells_how_long_most_took() {
        let spread = Spread::of((1..=101).rev().map(|number| number * 1000).collect());
        assert_eq!(spread.to_string(), "p50 51.00 ms, p95 96.00 ms, p99 100.00 ms");
        assert_eq!(Spread::of(vec![]).to_string(), "p50 0.00 ms, p95 0.00 ms, p99 0.00 ms");
    }
}
