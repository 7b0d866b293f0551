//! `aieffect probe`: whether a service answers; for health checks of containers.

use std::time::Duration;

use aieffect_orchestrator::transport::grpc::{Access, wait_until_ready};

use crate::arguments::Probe;
use crate::drive;
use crate::exit::{Exit, Failure};

/// Below what health checks usually give a command.
const LIMIT: Duration = Duration::from_secs(3);

pub(crate) fn run(options: &Probe) -> Result<Exit, Failure> {
    drive::block_on(async {
        let answered = wait_until_ready(&options.address, LIMIT, &Access::plain()).await;
        answered.map(|()| Exit::Done).map_err(|error| Failure::new(Exit::ServiceUnreachable, error))
    })
}
