//! Points in time that a test decides, in place of sleeps.

use std::sync::Arc;

use tokio::sync::{Barrier, watch};

/// Holds replies back until the test opens it.
#[derive(Debug, Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { open: Arc::new(watch::Sender::new(false)) }
    }

    /// Lets everyone through, now and later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until the gate is open.
    pub async fn opened(&self) {
        let mut state = self.open.subscribe();
        // The sender is ours: it cannot be gone.
        let _ = state.wait_for(|open| *open).await;
    }
}

/// Lets nobody through before all are there: calls that pass it have overlapped.
#[derive(Debug, Clone)]
pub struct Meeting {
    barrier: Arc<Barrier>,
}

impl Meeting {
    /// Of so many.
    pub fn of(size: usize) -> Self {
        Self { barrier: Arc::new(Barrier::new(size)) }
    }

    /// Waits for the others.
    pub async fn join(&self) {
        self.barrier.wait().await;
    }
}
