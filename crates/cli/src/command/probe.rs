//! `aieffect probe`: whether a service answers, and what it speaks; for health checks of containers.

use std::time::Duration;

use aieffect_orchestrator::transport::grpc::Access;
use aieffect_orchestrator::transport::{spoken_at, wait_until_ready};

use crate::arguments::{Probe, Transport};
use crate::drive;
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Below what health checks usually give a command.
const LIMIT: Duration = Duration::from_secs(3);

pub(crate) fn run(options: &Probe) -> Result<Exit, Failure> {
    drive::block_on(async {
        let access = Access::plain();
        let spoken = match options.transport.map(Transport::kind) {
            None => spoken_at(&options.address, LIMIT, &access).await,
            Some(asked) => wait_until_ready(&options.address, asked, LIMIT, &access).await.map(|()| asked),
        };
        let spoken = spoken.map_err(|error| Failure::new(Exit::ServiceUnreachable, error))?;
        let told = terminal::print(&format!("{}\n", spoken.as_str()));
        told.map_err(|error| Failure::new(Exit::Internal, error))?;
        Ok(Exit::Done)
    })
}
