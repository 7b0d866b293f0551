//! The stack as a value: [`ComposeFile`]. All texts are meant literally; paths are as seen from the file's folder.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use aieffect_blueprint::{NodeName, Port, ServiceName};

use crate::ImageName;

/// Services on one network of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeFile {
    /// In the order of the pipeline's nodes, the orchestrator last.
    pub services: Vec<Service>,
}

impl ComposeFile {
    /// The network's name within the stack; engines put the project before it.
    pub const NETWORK: &'static str = "ai-effect-pipeline";

    /// The service that runs the pipeline, if the stack has it.
    pub fn orchestrator(&self) -> Option<&Service> {
        self.services.iter().find(|service| service.role == Role::Orchestrator)
    }
}

/// One container of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name in the file, and on the network.
    pub key: ServiceName,
    /// What it is there for.
    pub role: Role,
    /// What it is started from.
    pub image: Image,
    /// The arguments for the image's entry point; none means the image's own command.
    pub command: Vec<String>,
    /// Variables, in the file's order.
    pub environment: Vec<(Cow<'static, str>, Setting)>,
    /// Folders and files of the host.
    pub mounts: Vec<BindMount>,
    /// Ports of the host that lead to it.
    pub ports: Vec<PublishedPort>,
    /// Its further names on the network.
    pub aliases: Vec<ServiceName>,
    /// What is started before it. It does not wait for them to answer.
    pub depends_on: Vec<ServiceName>,
    /// What happens when it ends.
    pub restart: Restart,
    /// What it may do.
    pub confinement: Confinement,
    /// How its health is found out, for display.
    pub health: Option<HealthCheck>,
}

/// What a service is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It answers for these nodes of the pipeline, of which the first is started.
    Nodes(Vec<NodeName>),
    /// It runs the pipeline.
    Orchestrator,
}

/// What a container is started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// An image that is here, or is pulled.
    Named(ImageName),
    /// An image that is built when it is not here.
    Built(Build),
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The folder of the build context.
    pub context: String,
    /// The Dockerfile, below the context, when it is not `Dockerfile` there.
    pub dockerfile: Option<String>,
    /// Images to begin from, as arguments of the build: the environment's, where it has one of that name.
    pub bases: Vec<(&'static str, ImageName)>,
    /// The image's name; without one, the tool that builds it finds one.
    pub name: Option<ImageName>,
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// This text.
    Text(String),
    /// That of the environment that the stack is started in; unset where it is not set there.
    Inherited,
}

/// A folder or file of the host in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindMount {
    /// On the host.
    pub source: String,
    /// In the container.
    pub target: &'static str,
    /// Who may write.
    pub writing: Writing,
}

/// Whether a container may write to a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
}

/// A port of the host that leads into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedPort {
    /// The address of the host that it is open on.
    pub bind: IpAddr,
    /// The port on the host.
    pub host: Port,
    /// The port in the container.
    pub container: Port,
}

/// What happens when a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// It stays ended.
    No,
    /// It is started again, unless somebody stopped it.
    UnlessStopped,
}

/// What a container may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// What its image needs; an init process looks after what it starts.
    Usual,
    /// Next to nothing: this user, a file system to read but for `/tmp`, no capabilities, and no way to gain any.
    Strict {
        /// User and group, as numbers.
        user: u32,
    },
}

/// A command in the container whose success means health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Between two checks.
    pub interval: Duration,
    /// For one check.
    pub timeout: Duration,
    /// How many must fail one after the other.
    pub retries: u32,
    /// How long failures do not count after the start.
    pub start_period: Duration,
}
