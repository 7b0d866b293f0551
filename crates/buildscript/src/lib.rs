//! A use case as `build_and_tag.sh`, the script that builds its images and tags them as its package names them.
//!
//! Entry point: [`build_script`]. Deliberately absent: disk, any container engine, and running the script.

mod bases;
mod images;
mod quote;
mod script;

pub use script::{MARK, build_script};
