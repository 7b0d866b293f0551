//! The mounts of a compose service, in a service's tree instead of a container.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use aieffect_blueprint::Mount;

use crate::container_path::below;
use crate::environment::Variables;
use crate::run_folder::RunFolder;

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The use case's `data`, or something in it: the run's data folder stands for it.
    Data(PathBuf),
    /// Something else on this machine, itself.
    Path(PathBuf),
    /// A named volume: a folder of the run, shared by the services that name it.
    Volume(String),
}

/// A mount that is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedMount {
    pub(crate) source: Source,
    /// Absolute in the container.
    pub(crate) target: String,
}

impl PlannedMount {
    /// Reads a mount of a use case that lies in `root`.
    pub(crate) fn new(mount: &Mount, root: &Path, variables: &Variables) -> Self {
        let source = variables.fill(&mount.source);
        let target = crate::container_path::join("/", &variables.fill(&mount.target));
        let is_path = source.starts_with(['.', '/', '~']) || source.contains('/');
        let source = if is_path { of_path(&source, root) } else { Source::Volume(source) };
        Self { source, target }
    }

    /// Puts a link to what is mounted into the tree in `work`; it hides what the image has there.
    pub(crate) fn link(&self, work: &Path, run: &RunFolder) -> io::Result<()> {
        let source = self.source.here(run)?;
        let link = below(work, &self.target);
        if link == work {
            return Ok(());
        }
        fs::create_dir_all(link.parent().unwrap_or(work))?;
        match fs::symlink_metadata(&link) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&link)?,
            Ok(_) => fs::remove_file(&link)?,
            Err(_) => {}
        }
        std::os::unix::fs::symlink(source, link)
    }
}

impl Source {
    /// Where it lies; a folder that is not there yet is made, as Docker does, but never in the use case.
    fn here(&self, run: &RunFolder) -> io::Result<PathBuf> {
        let (path, stand_in) = match self {
            // Joined part by part, since an empty rest would end the link with a slash.
            Self::Data(rest) => (run.data().iter().chain(rest).collect(), None),
            Self::Path(path) => (path.clone(), Some(run.path().join("volumes").join(flat(path)))),
            Self::Volume(name) => (run.path().join("volumes").join(flat(Path::new(name))), None),
        };
        if path.exists() {
            return Ok(path);
        }
        let path = stand_in.unwrap_or(path);
        fs::create_dir_all(&path)?;
        Ok(path)
    }
}

fn of_path(source: &str, root: &Path) -> Source {
    let home =
        source.strip_prefix("~/").and_then(|rest| Some(PathBuf::from(std::env::var_os("HOME")?).join(rest)));
    let path = normal(&root.join(home.as_deref().unwrap_or(Path::new(source))));
    match path.strip_prefix(normal(&root.join("data"))) {
        Ok(rest) => Source::Data(rest.to_owned()),
        Err(_) => Source::Path(path),
    }
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// A path as one name.
fn flat(path: &Path) -> String {
    path.to_string_lossy().trim_matches('/').replace(['/', '\\'], "_").replace("..", "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_folder::DataSource;

    fn planned(source: &str) -> Source {
        let mount = Mount { source: source.to_owned(), target: "/app/data".to_owned() };
        PlannedMount::new(&mount, Path::new("/case"), &Variables::default()).source
    }

    #[test]
    fn the_use_cases_data_is_told_from_other_paths_and_volumes() {
        assert_eq!(planned("./data"), Source::Data(PathBuf::new()));
        assert_eq!(planned("data/"), Source::Data(PathBuf::new()));
        assert_eq!(planned("/case/x/../data/in"), Source::Data("in".into()));
        assert_eq!(planned("./models"), Source::Path("/case/models".into()));
        assert_eq!(planned("../shared"), Source::Path("/shared".into()));
        assert_eq!(planned("cache"), Source::Volume("cache".to_owned()));
    }

    #[test]
    fn a_mount_hides_what_the_image_has_there() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        fs::write(root.path().join("data/mine.csv"), "").unwrap();
        let data = root.path().join("data");
        let run = RunFolder::create(root.path(), "r", DataSource::CopyOf(&data)).unwrap();
        let work = run.work("a");
        fs::create_dir_all(work.join("app/data")).unwrap();
        fs::write(work.join("app/data/image.csv"), "").unwrap();
        let mount = Mount { source: "./data".to_owned(), target: "/app/data".to_owned() };
        PlannedMount::new(&mount, root.path(), &Variables::default()).link(&work, &run).unwrap();
        assert!(work.join("app/data/mine.csv").exists());
        assert!(!work.join("app/data/image.csv").exists());
        assert_eq!(work.join("app/data").canonicalize().unwrap(), run.data());
    }
}
