//! What a stack is made with, beside the pipeline.

use std::net::IpAddr;

use aieffect_blueprint::{NoPortsLeft, Port};

use crate::{Build, ImageName};

/// How a stack is made. Paths are as seen from the compose file's folder, with `/`, and begin with a dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackOptions {
    /// The address of the host that ports are open on.
    pub bind: IpAddr,
    /// The port of the host that leads to the first service; the others' follow.
    pub base_port: Port,
    /// Who runs the pipeline.
    pub orchestrator: Orchestrator,
    /// The static binary that health checks run, where there is one.
    pub probe: Option<String>,
    /// The package's folder.
    pub package: String,
}

/// Who runs the pipeline of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Orchestrator {
    /// Nobody within the stack.
    Absent,
    /// A container of this image.
    Named(ImageName),
    /// A container of an image that is built.
    Built(Build),
}

/// Why there can be no stack; what is wrong with the package itself is a finding instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The ports do not reach.
    #[error(transparent)]
    NoPortsLeft(#[from] NoPortsLeft),
    /// A path that no compose file can mount.
    #[error("the path `{}` holds a colon or an unprintable character, and cannot be mounted into containers", .path.escape_debug())]
    Path {
        /// Which.
        path: String,
    },
}
