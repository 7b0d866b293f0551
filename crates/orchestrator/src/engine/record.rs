//! Events with their time, for the store and for those who watch.

use std::time::{Duration, Instant, SystemTime};

use super::journal::Journal;
use crate::ports::StoreError;
use crate::run::RunEvent;

/// Something that happened in a run, and when.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When it was decided.
    pub at: SystemTime,
    /// When, from the beginning of the run on, by a clock that nobody sets.
    pub since: Duration,
    /// How long it took to store the decision that it is part of. What follows from the event begins only after that.
    pub storing: Duration,
    /// What.
    pub event: RunEvent,
    /// Whether it happens now.
    pub origin: Origin,
}

/// Whether something happens now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It does.
    Now,
    /// It happened before, and its result is taken from the store.
    Stored,
}

/// Sees every event, in order, before its effects begin. It is called on the run's own task: it must not
/// block.
pub type Observer = Box<dyn FnMut(&Recorded) + Send>;

/// Where a run's events go before anything is done about them.
pub(super) struct Record {
    journal: Option<Journal>,
    observers: Vec<Observer>,
    begun: Instant,
}

impl Record {
    pub(super) fn new(journal: Option<Journal>, observers: Vec<Observer>) -> Self {
        Self { journal, observers, begun: Instant::now() }
    }

    /// Takes the events of one decision. They are stored when this returns; when they could not be, nobody has seen
    /// them.
    pub(super) fn append(&mut self, events: Vec<RunEvent>) -> Result<Vec<Recorded>, StoreError> {
        let (at, since) = (SystemTime::now(), self.begun.elapsed());
        let mut storing = Duration::ZERO;
        if let Some(journal) = &mut self.journal {
            journal.take(at, &events)?;
            storing = self.begun.elapsed() - since;
        }
        let recorded = |event| Recorded { at, since, storing, origin: self.origin(&event), event };
        let recorded: Vec<Recorded> = events.into_iter().map(recorded).collect();
        for entry in &recorded {
            for observer in &mut self.observers {
                observer(entry);
            }
        }
        Ok(recorded)
    }

    fn origin(&self, event: &RunEvent) -> Origin {
        match &self.journal {
            Some(journal) if journal.is_remembered(event) => Origin::Stored,
            _ => Origin::Now,
        }
    }
}
