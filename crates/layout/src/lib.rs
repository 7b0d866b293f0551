//! Which file lies where: reads use cases and packages from disk or from a zip, and writes packages.
//!
//! Entry points: [`open`] takes whatever the path holds, [`open_use_case`] and [`open_package`] want one kind,
//! [`write_package`], [`write_zip`] and [`write_use_case`] write. Everything read is untrusted: what is wrong with it is a
//! finding, and nothing outside the given path is read. Deliberately absent: descriptors, rendering, Docker,
//! and unpacking archives to disk.

mod archive;
mod error;
mod made;
mod open;
mod pack;
mod package;
mod text;
mod use_case;
mod walk;
mod write;

pub use error::Error;
pub use made::{Made, write_made};
pub use open::{Opened, open, open_package, open_use_case};
pub use pack::write_zip;
pub use text::read_text;
pub use write::{Overwrite, write_package, write_use_case};
