//! A package as the stack of containers that runs it: [`stack`] makes a [`ComposeFile`] of a pipeline and
//! [`ComposeFile::to_yaml`] its text.
//!
//! The file is a typed value, so that whoever starts containers without a compose tool starts the very same ones.
//! Deliberately absent: disk, any container engine, and what happens in a run.

mod file;
mod hosts;
mod image;
mod options;
mod stack;
mod yaml;

pub use file::{
    BindMount, Build, ComposeFile, Confinement, HealthCheck, Image, PublishedPort, Restart, Role, Service,
    Setting, Writing,
};
pub use image::{ImageName, ImageNameError};
pub use options::{Error, Orchestrator, StackAccess, StackOptions, StackToken};
pub use stack::{check_path, stack};
pub use yaml::MARK;
