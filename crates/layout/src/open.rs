//! Telling a use case from a package, and opening either.

use std::path::{Path, PathBuf};

use aieffect_blueprint::{Code, Diagnostic, Findings, Package, PackageFiles, UseCase};

use crate::{Error, archive, package, use_case};

/// What a path held, and the path itself: a folder, or a package's zip.
#[derive(Debug, Clone)]
pub enum Opened {
    /// A source folder.
    UseCase(Box<UseCase>, PathBuf),
    /// A package's folder or zip.
    Package(Box<Package>, PathBuf),
}

/// Opens a use case or a package, whichever `path` holds.
///
/// What can be read is there also when there are findings; `None` when a document is missing or broken, or
/// the path is neither. An error only when nothing is there.
pub fn open(path: &Path) -> Result<(Option<Opened>, Findings), Error> {
    let mut findings = Findings::new();
    let opened = match kind(path)? {
        Kind::UseCase => use_case::read(path, &mut findings)
            .map(|use_case| Opened::UseCase(Box::new(use_case), path.to_owned())),
        Kind::PackageFolder => package::read(path, &mut findings)
            .map(|package| Opened::Package(Box::new(package), path.to_owned())),
        Kind::Archive => archive::read(path, &mut findings)
            .map(|package| Opened::Package(Box::new(package), path.to_owned())),
        Kind::Neither => {
            findings.push(neither(path));
            None
        }
    };
    Ok((opened, findings))
}

/// Opens a use case; a package is an error.
pub fn open_use_case(path: &Path) -> Result<(Option<UseCase>, Findings), Error> {
    if matches!(kind(path)?, Kind::PackageFolder | Kind::Archive) {
        return Err(Error::NotAUseCase { path: path.to_owned() });
    }
    let (opened, findings) = open(path)?;
    let use_case = match opened {
        Some(Opened::UseCase(use_case, _)) => Some(*use_case),
        Some(Opened::Package(..)) | None => None,
    };
    Ok((use_case, findings))
}

/// Opens a package; a use case is an error.
pub fn open_package(path: &Path) -> Result<(Option<Package>, Findings), Error> {
    if kind(path)? == Kind::UseCase {
        return Err(Error::NotAPackage { path: path.to_owned() });
    }
    let (opened, findings) = open(path)?;
    let package = match opened {
        Some(Opened::Package(package, _)) => Some(*package),
        Some(Opened::UseCase(..)) | None => None,
    };
    Ok((package, findings))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    UseCase,
    PackageFolder,
    Archive,
    Neither,
}

fn kind(path: &Path) -> Result<Kind, Error> {
    if !path.try_exists().map_err(Error::io("open", path))? {
        return Err(Error::NotFound { path: path.to_owned() });
    }
    Ok(if path.is_file() {
        if archive::is_one(path) { Kind::Archive } else { Kind::Neither }
    } else if is_use_case(path) {
        Kind::UseCase
    } else if is_package(path) {
        Kind::PackageFolder
    } else {
        Kind::Neither
    })
}

/// Whether a folder has what only a use case has.
pub(crate) fn is_use_case(path: &Path) -> bool {
    path.join("connections.json").exists() || path.join("services").is_dir() && !is_package(path)
}

/// Whether a folder has what only a package has.
pub(crate) fn is_package(path: &Path) -> bool {
    let documents = ["blueprint.json", "dockerinfo.json"];
    documents.iter().any(|name| path.join(name).exists()) || path.join(PackageFiles::PROTO_FOLDER).is_dir()
}

fn neither(path: &Path) -> Diagnostic {
    let shown = path.display();
    Diagnostic::error(Code::NotAUseCaseOrPackage, format!("`{shown}` is neither a use case nor a package"))
        .help("a use case has `connections.json` and `services/`; a package has `blueprint.json`, `dockerinfo.json` and `microservice/`")
}

/// The name of the folder that `path` means, also when it is `.` or ends in `..`.
pub(crate) fn folder_name(path: &Path) -> String {
    let full = path.canonicalize();
    let name = full.as_deref().unwrap_or(path).file_name();
    name.map_or_else(|| "pipeline".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The finding for a document that must be there.
pub(crate) fn missing(what: &str, name: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::MissingDocument, format!("{what} has no `{name}`")).help(help)
}
