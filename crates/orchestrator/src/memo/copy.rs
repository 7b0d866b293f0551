//! A run that begins with the results of another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Memo, Remembered};
use crate::engine::RunId;
use crate::plan::Plan;
use crate::ports::{Entry, StoreError};
use crate::run::FiringId;
use crate::store::{Gave, StoredEvent};

impl Memo {
    /// Copies the results that hold into the run `to`, which has been created and has no events. Gives what that run
    /// need not call.
    pub fn continue_as(&self, plan: &Plan, to: RunId) -> Result<Self, StoreError> {
        let mut kept: Vec<(FiringId, &Remembered)> =
            self.results.iter().map(|(id, kept)| (*id, kept)).collect();
        // In plan order each result comes after those that it was made from.
        kept.sort_unstable_by_key(|(firing, _)| *firing);
        let mut after = 0;
        for (firing, remembered) in kept {
            let entry = self.copied(plan, firing, remembered, &to)?;
            after = self.store.append(&to, after, &[entry])?;
        }
        // Last, so that a run that was cut off before this is known to lack some.
        let event = StoredEvent::Continued { from: self.run.to_string() };
        self.store.append(&to, after, &[Entry { at: SystemTime::now(), event, message: None }])?;
        Self::recall(plan, Arc::clone(&self.store), to, &BTreeSet::new())
    }

    fn copied(
        &self,
        plan: &Plan,
        firing: FiringId,
        remembered: &Remembered,
        to: &RunId,
    ) -> Result<Entry, StoreError> {
        let (gave, message) = match remembered {
            Remembered::Message(position) => {
                let message = self.store.message(&self.run, *position)?;
                (Gave::Message { bytes: message.len() as u64 }, Some(message))
            }
            Remembered::Stream { path, messages } => {
                let streams = self.store.streams(to)?;
                let file = Self::stream_name(firing, 0);
                let copy = streams.join(&file);
                let copied =
                    std::fs::hard_link(path, &copy).or_else(|_| std::fs::copy(path, &copy).map(drop));
                let length = copied.and_then(|()| std::fs::metadata(&copy));
                let bytes = length.map_err(|error| StoreError::not_written(&streams, &error))?.len();
                (Gave::Stream { messages: *messages, bytes: Some(bytes), file: Some(file) }, None)
            }
        };
        let step = plan.step(firing.step).name.to_string();
        let event = StoredEvent::Done { step, seq: firing.seq, attempt: 0, gave };
        Ok(Entry { at: SystemTime::now(), event, message })
    }
}
