//! Reading a run's events as they happen: [`Following`].

use std::collections::VecDeque;

use aieffect_orchestrator::ports::Entry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Error, Runs};
use crate::metrics::Subscriber;

/// Events that are held of those that have not been read.
const PART: usize = 500;

/// A reader, at its own speed: what has not been read is in the store.
pub struct Following {
    runs: Runs,
    run: String,
    next: u64,
    /// Gone once nobody works on the run.
    news: Option<watch::Receiver<u64>>,
    /// Once no run is worked on any more.
    closed: CancellationToken,
    read: VecDeque<(u64, Entry)>,
    /// Counted while it reads.
    _subscriber: Subscriber,
}

impl Runs {
    /// Reads a run's events from the one at `from` on: those so far, then each as it happens.
    pub async fn follow(&self, run: &str, from: u64) -> Result<Following, Error> {
        let news = self.news(run).await?;
        Ok(Following {
            runs: self.clone(),
            run: run.to_owned(),
            next: from,
            news,
            closed: self.model.closed.clone(),
            read: VecDeque::new(),
            _subscriber: self.model.metrics.subscriber(),
        })
    }
}

impl Following {
    /// Whether nobody works on the run, and there is no event that has not been given.
    pub async fn is_over(&mut self) -> Result<bool, Error> {
        if self.news.is_some() || !self.read.is_empty() {
            return Ok(false);
        }
        self.read = self.runs.next_events(&self.run, self.next, PART).await?.into();
        Ok(self.read.is_empty())
    }

    /// The next event with its position. `None` once nobody works on the run any more; [`Error::Stopping`] when the server
    /// stops before that.
    pub async fn next_event(&mut self) -> Result<Option<(u64, Entry)>, Error> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.next = event.0 + 1;
                return Ok(Some(event));
            }
            // What happens from here on is news.
            if let Some(news) = &mut self.news {
                news.mark_unchanged();
            }
            let is_closed = self.closed.is_cancelled();
            self.read = self.runs.next_events(&self.run, self.next, PART).await?.into();
            if !self.read.is_empty() {
                continue;
            }
            let Some(news) = &mut self.news else { return Ok(None) };
            if is_closed {
                return Err(Error::Stopping);
            }
            let has_ended = tokio::select! {
                changed = news.changed() => changed.is_err(),
                () = self.closed.cancelled() => false,
            };
            if has_ended {
                self.news = None;
            }
        }
    }
}
