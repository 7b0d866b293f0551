//! The connections to each address: one for unary calls, and some for streams.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aieffect_blueprint::Address;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use h2::client::SendRequest;

use super::access::Access;
use super::connection::Connection;
use super::gate::Place;
use super::status::never_reached;
use super::tls::Trouble;
use crate::run::Failure;
use crate::transport::breaker::Refusal;

/// Streams on one connection: as many as can be stalled with full windows, with room left in the connection's own.
const STREAMS: usize = 8;

/// What unary calls share.
const UNARY: usize = 0;

/// The connections to all addresses.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Address, Vec<Slot>>>);

/// A place for a connection.
struct Slot {
    making: Making,
    /// Goes up whenever another connection takes the place.
    generation: u64,
    /// Calls that wait for it to be made.
    waiting: usize,
    streams: usize,
}

/// Several calls may wait for it at once.
type Making = Shared<BoxFuture<'static, Result<Connection, Failure>>>;

/// A place on a connection, given back when it is dropped.
pub(super) struct Lane<'a> {
    pool: &'a Pool,
    address: &'a Address,
    access: &'a Access,
    slot: usize,
}

/// What calls take places for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Calls without a stream share one connection, however many they are.
    Unary,
    /// Streams share one only so far that those that are stalled stall no others.
    Stream,
}

impl Pool {
    /// A place on a connection to that address, of a new one when all are full.
    pub(super) fn take<'a>(&'a self, address: &'a Address, access: &'a Access, how: Use) -> Lane<'a> {
        let mut all = self.lock();
        if !all.contains_key(address) {
            all.insert(address.clone(), vec![Slot::new(address, access)]);
        }
        let Some(slots) = all.get_mut(address) else {
            return Lane { pool: self, address, access, slot: UNARY };
        };
        let slot = match how {
            Use::Unary => UNARY,
            Use::Stream => {
                let free = (UNARY + 1..slots.len()).find(|slot| slots[*slot].streams < STREAMS);
                let slot = free.unwrap_or(slots.len());
                if slot == slots.len() {
                    slots.push(Slot::new(address, access));
                }
                slots[slot].streams += 1;
                slot
            }
        };
        Lane { pool: self, address, access, slot }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Vec<Slot>>> {
        // Nothing in here panics between two changes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} addresses)", self.lock().len())
    }
}

impl Slot {
    fn new(address: &Address, access: &Access) -> Self {
        Self { making: making_of(address, access), generation: 0, waiting: 0, streams: 0 }
    }

    /// Another connection is made by the next call that takes the place.
    fn renew(&mut self, address: &Address, access: &Access) {
        self.making = making_of(address, access);
        self.generation += 1;
        self.waiting = 0;
    }
}

impl Lane<'_> {
    /// The connection, made if need be, and what one call is made with.
    pub(super) async fn ready(&self) -> Result<(Connection, SendRequest<Bytes>, Place), Failure> {
        let (connection, generation) = self.made().await?;
        if let Ok((client, place)) = connection.ready().await {
            return Ok((connection, client, place));
        }
        // It has ended since its last call, or while this one waited: nothing of it has been sent.
        self.renew(generation);
        let (connection, generation) = self.made().await?;
        let (client, place) = connection.ready().await.map_err(|error| {
            self.renew(generation);
            never_reached(&error)
        })?;
        Ok((connection, client, place))
    }

    async fn made(&self) -> Result<(Connection, u64), Failure> {
        let (making, generation) = self.making();
        let waiting = Waiting { lane: self, generation };
        let made = making.await;
        drop(waiting);
        match made {
            Ok(connection) => Ok((connection, generation)),
            Err(failure) => {
                self.renew(generation);
                Err(failure)
            }
        }
    }

    fn making(&self) -> (Making, u64) {
        let making = self.with_slot(|slot| {
            slot.waiting += 1;
            (slot.making.clone(), slot.generation)
        });
        // Places are never taken away; were this one, it would only not be shared.
        making.unwrap_or_else(|| (making_of(self.address, self.access), 0))
    }

    /// The next call makes another connection, unless one has been made already.
    fn renew(&self, generation: u64) {
        self.with_slot(|slot| {
            if slot.generation == generation {
                slot.renew(self.address, self.access);
            }
        });
    }

    fn with_slot<T>(&self, look: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        let mut all = self.pool.lock();
        all.get_mut(self.address).and_then(|slots| slots.get_mut(self.slot)).map(look)
    }
}

/// One that waits for a connection to be made.
struct Waiting<'a> {
    lane: &'a Lane<'a>,
    generation: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Lane { address, access, .. } = self.lane;
        self.lane.with_slot(|slot| {
            if slot.generation != self.generation {
                return;
            }
            slot.waiting = slot.waiting.saturating_sub(1);
            // Nobody goes on with it: a call that came later would find it grown old, or its time run out.
            if slot.waiting == 0 && slot.making.peek().is_none() {
                slot.renew(address, access);
            }
        });
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if self.slot == UNARY {
            return;
        }
        self.with_slot(|slot| slot.streams -= 1);
    }
}

fn making_of(address: &Address, access: &Access) -> Making {
    let (address, access) = (address.clone(), access.clone());
    let making = async move {
        let refused = |refusal: Refusal| Failure::NeverReached { reason: refusal.to_string() };
        // Held until it is known whether the connection comes about.
        let _admission = access.admit(&address).map_err(refused)?;
        Connection::make(&address, &access).await.map_err(|trouble| match trouble {
            Trouble::Lasting(reason) | Trouble::Passing(reason) => Failure::NeverReached { reason },
        })
    };
    making.boxed().shared()
}
