//! Cancelling: stop firing, cancel the calls, wait a while, cut what is left.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// Follows a run's cancellation through its two moments.
pub(super) struct Grace {
    token: CancellationToken,
    period: Duration,
    stage: Stage,
}

/// What the engine has to do about a cancellation.
pub(super) enum Moment {
    /// Stop firing and cancel the calls.
    Asked,
    /// Cut what has not ended.
    Over,
}

enum Stage {
    Running,
    Draining(Pin<Box<Sleep>>),
    Over,
}

impl Grace {
    pub(super) fn new(token: CancellationToken, period: Duration) -> Self {
        Self { token, period, stage: Stage::Running }
    }

    /// Waits for the next moment; each comes once. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Moment {
        match &mut self.stage {
            Stage::Running => {
                self.token.cancelled().await;
                self.stage = Stage::Draining(Box::pin(sleep(self.period)));
                Moment::Asked
            }
            Stage::Draining(end) => {
                end.await;
                self.stage = Stage::Over;
                Moment::Over
            }
            Stage::Over => pending().await,
        }
    }
}
