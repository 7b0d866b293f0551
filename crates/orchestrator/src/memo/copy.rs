//! A run that begins with the results of another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Memo, Remembered};
use crate::engine::RunId;
use crate::plan::{Plan, StepId};
use crate::ports::{Entry, RunStore, StoreError};
use crate::run::FiringId;
use crate::store::{Gave, StoredEvent};

/// What a new run takes over, and from where.
#[derive(Debug, Clone)]
pub struct Source {
    /// The other run.
    pub run: RunId,
    /// The steps that are called in the new one, with all behind them.
    pub redo: BTreeSet<StepId>,
}

/// Copies the results that still hold, but for those of the steps to be called, into the run `to`, which has been
/// created and has no events. Gives what that run need not call.
pub fn continue_from(
    plan: &Plan,
    store: Arc<dyn RunStore>,
    source: &Source,
    to: RunId,
) -> Result<Memo, StoreError> {
    let old = Memo::recall(plan, Arc::clone(&store), source.run.clone(), &source.redo)?;
    let streams = store.streams(&to)?;
    let begun = StoredEvent::Continued { from: source.run.to_string() };
    let mut after = store.append(&to, 0, &[Entry { at: SystemTime::now(), event: begun, message: None }])?;
    let mut kept: Vec<(FiringId, &Remembered)> = old.results.iter().map(|(id, kept)| (*id, kept)).collect();
    // In plan order each result comes after those that it was made from.
    kept.sort_unstable_by_key(|(firing, _)| *firing);
    for (firing, remembered) in kept {
        let (gave, message) = match remembered {
            Remembered::Message(position) => {
                let message = store.message(&source.run, *position)?;
                (Gave::Message { bytes: message.len() as u64 }, Some(message))
            }
            Remembered::Stream { path, messages } => {
                let file = Memo::stream_name(firing, 0);
                let copy = streams.join(&file);
                let copied =
                    std::fs::hard_link(path, &copy).or_else(|_| std::fs::copy(path, &copy).map(drop));
                let length = copied.and_then(|()| std::fs::metadata(&copy));
                let bytes = length.map_err(|error| StoreError::not_written(&streams, &error))?.len();
                (Gave::Stream { messages: *messages, bytes, file }, None)
            }
        };
        let step = plan.step(firing.step).name.to_string();
        let event = StoredEvent::Done { step, seq: firing.seq, attempt: 0, gave };
        after = store.append(&to, after, &[Entry { at: SystemTime::now(), event, message }])?;
    }
    Memo::recall(plan, store, to, &BTreeSet::new())
}
