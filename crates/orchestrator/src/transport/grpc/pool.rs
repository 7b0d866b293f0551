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
use super::gate::{Entry, Place};
use super::status::never_reached;
use super::tls::Trouble;
use crate::run::Failure;
use crate::transport::breaker::Refusal;

/// Streams on one connection: as many as can be stalled with full windows, with room left in the connection's own.
const STREAMS: usize = 8;

/// Connections to an address that stay when nobody needs them.
const KEPT: usize = 9;

/// What unary calls share.
const UNARY: usize = 0;

/// The connections to all addresses.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Address, Vec<Slot>>>);

/// A place for a connection.
struct Slot {
    how: Use,
    making: Making,
    /// Goes up whenever another connection takes the place.
    generation: u64,
    /// Calls that wait for it to be made.
    waiting: usize,
    streams: usize,
    /// As many as the service takes on this connection, as far as is known.
    most_streams: usize,
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
            all.insert(address.clone(), vec![Slot::new(address, access, Use::Unary)]);
        }
        let Some(slots) = all.get_mut(address) else {
            return Lane { pool: self, address, access, slot: UNARY };
        };
        let slot = match how {
            Use::Unary => UNARY,
            Use::Stream => room_for_stream(slots, address, access),
        };
        Lane { pool: self, address, access, slot }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Vec<Slot>>> {
        // Nothing in here panics between two changes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a connection that takes one more stream, which is counted.
fn room_for_stream(slots: &mut Vec<Slot>, address: &Address, access: &Access) -> usize {
    let free = (UNARY + 1..slots.len()).find(|slot| slots[*slot].streams < slots[*slot].most_streams);
    let slot = free.unwrap_or(slots.len());
    if slot == slots.len() {
        // As many as the others take: else each would have to find out by itself.
        let most_streams = slots.iter().skip(1).map(|slot| slot.most_streams).min().unwrap_or(STREAMS);
        slots.push(Slot { most_streams, ..Slot::new(address, access, Use::Stream) });
    }
    slots[slot].streams += 1;
    slot
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} addresses)", self.lock().len())
    }
}

impl Slot {
    fn new(address: &Address, access: &Access, how: Use) -> Self {
        let making = making_of(address, access, how);
        Self { how, making, generation: 0, waiting: 0, streams: 0, most_streams: STREAMS }
    }

    /// Whether nobody is on it.
    fn is_free(&self) -> bool {
        self.how == Use::Stream && self.streams == 0
    }

    /// Another connection is made by the next call that takes the place.
    fn renew(&mut self, address: &Address, access: &Access) {
        self.making = making_of(address, access, self.how);
        self.generation += 1;
        self.waiting = 0;
    }
}

impl Lane<'_> {
    /// The connection, made if need be, and what one call is made with.
    pub(super) async fn ready(&mut self) -> Result<(Connection, SendRequest<Bytes>, Place), Failure> {
        let mut ended = None;
        loop {
            let (connection, generation) = self.made().await?;
            match self.enter(&connection).await {
                Ok((client, Entry::Entered(place))) => {
                    self.takes(connection.most_calls());
                    return Ok((connection, client, place));
                }
                Ok((_, Entry::Full(most))) => self.move_on(generation, most),
                // It has ended since its last call, or while this one waited: nothing of it has been sent.
                Err(error) => {
                    self.renew(generation);
                    if ended.replace(generation).is_some() {
                        return Err(never_reached(&error));
                    }
                }
            }
        }
    }

    /// Calls wait for each other on the connection that they share. A stream does not: the one that it would wait for may
    /// be waiting for what this one brings.
    async fn enter(&self, connection: &Connection) -> Result<(SendRequest<Bytes>, Entry), h2::Error> {
        if self.slot == UNARY {
            return connection.ready().await.map(|(client, place)| (client, Entry::Entered(place)));
        }
        match connection.ready_now()? {
            // One that takes none at all now may take some later, as any other connection may.
            (_, Entry::Full(0)) => {
                connection.ready().await.map(|(client, place)| (client, Entry::Entered(place)))
            }
            entry => Ok(entry),
        }
    }

    /// So many calls the connection takes now.
    fn takes(&self, most: usize) {
        if self.slot != UNARY {
            self.with_slot(|slot| slot.most_streams = most.clamp(1, STREAMS));
        }
    }

    /// To another connection, since this one takes so many streams and no more.
    fn move_on(&mut self, generation: u64, most: usize) {
        let mut all = self.pool.lock();
        let Some(slots) = all.get_mut(self.address) else { return };
        let full = &mut slots[self.slot];
        full.streams -= 1;
        if full.generation == generation {
            full.most_streams = most.clamp(1, STREAMS);
        }
        self.slot = room_for_stream(slots, self.address, self.access);
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
        making.unwrap_or_else(|| (making_of(self.address, self.access, Use::Unary), 0))
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
        let mut all = self.pool.lock();
        let Some(slots) = all.get_mut(self.address) else { return };
        slots[self.slot].streams -= 1;
        // A few wait for the next streams; those of a rush that is over are closed.
        while slots.len() > KEPT && slots.last().is_some_and(Slot::is_free) {
            slots.pop();
        }
    }
}

fn making_of(address: &Address, access: &Access, how: Use) -> Making {
    let (address, access) = (address.clone(), access.clone());
    let making = async move {
        let refused = |refusal: Refusal| Failure::NeverReached { reason: refusal.to_string() };
        // Held until it is known whether the connection comes about.
        let _admission = access.admit(&address).map_err(refused)?;
        Connection::make(&address, &access, how).await.map_err(|trouble| match trouble {
            Trouble::Lasting(reason) | Trouble::Passing(reason) => Failure::NeverReached { reason },
        })
    };
    making.boxed().shared()
}
