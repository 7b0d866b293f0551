//! Files that a user asked for by name.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

use crate::exit::{Exit, Failure};

/// Writes the file as a whole or not at all: a temporary one beside it takes its place.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = stage(path, bytes).with_context(|| format!("`{}` cannot be written", path.display()));
    written.map_err(|error| Failure::new(Exit::Internal, error))
}

fn stage(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As any other new file: who may read it is up to the umask.
    let permissions = Permissions::from_mode(0o666);
    let mut temporary =
        tempfile::Builder::new().permissions(permissions).prefix(".aieffect-").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(path)?;
    Ok(())
}
