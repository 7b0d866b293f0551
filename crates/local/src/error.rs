//! What keeps services from starting. Each of these ends `aieffect run` with exit code 4.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::job::Status;
use crate::output::LastLines;
use crate::ports::PortError;

/// Why services could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `x-aieffect.build` did not end well.
    #[error("the use case's build `{command}` ended with {status}{last}")]
    Build {
        /// The command.
        command: String,
        /// How it ended.
        status: Status,
        /// What it printed last.
        last: LastLines,
    },
    /// A step before a service starts, such as `pip install`, did not end well.
    #[error("`{step}` for service `{service}` ended with {status}{last}")]
    Step {
        /// The service.
        service: String,
        /// The step.
        step: String,
        /// How it ended.
        status: Status,
        /// What it printed last.
        last: LastLines,
    },
    /// There is no Python.
    #[error(
        "service `{service}` needs Python 3, which is not installed; on Debian: `apt install python3 python3-venv`"
    )]
    NoPython {
        /// The service.
        service: String,
    },
    /// Python cannot make virtual environments.
    #[error(
        "service `{service}` needs Python packages, and `{python}` cannot make virtual environments; on Debian: \
         `apt install python3-venv`"
    )]
    NoVenvModule {
        /// The service.
        service: String,
        /// The interpreter.
        python: String,
    },
    /// A command could not even be handed to a supervisor.
    #[error("`{command}` cannot be started for {of}")]
    Start {
        /// The command.
        command: String,
        /// A service, or the build.
        of: String,
        /// Why.
        source: io::Error,
    },
    /// A file of the use case cannot be read.
    #[error("`{}` cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the run, or of the cache, cannot be written.
    #[error("`{}` cannot be written", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No port for a service.
    #[error("there is no port for service `{service}`")]
    Port {
        /// The service.
        service: String,
        /// Why.
        source: PortError,
    },
    /// A supervisor did not end.
    #[error(
        "{} did not stop within {} s, also by force; look for their processes with `ps`",
        .services.join(", "), .waited.as_secs()
    )]
    NotStopped {
        /// The services.
        services: Vec<String>,
        /// How long was waited.
        waited: Duration,
    },
}
