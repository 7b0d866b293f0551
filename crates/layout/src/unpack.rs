//! A package's zip as a folder beside it.
//!
//! Only documents and protos are written, never what else a stranger's archive holds: a compose file, an `.env` or a
//! program beside them would be taken for the user's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aieffect_blueprint::{Findings, Package, PackageFiles};

use crate::{Error, Overwrite, archive, package, write_package};

/// Whose `execution.json` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings {
    /// The package's.
    OfPackage,
    /// Another, which the caller puts into the folder then.
    Others,
}

/// Writes `package`, which was read from the zip at `path`, to a folder of the same name without its ending, and gives
/// that back. A folder that is read as this very package already is left as it is, with whatever else it holds; any
/// other needs [`Overwrite::Replace`].
pub fn unpack(
    package: &Package,
    settings: Settings,
    path: &Path,
    overwrite: Overwrite,
) -> Result<PathBuf, Error> {
    let dir = folder_of(path);
    let files = files(package, settings);
    if dir.symlink_metadata().is_ok() {
        let Some(difference) = difference(&files, settings, &dir) else { return Ok(dir) };
        if overwrite == Overwrite::Refuse {
            return Err(Error::OtherPackage { path: dir, archive: path.to_owned(), difference });
        }
    }
    write_package(&files, &dir, overwrite)?;
    Ok(dir)
}

/// Where what is read from the folder is not what is wanted: a file that one of them lacks is as bad as one that differs,
/// since what was checked is in the archive, and what runs is the folder.
fn difference(wanted: &PackageFiles, settings: Settings, dir: &Path) -> Option<String> {
    let mut findings = Findings::new();
    let there = package::read(dir, &mut findings).filter(|_| !findings.has_errors());
    let Some(there) = there else { return Some("it is no package that can be read".to_owned()) };
    let (there, wanted) = (files(&there, settings).0, &wanted.0);
    let names: BTreeSet<&String> = there.keys().chain(wanted.keys()).collect();
    names.into_iter().find_map(|name| match (there.get(name), wanted.get(name)) {
        (Some(there), Some(wanted)) if there == wanted => None,
        (Some(_), None) => Some(format!("`{name}` is only in the folder")),
        (None, _) => Some(format!("`{name}` is only in the archive")),
        (Some(_), Some(_)) => Some(format!("`{name}` differs")),
    })
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

fn files(package: &Package, settings: Settings) -> PackageFiles {
    let execution = package.execution.as_ref().filter(|_| settings == Settings::OfPackage);
    let documents = [
        ("blueprint.json", Some(&package.blueprint)),
        ("dockerinfo.json", Some(&package.dockerinfo)),
        ("execution.json", execution),
    ];
    let documents = documents.into_iter().filter_map(|(name, document)| Some((name, document?.source())));
    let texts = documents.chain(package.protos.iter());
    PackageFiles(texts.map(|(name, source)| (name.to_owned(), source.text().to_owned())).collect())
}
