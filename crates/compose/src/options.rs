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
    /// How the orchestrator speaks with services.
    pub access: StackAccess,
}

/// What the orchestrator is given to speak with services: files, which it can only read, and the name of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackAccess {
    /// The certificate of the CA that signed those of the services.
    pub tls_ca: Option<String>,
    /// The orchestrator's own certificate.
    pub tls_cert: Option<String>,
    /// The key of that.
    pub tls_key: Option<String>,
    /// Where its token is.
    pub token: Option<StackToken>,
}

/// Where the orchestrator's token is; the stack itself never has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackToken {
    /// In the variable of that name, where the stack is started.
    Variable(String),
    /// In a file.
    File(String),
}

impl StackAccess {
    /// The files, each with its place in the container and the variable that leads to it there.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&String, &'static str, &'static str)> {
        let token = match &self.token {
            Some(StackToken::File(path)) => Some(path),
            Some(StackToken::Variable(_)) | None => None,
        };
        [
            (self.tls_ca.as_ref(), "/access/ca.pem", "AIEFFECT_TLS_CA"),
            (self.tls_cert.as_ref(), "/access/cert.pem", "AIEFFECT_TLS_CERT"),
            (self.tls_key.as_ref(), "/access/key.pem", "AIEFFECT_TLS_KEY"),
            (token, "/access/token", "AIEFFECT_TOKEN_FILE"),
        ]
        .into_iter()
        .filter_map(|(path, place, variable)| Some((path?, place, variable)))
    }
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
