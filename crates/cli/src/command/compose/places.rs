//! Where a stack's files lie, and how the compose file says it.

use std::path::{Path, PathBuf};

use aieffect_blueprint::{Findings, PackageFiles};
use aieffect_compose::ComposeFile;
use aieffect_layout::{Made, Mode, Overwrite, Shared};

use super::binary::Binary;
use super::context::{BINARY, CONTEXT, Context};
use crate::exit::{Exit, Failure};
use crate::paths::way;
use crate::terminal;

const DATA: &str = "data";
pub(super) const RESULTS: &str = "results";

/// The places of one stack.
pub(crate) struct Places {
    /// The compose file.
    pub(crate) file: PathBuf,
    /// Its folder.
    folder: PathBuf,
    /// The package's.
    pub(crate) package: PathBuf,
}

impl Places {
    /// Of a package's folder, with the compose file in it unless it is to lie elsewhere.
    pub(crate) fn new(package: PathBuf, output: Option<PathBuf>) -> Result<Self, Failure> {
        let file = output.unwrap_or_else(|| package.join("docker-compose.yml"));
        if file.file_name().is_none() || file.is_dir() {
            let text = format!("`{}` is a folder, not a file to write to", file.display());
            return Err(Failure::text(Exit::WrongUsage, text));
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        for path in [&folder, &package] {
            aieffect_compose::check_path(&real(path).to_string_lossy()).map_err(unsayable)?;
        }
        Ok(Self { file, folder, package })
    }

    /// A place as seen from the compose file; compose tools take a text without a leading dot for a volume's name.
    pub(crate) fn seen(&self, path: &Path) -> String {
        // Links are followed first: a tool goes `..` from where the folder really is.
        let way = way(&real(&self.folder), &real(path));
        match way.as_str() {
            "" => ".".to_owned(),
            ".." => way,
            _ if way.starts_with("../") => way,
            _ => format!("./{way}"),
        }
    }

    /// The compose file's own place, from the root and without links.
    pub(super) fn full_file(&self) -> PathBuf {
        real(&self.folder).join(self.file.file_name().unwrap_or_default())
    }

    /// The folder `.orchestrator` with what this stack needs in it.
    pub(super) fn context<'a>(&self, stack: &ComposeFile, binary: Option<&'a Binary>) -> Context<'a> {
        Context::new(&self.folder, stack, binary)
    }

    pub(crate) fn seen_package(&self) -> String {
        self.seen(&self.package)
    }

    pub(crate) fn seen_context(&self) -> String {
        format!("./{CONTEXT}")
    }

    pub(crate) fn seen_binary(&self) -> String {
        format!("./{CONTEXT}/{BINARY}")
    }

    pub(crate) fn results(&self) -> PathBuf {
        self.package.join(RESULTS)
    }

    /// Whether an orchestrator that runs as another user can read the package's own files.
    pub(crate) fn package_is_for_all(&self) -> bool {
        let own = PackageFiles::DOCUMENTS.map(|name| (name, 0)).into_iter();
        let own = own.chain([("", 0), (PackageFiles::PROTO_FOLDER, usize::MAX)]);
        own.into_iter().all(|(name, depth)| aieffect_layout::is_for_all(&self.package.join(name), depth))
    }

    /// Findings about links that containers would follow, or we when writing.
    pub(crate) fn links(&self) -> Findings {
        let mut found = aieffect_layout::links(&self.package, &[DATA, RESULTS]);
        found.extend(aieffect_layout::links(&self.folder, &[CONTEXT]));
        found
    }

    /// Writes the `execution.json` that was read `from` there.
    pub(crate) fn write_execution(&self, text: &str, from: &str) -> Result<(), Failure> {
        let made = Made { bytes: text.as_bytes(), mark: None, mode: Mode::Usual(0o666) };
        aieffect_layout::write_made(&made, &self.execution(), Overwrite::Replace)?;
        terminal::say(&format!("wrote {}, a copy of {from}", self.execution().display()));
        Ok(())
    }

    fn execution(&self) -> PathBuf {
        self.package.join("execution.json")
    }

    /// Makes the folders that the containers share. Gives back those that were there and that not every user can write
    /// to.
    pub(crate) fn make_shared(&self, stack: &ComposeFile) -> Result<Vec<PathBuf>, Failure> {
        let results = stack.orchestrator().map(|_| RESULTS);
        let mut not_shared = Vec::new();
        for path in [Some(DATA), results].into_iter().flatten().map(|name| self.package.join(name)) {
            if aieffect_layout::shared_folder(&path)? == Shared::NotByAll {
                not_shared.push(path);
            }
        }
        Ok(not_shared)
    }
}

fn unsayable(error: aieffect_compose::Error) -> Failure {
    Failure::new(Exit::WrongUsage, error).help(
        "take a folder of another name; Compose 1.29 puts the whole path before each mount's, with a colon between",
    )
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, real)) = there else { return path };
    match path.strip_prefix(above) {
        // Joining nothing would add a slash.
        Ok(below) if !below.as_os_str().is_empty() => real.join(below),
        Ok(_) | Err(_) => real,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn places_are_seen_from_the_compose_file() {
        let dir = tempfile::tempdir().unwrap();
        let check = |package: &str, file: Option<&str>, expected: &str| {
            let file = file.map(|file| dir.path().join(file));
            let places = Places::new(dir.path().join(package), file).unwrap();
            assert_eq!(places.seen_package(), expected);
        };
        check("p", None, ".");
        check("p", Some("x.yml"), "./p");
        check("p", Some("new/x.yml"), "../p");
        check("p", Some("p/new/x.yml"), "..");
        fs::create_dir_all(dir.path().join("deep/down")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("deep/down"), dir.path().join("link")).unwrap();
        check("p", Some("link/x.yml"), "../../p");
        check("p", Some("link/new/x.yml"), "../../../p");
    }

    #[test]
    fn a_path_that_cannot_be_mounted_is_refused_wherever_the_letter_stands() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |package: &str, file: Option<&str>| {
            let file = file.map(|file| dir.path().join(file));
            Places::new(dir.path().join(package), file).is_err()
        };
        assert!(!refused("p", None) && !refused("p", Some("x:y.yml")));
        assert!(refused("a:b/p", None));
        assert!(refused("p", Some("a:b/x.yml")));
        assert!(refused("a:b/p", Some("x.yml")));
        assert!(refused("a\u{2028}b/p", None));
    }
}
