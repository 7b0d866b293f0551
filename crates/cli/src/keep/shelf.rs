//! Where the runs of a package or use case are kept: [`Shelf`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aieffect_orchestrator::ports::StoreError;
use aieffect_orchestrator::store::{Durability, SqliteStore};

/// Where runs are kept: in a folder of the user's choice, else in `.aieffect/store` of the package or use case, else
/// in that of the working directory.
pub(crate) struct Shelf {
    places: Vec<Place>,
}

enum Place {
    /// The store itself.
    Chosen(PathBuf),
    /// A folder that `.aieffect` goes into.
    Within(PathBuf),
}

impl Shelf {
    /// That of the package or use case at `path`.
    pub(crate) fn of(path: &Path, chosen: Option<&Path>) -> Self {
        if let Some(folder) = chosen.filter(|folder| !folder.as_os_str().is_empty()) {
            return Self { places: vec![Place::Chosen(folder.to_owned())] };
        }
        let beside = if path.is_file() { path.parent().unwrap_or(path) } else { path };
        let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
        Self { places: vec![Place::Within(beside.to_owned()), Place::Within(PathBuf::from("."))] }
    }

    /// Opens the store, which is made if need be.
    pub(crate) fn open(&self, durability: Durability) -> Result<SqliteStore, StoreError> {
        let mut failed = None;
        for place in &self.places {
            match place.make().and_then(|folder| SqliteStore::open(&folder, durability)) {
                Err(error @ StoreError::NotWritten { .. }) => failed = failed.or(Some(error)),
                opened => return opened,
            }
        }
        let nowhere = || StoreError::not_written(".", &io::ErrorKind::NotFound.into());
        Err(failed.unwrap_or_else(nowhere))
    }

    /// Opens the store, if there is one.
    pub(crate) fn existing(&self) -> Result<Option<SqliteStore>, StoreError> {
        for place in &self.places {
            if let Some(store) = SqliteStore::existing(&place.folder())? {
                return Ok(Some(store));
            }
        }
        Ok(None)
    }

    /// The folder that is looked into first.
    pub(crate) fn shown(&self) -> String {
        self.places.first().map(|place| place.folder().display().to_string()).unwrap_or_default()
    }
}

impl Place {
    fn folder(&self) -> PathBuf {
        match self {
            Self::Chosen(folder) => folder.clone(),
            Self::Within(folder) => folder.join(".aieffect").join("store"),
        }
    }

    fn make(&self) -> Result<PathBuf, StoreError> {
        let folder = self.folder();
        let made = fs::create_dir_all(&folder).and_then(|()| match self {
            Self::Chosen(_) => Ok(()),
            Self::Within(within) => ignored(&within.join(".aieffect")),
        });
        made.map_err(|error| StoreError::not_written(&folder, &error))?;
        Ok(folder)
    }
}

/// Nothing in the folder is git's.
fn ignored(folder: &Path) -> io::Result<()> {
    let ignore = folder.join(".gitignore");
    if ignore.exists() { Ok(()) } else { fs::write(ignore, "*\n") }
}
