//! How many messages pass in a second: [`Rates`].

use std::time::{Duration, Instant};

/// How long what has passed counts.
const MEMORY: Duration = Duration::from_secs(1);

/// The rate of each step, smoothed so that it can be read.
#[derive(Debug, Default)]
pub(super) struct Rates {
    seen: Vec<Seen>,
    at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    messages: u64,
    rate: Option<f64>,
}

impl Rates {
    /// Takes in how many messages have passed by now.
    pub(super) fn take(&mut self, messages: impl Iterator<Item = u64>, now: Instant) {
        let since = self.at.replace(now).map(|at| (now - at).as_secs_f64());
        let Some(since) = since.filter(|since| *since > 0.0) else {
            self.seen = messages.map(|messages| Seen { messages, rate: None }).collect();
            return;
        };
        let weight = 1.0 - (-since / MEMORY.as_secs_f64()).exp();
        for (seen, messages) in self.seen.iter_mut().zip(messages) {
            let now = messages.saturating_sub(seen.messages) as f64 / since;
            // What has never given anything is not slow.
            let before = seen.rate.unwrap_or(now);
            seen.rate = (messages > 0).then_some(before + (now - before) * weight);
            seen.messages = messages;
        }
    }

    /// Messages per second of the step at that position.
    pub(super) fn of(&self, step: usize) -> Option<f64> {
        self.seen.get(step)?.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(begin: Instant, seconds: f64) -> Instant {
        begin + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_steady_flow_is_told_at_once_and_a_change_soon() {
        let (mut rates, begin) = (Rates::default(), Instant::now());
        rates.take([0, 0].into_iter(), begin);
        rates.take([50, 0].into_iter(), after(begin, 0.5));
        assert_eq!((rates.of(0), rates.of(1)), (Some(100.0), None));
        for tenth in 6..40 {
            rates.take([50, 0].into_iter(), after(begin, f64::from(tenth) / 10.0));
        }
        assert!(rates.of(0).unwrap() < 10.0, "{:?}", rates.of(0));
    }
}
