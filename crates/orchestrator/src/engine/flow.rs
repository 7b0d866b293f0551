//! The messages that pass between steps, beside the event log: bounded queues, what steps take from them, and what
//! they put into them.
//!
//! [`Flow`] has a queue for every link that carries many messages. Deliberately absent: links that carry one (their
//! message is in the run's state), and what becomes of a step.

mod course;
mod feed;
mod giving;
mod intake;
mod outlet;
mod queue;
mod spool;
mod stop;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(super) use self::course::Course;
pub(super) use self::feed::{Feed, Next, Set};
pub(super) use self::giving::{Giving, unstored};
pub(super) use self::intake::{Intake, Requesting, Source, Taking, lock, request};
pub(super) use self::outlet::Outlet;
use self::queue::Queue;
pub(super) use self::stop::{Stop, stopper};
use super::meter::Meters;
use super::transfers::Transfers;
use crate::plan::{Gather, Multiplicity, Plan, StepId};

/// Every queue of a run.
pub(super) struct Flow {
    feeds: Vec<Option<Arc<Mutex<Feed>>>>,
    outlets: Vec<Arc<Outlet>>,
    /// Messages taken, everywhere.
    taken: Arc<AtomicU64>,
    meters: Arc<Meters>,
}

impl Flow {
    pub(super) fn new(plan: &Plan, transfers: Arc<Transfers>) -> Self {
        let most = plan.queue_size.get() as usize;
        let taken = Arc::<AtomicU64>::default();
        let meters = Arc::new(Meters::new(plan.steps.len(), transfers));
        let queue = |link: &crate::plan::PlannedLink| match link.carries {
            Multiplicity::Many => Some(Arc::new(Queue::new(link.overflow, most, Arc::clone(&taken)))),
            Multiplicity::One => None,
        };
        let queues: Vec<Option<Arc<Queue>>> = plan.links.iter().map(queue).collect();
        let of = |links: &[crate::plan::LinkId]| -> Vec<(usize, Arc<Queue>)> {
            let queue = |(input, link): (usize, &crate::plan::LinkId)| {
                Some((input, queues.get(link.index())?.clone()?))
            };
            links.iter().enumerate().filter_map(queue).collect()
        };
        let plain = |queues: Vec<(usize, Arc<Queue>)>| queues.into_iter().map(|(_, queue)| queue).collect();
        let feed = |step: &crate::plan::Step| {
            let queues = of(&step.inputs);
            let feed = match step.gather {
                _ if queues.is_empty() => return None,
                Gather::Join => Feed::join(plain(queues)),
                Gather::Merge => Feed::merge(queues),
            };
            Some(Arc::new(Mutex::new(feed)))
        };
        Self {
            feeds: plan.steps.iter().map(feed).collect(),
            outlets: plan
                .steps()
                .map(|(id, step)| Arc::new(Outlet::new(plain(of(&step.outputs)), id, Arc::clone(&meters))))
                .collect(),
            taken,
            meters,
        }
    }

    /// What comes in for a step, where it has links that carry many.
    pub(super) fn feed(&self, step: StepId) -> Option<&Arc<Mutex<Feed>>> {
        self.feeds.get(step.index())?.as_ref()
    }

    /// Where the messages of a step go.
    pub(super) fn outlet(&self, step: StepId) -> &Arc<Outlet> {
        &self.outlets[step.index()]
    }

    /// A step has ended: nothing more is taken for it.
    pub(super) fn abandon(&self, step: StepId) {
        if let Some(feed) = self.feed(step) {
            lock(feed).abandon();
        }
    }

    /// Nothing more is taken for any step.
    pub(super) fn abandon_all(&self) {
        self.feeds.iter().flatten().for_each(|feed| lock(feed).abandon());
    }

    /// From now on open calls end once nothing waits for them.
    pub(super) fn close(&self) {
        self.feeds.iter().flatten().for_each(|feed| lock(feed).close());
    }

    /// What has passed.
    pub(super) fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// How many messages have been given or taken, anywhere.
    pub(super) fn moves(&self) -> u64 {
        self.taken.load(Ordering::Relaxed) + self.meters.messages()
    }

    /// Whether nothing waits anywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.feeds.iter().flatten().all(|feed| lock(feed).is_empty())
    }
}
