//! What keeps a path from being used at all; mistakes inside the files are findings instead.

use std::io;
use std::path::{Path, PathBuf};

/// Why a path could not be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("`{path}` does not exist")]
    NotFound {
        /// What was given.
        path: PathBuf,
    },
    /// A package was given where a use case is needed.
    #[error("`{path}` is a package, not a use case")]
    NotAUseCase {
        /// What was given.
        path: PathBuf,
    },
    /// A use case was given where a package is needed.
    #[error("`{path}` is a use case, not a package")]
    NotAPackage {
        /// What was given.
        path: PathBuf,
    },
    /// The place to write to is taken.
    #[error("`{path}` is already there")]
    AlreadyThere {
        /// Where to write.
        path: PathBuf,
    },
    /// The place for a new folder holds something.
    #[error("`{path}` is there already, and not empty")]
    NotEmpty {
        /// Where to write.
        path: PathBuf,
    },
    /// The place to write to holds something that an export must not replace.
    #[error("`{path}` is not a package, so it is not replaced")]
    NotReplaced {
        /// Where to write.
        path: PathBuf,
    },
    /// The place to write to holds a file that somebody else wrote.
    #[error("`{path}` is already there, and `aieffect` did not make it")]
    NotOurs {
        /// Where to write.
        path: PathBuf,
    },
    /// An archive is to be unpacked where something else is.
    #[error("`{path}` is already there, and holds something else than `{archive}`: {difference}")]
    OtherPackage {
        /// Where to unpack to.
        path: PathBuf,
        /// What was to be unpacked.
        archive: PathBuf,
        /// In which file they differ.
        difference: String,
    },
    /// A file would lie outside its folder.
    #[error("the file name `{name}` leaves its folder")]
    UnsafeName {
        /// The name, below the folder.
        name: String,
    },
    /// The archive could not be put together.
    #[error("`{path}` could not be packed")]
    Pack {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: zip::result::ZipError,
    },
    /// The system refused.
    #[error("could not {action} `{path}`")]
    Io {
        /// What was tried, as an infinitive.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => {
                Some("give the folder of a use case, or a package as a folder or zip".into())
            }
            Self::NotAUseCase { .. } => {
                Some("give the folder that the package was exported from: it has `connections.json`".into())
            }
            Self::NotAPackage { path } => Some(format!(
                "run `aieffect export {} <output dir>` first, and give that folder",
                path.display()
            )),
            Self::OtherPackage { path, .. } => Some(format!(
                "give the folder itself to take what it holds, {}; or add `--overwrite` to replace its documents and protos",
                path.display()
            )),
            Self::AlreadyThere { .. } | Self::NotOurs { .. } => {
                Some("add `--overwrite` to replace it".into())
            }
            Self::NotEmpty { .. } => Some("give a path that is new, or an empty folder".into()),
            Self::NotReplaced { .. } => Some("give a path that is new, an empty folder, or a package".into()),
            Self::UnsafeName { .. } | Self::Pack { .. } | Self::Io { .. } => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
