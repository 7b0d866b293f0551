//! Calls of a service that cannot be connected to fail at once for a while: [`Breakers`].
//!
//! What is looked at is whether connections come about, not how calls end. After [`MOST`] in a row that did not, a call makes
//! no further one until a pause is over; then one call tries, and the others wait for what it finds. Whoever waits for a
//! service to come up tries all the time, and is the first to know when it has: any connection that comes about ends all this.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aieffect_blueprint::Address;
use tokio::time::Instant;

use super::grpc::Trouble;

/// Connections in a row that do not come about before calls make no more.
const MOST: u32 = 5;
/// How long no call makes one, at first and at most. It doubles with each try that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A connection that is given up after so long has failed; before that, who knows.
const PATIENCE: Duration = Duration::from_secs(1);
/// An address that nobody has tried for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Addresses with failures that are known at once; of others nothing is remembered.
const MOST_KNOWN: usize = 10_000;

/// What is known of addresses that could not be connected to. Shared by all who connect.
#[derive(Debug, Default)]
pub struct Breakers {
    known: Mutex<HashMap<Address, Breaker>>,
    opened: AtomicU64,
    refused: AtomicU64,
}

/// An address that could not be connected to.
#[derive(Debug)]
struct Breaker {
    failures: u32,
    /// What the last one failed with.
    reason: String,
    at: Instant,
    /// Since there were so many: when the next call may try, and how long that takes after it.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Instant,
    pause: Duration,
    /// A call tries now.
    is_tried: bool,
}

/// Why a call does not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Connections in a row that did not come about.
    pub failures: u32,
    /// What the last one failed with.
    pub reason: String,
    /// When a call tries again; `None` when one does now, or would.
    pub next_try: Option<Duration>,
}

/// How many addresses calls do not connect to, or only one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Those of which all calls are refused now.
    pub open: usize,
    /// Those whose pause is over, so that one call tries.
    pub half_open: usize,
}

/// A call that may connect. Who tries for all others gives that up when this is dropped.
#[derive(Debug)]
pub(super) struct Admission {
    tries_for_all: Option<(Arc<Breakers>, Address)>,
}

impl Admission {
    /// Of whoever is not watched.
    pub(super) fn free() -> Self {
        Self { tries_for_all: None }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Some((breakers, address)) = &self.tries_for_all else { return };
        if let Some(Breaker { open: Some(open), .. }) = breakers.lock().get_mut(address)
            && open.is_tried
        {
            // It was given up before anybody knew: the next one does not follow at once.
            open.is_tried = false;
            open.until = open.until.max(Instant::now() + FIRST_PAUSE);
        }
    }
}

/// Whoever connects gives it up when this is dropped: the deadline of a call may be shorter than that of a connection.
struct Abandonment<'a> {
    breakers: &'a Breakers,
    address: &'a Address,
    since: Instant,
}

impl Drop for Abandonment<'_> {
    fn drop(&mut self) {
        let waited = self.since.elapsed();
        if waited >= PATIENCE {
            let reason = format!("nothing came back for {:.1} s", waited.as_secs_f64());
            self.breakers.failed(self.address, &reason);
        }
    }
}

impl Breakers {
    /// Why a call of a service at that address would make no connection now; nothing where it would.
    pub fn refusal(&self, address: &Address) -> Option<Refusal> {
        let known = self.lock();
        let breaker = known.get(address)?;
        let open = breaker.open?;
        let left = open.until.saturating_duration_since(Instant::now());
        let next_try = Some(left).filter(|left| !left.is_zero());
        Some(Refusal { failures: breaker.failures, reason: breaker.reason.clone(), next_try })
    }

    /// How many addresses stand how.
    pub fn standing(&self) -> Standing {
        let mut known = self.lock();
        forget_old(&mut known);
        let now = Instant::now();
        let open = known.values().filter_map(|breaker| breaker.open);
        let (waiting, due): (Vec<Open>, Vec<Open>) = open.partition(|open| now < open.until);
        Standing { open: waiting.len(), half_open: due.len() }
    }

    /// How often calls of an address were given up for a while, from closed on.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// How many calls were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether a call may connect.
    pub(super) fn admit(self: &Arc<Self>, address: &Address) -> Result<Admission, Refusal> {
        let mut known = self.lock();
        let Some(breaker) = known.get_mut(address) else { return Ok(Admission::free()) };
        let Some(open) = &mut breaker.open else { return Ok(Admission::free()) };
        let left = open.until.saturating_duration_since(Instant::now());
        if left.is_zero() && !open.is_tried {
            open.is_tried = true;
            return Ok(Admission { tries_for_all: Some((Arc::clone(self), address.clone())) });
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        let next_try = Some(left).filter(|left| !left.is_zero());
        Err(Refusal { failures: breaker.failures, reason: breaker.reason.clone(), next_try })
    }

    /// Connects, and remembers what came of it.
    pub(super) async fn watch<T>(
        &self,
        address: &Address,
        connecting: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        let abandonment = Abandonment { breakers: self, address, since: Instant::now() };
        let connected = connecting.await;
        std::mem::forget(abandonment);
        match &connected {
            Ok(_) => drop(self.lock().remove(address)),
            Err(Trouble::Lasting(reason) | Trouble::Passing(reason)) => self.failed(address, reason),
        }
        connected
    }

    fn failed(&self, address: &Address, reason: &str) {
        let now = Instant::now();
        let mut known = self.lock();
        if !known.contains_key(address) {
            if known.len() >= MOST_KNOWN {
                forget_old(&mut known);
            }
            if known.len() >= MOST_KNOWN {
                return;
            }
        }
        let fresh = || Breaker { failures: 0, reason: String::new(), at: now, open: None };
        let breaker = known.entry(address.clone()).or_insert_with(fresh);
        breaker.failures = breaker.failures.saturating_add(1);
        reason.clone_into(&mut breaker.reason);
        breaker.at = now;
        match &mut breaker.open {
            // Others than the one that tries for all change nothing about its pause.
            Some(open) if now < open.until => {}
            Some(open) => {
                open.pause = (open.pause * 2).min(LONGEST_PAUSE);
                open.until = now + open.pause;
            }
            None if breaker.failures >= MOST => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                let until = now + FIRST_PAUSE;
                breaker.open = Some(Open { until, pause: FIRST_PAUSE, is_tried: false });
            }
            None => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Breaker>> {
        // Nothing in here panics between two changes.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_old(known: &mut HashMap<Address, Breaker>) {
    let now = Instant::now();
    known.retain(|_, breaker| now.saturating_duration_since(breaker.at) < FORGOTTEN);
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failures, reason, next_try } = self;
        write!(f, "not called: {failures} connections in a row failed, the last one with: {reason}; ")?;
        match next_try {
            Some(left) => write!(f, "next try in {:.1} s", left.as_secs_f64()),
            None => f.write_str("another call tries now"),
        }
    }
}
