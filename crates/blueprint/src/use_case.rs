//! A use case: the source folder of a pipeline, read but not yet resolved.

mod compose;
mod connections;
mod controlled;
mod dockerfiles;
mod names;

use crate::{ProtoTree, ServiceName};

pub use compose::{ComposeFile, ComposeService, EnvFile, ImageBuild, Mount};
pub(crate) use connections::fields;
pub use connections::{Connection, FieldMapping, MappedService, NodeEntry, OperationEntry, Topology};
pub use controlled::SaidService;
pub use dockerfiles::Dockerfiles;
pub(crate) use names::ServiceNames;

/// A folder of services with a topology.
#[derive(Debug, Clone)]
pub struct UseCase {
    /// The folder's name.
    pub name: String,
    /// One per folder under `services/`, by name.
    pub services: Vec<Service>,
    /// What `connections.json` says.
    pub topology: Topology,
    /// What the compose file says; empty when there is none.
    pub compose: ComposeFile,
    /// The Dockerfiles that are there.
    pub dockerfiles: Dockerfiles,
    /// Every `.proto` below the use case's proto folders, by path below the use case.
    pub protos: ProtoTree,
}

/// A folder under `services/`.
#[derive(Debug, Clone)]
pub struct Service {
    /// The folder's name.
    pub folder: ServiceName,
    /// Paths in the [`ProtoTree`] of the protos in its `proto/` folder.
    pub protos: Vec<String>,
    /// Its service in the compose file: an index into [`ComposeFile::services`].
    pub compose: Option<usize>,
}

impl UseCase {
    /// The compose service of a folder, if it has one.
    pub fn compose_service(&self, service: &Service) -> Option<&ComposeService> {
        service.compose.and_then(|index| self.compose.services.get(index))
    }

    /// The name by which a service is known in the compose file, else its folder's.
    pub fn compose_name<'a>(&'a self, service: &'a Service) -> &'a ServiceName {
        self.compose_service(service).map_or(&service.folder, |compose| &compose.name)
    }

    /// The service that `name` means: a compose service's name, else a folder's, else either with `-` and
    /// `_` alike.
    pub fn find_service(&self, name: &str) -> Option<&Service> {
        ServiceNames::new(self).find(name).map(|position| &self.services[position])
    }
}
