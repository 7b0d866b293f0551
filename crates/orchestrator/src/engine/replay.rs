//! Gives a stored result in place of a call.

use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{spawn_blocking, yield_now};

use super::flow::Outlet;
use crate::memo::{Memo, Remembered};
use crate::payload::Payload;
use crate::run::{Failure, FiringId, Given};
use crate::store::StreamReader;

/// How many messages go by before others have their turn.
const AT_ONCE: usize = 32;

/// A stored result, and where it goes.
pub(super) struct Replay {
    pub memo: Arc<Memo>,
    pub firing: FiringId,
    pub remembered: Remembered,
    pub outlet: Arc<Outlet>,
}

impl Replay {
    /// Gives it. The messages of a stream go through the step's queues, as they did when they came.
    pub(super) async fn make(&self) -> Result<Given, Failure> {
        match &self.remembered {
            Remembered::Message(position) => self.message(*position).await.map(Given::Message),
            Remembered::Stream { path, messages } => match self.stream(path).await {
                Ok(()) => Ok(Given::Streamed(*messages)),
                Err(error) => Err(unread(path, &error)),
            },
        }
    }

    async fn message(&self, position: u64) -> Result<Payload, Failure> {
        let (store, run) = (Arc::clone(self.memo.store()), self.memo.run().clone());
        let read = spawn_blocking(move || store.message(&run, position)).await;
        match read {
            Ok(Ok(message)) => Ok(Payload::new(message)),
            Ok(Err(error)) => Err(Failure::Store { reason: error.to_string() }),
            Err(error) => Err(Failure::Store { reason: error.to_string() }),
        }
    }

    async fn stream(&self, path: &Path) -> io::Result<()> {
        if self.outlet.leads_nowhere() {
            return Ok(());
        }
        let mut stream = StreamReader::open(path)?;
        let mut passed = 0;
        while let Some(message) = stream.next()? {
            self.put(&message).await?;
            passed += 1;
            if passed % AT_ONCE == 0 {
                yield_now().await;
            }
        }
        Ok(())
    }

    async fn put(&self, message: &Bytes) -> io::Result<()> {
        poll_fn(|context| self.outlet.poll_room(self.firing.seq, context)).await;
        self.outlet.put(message)
    }
}

/// A stored stream that cannot be read.
pub(super) fn unread(path: &Path, error: &io::Error) -> Failure {
    Failure::Store { reason: format!("`{}` of the run store cannot be read: {error}", path.display()) }
}
