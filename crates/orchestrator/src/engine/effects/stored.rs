//! Stored results in place of calls, and the streams of calls on their way to the store.

use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use aieffect_blueprint::Mode;
use tokio_util::sync::CancellationToken;

use super::super::attempt::{Attempted, Material};
use super::super::flow::{lock, unstored};
use super::super::replay::{Replay, unread};
use super::super::results::{Keep, StepResult};
use super::{Effects, Ended, Open};
use crate::memo::{Memo, Remembered};
use crate::plan::Feed;
use crate::run::{Failure, FiringId, Given, Input, Jitter, Repeat};
use crate::store::StreamWriter;

impl Effects {
    /// The attempt's number, counted over all processes that worked on the run.
    pub(super) fn counted(&self, firing: FiringId, attempt: NonZeroU32) -> NonZeroU32 {
        attempt.saturating_add(self.memo.as_ref().map_or(0, |memo| memo.attempts(firing)))
    }

    /// What a firing has in place of a call.
    pub(super) fn remembered(&self, firing: FiringId) -> Option<Replay> {
        let memo = self.memo.as_ref()?;
        let remembered = memo.result(firing)?.clone();
        let outlet = Arc::clone(self.flow.outlet(firing.step));
        Some(Replay { memo: Arc::clone(memo), firing, remembered, outlet })
    }

    /// Gives a stored result in place of a call.
    pub(super) fn replay(&mut self, replay: Replay) {
        let firing = replay.firing;
        self.supplies.take(firing.step);
        if self.plan.step(firing.step).feed == Feed::OpenStream {
            // The call took all that came; nobody takes it now.
            self.flow.abandon(firing.step);
        }
        let token = CancellationToken::new();
        self.open.insert(firing, Open { token: token.clone(), material: Material::none() });
        let keep = self.keep;
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                result = replay.make() => replayed(&replay, result, keep),
            }
        });
    }

    /// Where the messages of a call are kept as they come.
    pub(super) fn kept(&self, firing: FiringId, attempt: NonZeroU32) -> io::Result<Arc<Mutex<StepResult>>> {
        // A live step keeps what it gives beyond its call, which may be cut at any time.
        if self.plan.mode == Mode::Live {
            return Ok(Arc::clone(&self.live[firing.step.index()]));
        }
        let result = match &self.memo {
            Some(memo) if self.plan.step(firing.step).gives_stream() => {
                let name = Memo::stream_name(firing, attempt.get());
                StepResult::storing(StreamWriter::create(memo.streams_folder().join(name))?)
            }
            _ => StepResult::default(),
        };
        Ok(Arc::new(Mutex::new(result)))
    }
}

/// What a call is to keep so that all of its stream comes to be stored.
pub(super) fn keeping(result: &Mutex<StepResult>, keep: Keep) -> Keep {
    match keep {
        Keep::None if lock(result).is_storing() => Keep::Last,
        keep => keep,
    }
}

/// A call that has ended; what it gave as a stream is stored whole before anyone is told.
pub(super) fn sealed(
    firing: FiringId,
    mut attempted: Attempted,
    result: Option<&Mutex<StepResult>>,
    keep: Keep,
) -> Ended {
    let mut kept = result.map(|result| std::mem::take(&mut *lock(result)));
    if attempted.result.is_ok()
        && let Some(kept) = &mut kept
        && let Err(error) = kept.seal(keep)
    {
        attempted.result = Err(Failure::Store { reason: unstored(&error) });
    }
    Ended::Call { firing, attempted, kept: kept.map(Box::new) }
}

/// A call whose stream has no place to go to.
pub(super) fn without_place(firing: FiringId, error: &io::Error) -> Input {
    let failure = Failure::Store { reason: unstored(error) };
    Input::CallFailed { firing, failure, repeat: Repeat::Impossible { given: 0 }, jitter: Jitter::new(0) }
}

fn replayed(replay: &Replay, mut result: Result<Given, Failure>, keep: Keep) -> Ended {
    let mut kept = None;
    if let (Ok(_), Remembered::Stream { path, messages }) = (&result, &replay.remembered) {
        match StepResult::of_stored(path.clone(), *messages, keep) {
            Ok(stored) => kept = Some(stored),
            Err(error) => result = Err(unread(path, &error)),
        }
    }
    let attempted = Attempted { result, repeat: Repeat::Impossible { given: 0 }, request: None };
    Ended::Call { firing: replay.firing, attempted, kept: kept.map(Box::new) }
}
