//! Which file lies where: reads use cases and packages from disk or from a zip, and writes packages.
//!
//! Entry points: [`open`] takes whatever the path holds, [`open_use_case`] and [`open_package`] want one kind,
//! [`write_package`], [`write_zip`], [`unpack`], [`write_use_case`] and [`write_made`] write. Everything read is
//! untrusted: what is wrong with it is a finding, and nothing outside the given path is read. Deliberately absent:
//! descriptors, rendering, and Docker.

mod archive;
mod digest;
mod error;
mod made;
mod open;
mod pack;
mod package;
mod stack;
mod text;
mod unpack;
mod use_case;
mod walk;
mod write;

pub use digest::digest;
pub use error::Error;
pub use made::{Made, Mode, check_ours, write_made};
pub use open::{Opened, open, open_package, open_use_case};
pub use pack::write_zip;
pub use stack::{Shared, is_for_all, links, shared_folder};
pub use text::read_text;
pub use unpack::{Settings, folder_of, left_out, unpack};
pub use write::{Overwrite, write_package, write_use_case};
