//! Starts a use case's services as local processes.
//!
//! [`LocalPlan::new`] says how each service is to be started, with all findings; [`LocalPlan::start`] does it
//! and gives [`LocalServices`]. Every process hangs under a small supervisor, which is [`supervise`] in a
//! re-execution of the binary. Deliberately absent: runs and their events, REST, Docker, and how output looks
//! on a terminal.

mod cache;
mod container_path;
mod contents;
mod context;
mod dockerfile;
mod endpoints;
mod environment;
mod error;
mod http;
mod job;
mod lock;
mod mount;
mod output;
mod pattern;
mod plan;
mod played;
mod ports;
mod python;
mod recipe;
mod run_folder;
mod services;
mod steps;
mod substitute;
mod supervisor;
mod tree;
mod venv;

pub use cache::CacheFolder;
pub use endpoints::LocalEndpoints;
pub use error::Error;
pub use job::{Status, Supervisor};
pub use output::{LastLines, Line, Sink};
pub use plan::{LocalPlan, StartOptions};
pub use ports::{PortError, PortLease};
pub use run_folder::{DataSource, RunFolder, RunFolderError};
pub use services::{Ended, LocalServices, Output};
pub use supervisor::supervise;
