//! Writing a package as a zip.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use aieffect_blueprint::PackageFiles;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::write::{parent_of, stays_inside};
use crate::{Error, Overwrite, archive};

/// What is only of interest where the package was made.
const LEFT_OUT: &str = "generation_metadata.json";

/// Writes the package to the zip `path`, without its generation metadata.
///
/// The same files give the same bytes: names in order, and every time 1980-01-01. The archive takes its name
/// only when it is whole. With [`Overwrite::Replace`] another zip is replaced, but no file of another kind.
pub fn write_zip(files: &PackageFiles, path: &Path, overwrite: Overwrite) -> Result<(), Error> {
    if let Some(name) = files.0.keys().find(|name| !stays_inside(name)) {
        return Err(Error::UnsafeName { name: name.clone() });
    }
    let taken = path.symlink_metadata().is_ok();
    if taken && (overwrite == Overwrite::Refuse || path.is_dir()) {
        return Err(Error::AlreadyThere { path: path.to_owned() });
    }
    if taken && !archive::begins_as_one(path) {
        return Err(Error::NotReplaced { path: path.to_owned() });
    }
    let bytes = pack(files).map_err(|source| Error::Pack { path: path.to_owned(), source })?;
    let parent = parent_of(path);
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut staged =
        builder.prefix(".aieffect-export-").tempfile_in(parent).map_err(Error::io("write to", parent))?;
    staged.write_all(&bytes).map_err(Error::io("write", path))?;
    staged.as_file().sync_all().map_err(Error::io("write", path))?;
    staged.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

fn pack(files: &PackageFiles) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files.0.iter().filter(|(name, _)| *name != LEFT_OUT) {
        writer.start_file(name.as_str(), options)?;
        writer.write_all(text.as_bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}
