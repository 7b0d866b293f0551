//! Events with their time, for those who watch.

use std::time::SystemTime;

use crate::run::RunEvent;

/// Something that happened in a run, and when.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When it was decided.
    pub at: SystemTime,
    /// What.
    pub event: RunEvent,
}

/// Sees every event, in order, before its effects begin. It is called on the run's own task: it must not
/// block.
pub type Observer = Box<dyn FnMut(&Recorded) + Send>;

/// Where a run's events go before anything is done about them.
pub(super) struct Record {
    observers: Vec<Observer>,
}

impl Record {
    pub(super) fn new(observers: Vec<Observer>) -> Self {
        Self { observers }
    }

    /// Takes the events of one decision. They are recorded when this returns.
    pub(super) fn append(&mut self, events: Vec<RunEvent>) -> Vec<Recorded> {
        let at = SystemTime::now();
        let recorded: Vec<Recorded> = events.into_iter().map(|event| Recorded { at, event }).collect();
        for entry in &recorded {
            for observer in &mut self.observers {
                observer(entry);
            }
        }
        recorded
    }
}
