//! Connections for streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aieffect_blueprint::Address;
use tonic::transport::Channel;

use super::access::Access;
use super::channel;
use crate::run::Failure;

/// Streams on one connection: as many as can be stalled with full windows, with room left in the connection's own.
const STREAMS: usize = 8;

/// The connections for streams, and how many streams each has.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<Address, Vec<Used>>>);

#[derive(Debug)]
struct Used {
    channel: Channel,
    streams: usize,
}

/// A place on a connection, given back when it is dropped.
pub(super) struct Lane {
    channel: Channel,
    taken: Option<(Arc<Lanes>, Address, usize)>,
}

impl Lanes {
    /// A place on a connection to that address, a new one when all are full.
    pub(super) fn take(self: &Arc<Self>, address: &Address, access: &Access) -> Result<Lane, Failure> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lanes = all.entry(address.clone()).or_default();
        let free = lanes.iter().position(|lane| lane.streams < STREAMS);
        let index = match free {
            Some(index) => index,
            None => {
                lanes.push(Used { channel: channel::connect(address, access)?, streams: 0 });
                lanes.len() - 1
            }
        };
        lanes[index].streams += 1;
        let channel = lanes[index].channel.clone();
        Ok(Lane { channel, taken: Some((Arc::clone(self), address.clone(), index)) })
    }
}

impl Lane {
    /// On a connection that any number of calls share.
    pub(super) fn shared(channel: Channel) -> Self {
        Self { channel, taken: None }
    }

    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some((lanes, address, index)) = self.taken.take() else { return };
        let mut all = lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = all.get_mut(&address).and_then(|lanes| lanes.get_mut(index)) {
            lane.streams -= 1;
        }
    }
}
