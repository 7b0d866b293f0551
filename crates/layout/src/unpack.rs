//! A package's zip as a folder beside it.
//!
//! Only documents and protos are written, never what else a stranger's archive holds: a compose file, an `.env` or a
//! program beside them would be taken for the user's own.

use std::fs;
use std::path::{Path, PathBuf};

use aieffect_blueprint::{Package, PackageFiles};

use crate::{Error, Overwrite, archive, write_package};

/// Writes `package`, which was read from the zip at `path`, to a folder of the same name without its ending, and gives
/// that back. A folder that has the same files already is left as it is, with whatever else it holds; any other needs
/// [`Overwrite::Replace`].
pub fn unpack(package: &Package, path: &Path, overwrite: Overwrite) -> Result<PathBuf, Error> {
    let dir = folder_of(path);
    let files = files(package);
    let holds =
        |(name, text): (&String, &String)| fs::read(dir.join(name)).is_ok_and(|is| is == text.as_bytes());
    if files.0.iter().all(holds) {
        return Ok(dir);
    }
    if overwrite == Overwrite::Refuse && dir.symlink_metadata().is_ok() {
        return Err(Error::OtherPackage { path: dir, archive: path.to_owned() });
    }
    write_package(&files, &dir, overwrite)?;
    Ok(dir)
}

/// Where [`unpack`] writes the zip at `path` to.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.extension() {
        Some(_) => path.with_extension(""),
        None => path.with_extension("package"),
    }
}

/// The files of a package's zip that [`unpack`] does not write, by their names.
pub fn left_out(path: &Path) -> Vec<String> {
    archive::passed_over(path)
}

fn files(package: &Package) -> PackageFiles {
    let documents = [
        ("blueprint.json", Some(&package.blueprint)),
        ("dockerinfo.json", Some(&package.dockerinfo)),
        ("execution.json", package.execution.as_ref()),
    ];
    let documents = documents.into_iter().filter_map(|(name, document)| Some((name, document?.source())));
    let texts = documents.chain(package.protos.iter());
    PackageFiles(texts.map(|(name, source)| (name.to_owned(), source.text().to_owned())).collect())
}
