//! When a failed attempt is made again, and after how long.

use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::Idempotence;

use super::failure::{Failure, StatusCode};
use crate::plan::Policy;

const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// A random share, drawn by the engine: from 0 to just under 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(u32);

impl Jitter {
    /// `share` of 2³².
    pub fn new(share: u32) -> Self {
        Self(share)
    }

    fn of(self, whole: Duration) -> Duration {
        // At most 30 s: its nanoseconds times 2^32 fit in 128 bits, and the result in 64.
        let nanos = (whole.as_nanos() * u128::from(self.0)) >> 32;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// How sure it is that a failed attempt did nothing.
enum Reach {
    /// Nothing reached the service.
    Never,
    /// The service says that it did not take it on.
    Declined,
    /// It may or may not have done its work.
    Unsure,
    /// It would fail again.
    Final,
}

/// Whether a step of that idempotence is called again after that failure (runtime.md, "Policies").
pub fn may_repeat(failure: &Failure, idempotence: Idempotence) -> bool {
    match (reach(failure), idempotence) {
        (Reach::Never, _) => true,
        (Reach::Declined, Idempotence::Unset | Idempotence::Idempotent) => true,
        (Reach::Unsure, Idempotence::Idempotent) => true,
        (Reach::Declined, Idempotence::NotIdempotent)
        | (Reach::Unsure, Idempotence::Unset | Idempotence::NotIdempotent)
        | (Reach::Final, _) => false,
    }
}

/// How long to wait before the attempt after `attempt`, or `None` when there is none. Full jitter: a random
/// share of the backoff, which doubles with each attempt up to 30 s.
pub(crate) fn next_attempt(
    policy: &Policy,
    attempt: NonZeroU32,
    failure: &Failure,
    jitter: Jitter,
) -> Option<Duration> {
    if attempt >= policy.attempts || !may_repeat(failure, policy.idempotence) {
        return None;
    }
    let doubled = 2_u32.saturating_pow(attempt.get() - 1);
    let whole = policy.backoff.saturating_mul(doubled).min(LONGEST_BACKOFF);
    Some(jitter.of(whole))
}

fn reach(failure: &Failure) -> Reach {
    match failure {
        Failure::NeverReached { .. } => Reach::Never,
        Failure::Lost { .. } | Failure::Deadline { .. } | Failure::Idle { .. } => Reach::Unsure,
        Failure::Http { status, .. } => match status {
            429 | 503 => Reach::Declined,
            500..=599 => Reach::Unsure,
            _ => Reach::Final,
        },
        Failure::Status { code, .. } => match code {
            StatusCode::Unavailable | StatusCode::ResourceExhausted => Reach::Declined,
            // A service that gives up at the deadline it was sent says what our own clock would have said.
            StatusCode::Internal | StatusCode::Unknown | StatusCode::DeadlineExceeded => Reach::Unsure,
            _ => Reach::Final,
        },
        Failure::TooLarge { .. }
        | Failure::Unsuccessful { .. }
        | Failure::Transfer(_)
        | Failure::Uneven
        | Failure::Spool { .. }
        | Failure::Store { .. }
        | Failure::Protocol { .. }
        | Failure::Panicked { .. } => Reach::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Direction;

    fn status(code: StatusCode) -> Failure {
        Failure::Status { code, message: String::new() }
    }

    #[test]
    fn what_is_called_again_follows_the_table() {
        let never = Failure::NeverReached { reason: String::new() };
        let lost = Failure::Lost { reason: String::new() };
        let deadline = Failure::Deadline { after: Duration::from_secs(1) };
        let large = Failure::TooLarge { direction: Direction::Request, limit: 1, size: None };
        let unsuccessful = Failure::Unsuccessful { message: String::new() };
        let panicked = Failure::Panicked { message: String::new() };
        // unset, true, false
        let table = [
            (never, [true, true, true]),
            (status(StatusCode::Unavailable), [true, true, false]),
            (status(StatusCode::ResourceExhausted), [true, true, false]),
            (lost, [false, true, false]),
            (deadline, [false, true, false]),
            (status(StatusCode::Internal), [false, true, false]),
            (status(StatusCode::Unknown), [false, true, false]),
            (status(StatusCode::DeadlineExceeded), [false, true, false]),
            (status(StatusCode::InvalidArgument), [false, false, false]),
            (status(StatusCode::NotFound), [false, false, false]),
            (status(StatusCode::Unimplemented), [false, false, false]),
            (large, [false, false, false]),
            (unsuccessful, [false, false, false]),
            (panicked, [false, false, false]),
        ];
        for (failure, expected) in table {
            let found = [Idempotence::Unset, Idempotence::Idempotent, Idempotence::NotIdempotent]
                .map(|idempotence| may_repeat(&failure, idempotence));
            assert_eq!(found, expected, "{failure:?}");
        }
    }

    #[test]
    fn the_backoff_doubles_to_thirty_seconds_and_is_shared_out_by_the_jitter() {
        let policy = Policy {
            deadline: Duration::from_secs(60),
            attempts: NonZeroU32::new(20).unwrap(),
            backoff: Duration::from_millis(500),
            idempotence: Idempotence::Unset,
        };
        let wait = |attempt: u32, share: u32| {
            let failure = Failure::NeverReached { reason: String::new() };
            next_attempt(&policy, NonZeroU32::new(attempt).unwrap(), &failure, Jitter::new(share))
                .map(|wait| wait.as_millis())
        };
        let half = 1 << 31;
        let halves: Vec<_> = (1..=9).map(|attempt| wait(attempt, half)).collect();
        let expected = [250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000].map(Some);
        assert_eq!(halves, expected);
        assert_eq!(wait(1, 0), Some(0));
        assert_eq!(wait(1, u32::MAX), Some(499));
        assert_eq!(wait(19, half), Some(15000));
        assert_eq!(wait(20, half), None, "no attempt after the last");
    }
}
