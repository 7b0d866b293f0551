//! Whether the daemon sees this folder: it need not, when it runs on another machine or in another container.
//!
//! Asked with an empty image, made here, and a container that is never started: nothing is pulled and nothing runs.
//! Copying a file out of such a container reads it through its mounts.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::left::{Left, State};
use super::tool::{Answer, ask};
use super::verdict::Verdict;

/// An archive without entries.
const EMPTY_TAR: [u8; 1024] = [0; 1024];

/// Whether a file of the working folder can be read through a mount.
pub(super) async fn sight(patience: Duration) -> Verdict {
    let not_tried = |reason: String| Verdict::NotTried { reason };
    let folder = match std::env::current_dir().and_then(|folder| folder.canonicalize()) {
        Ok(folder) => folder,
        Err(error) => return not_tried(format!("this folder cannot be read: {error}")),
    };
    let marker = match marker(&folder) {
        Ok(marker) => marker,
        Err(error) => return not_tried(format!("no file can be made in this folder to look for: {error}")),
    };
    let mut left = Left::new(patience);
    let verdict = through(&mut left, &folder, marker.path(), patience).await;
    left.clear().await;
    verdict
}

/// A file with its own path in it, which is gone when this is dropped.
fn marker(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut marker = tempfile::Builder::new().prefix(".aieffect-doctor-").tempfile_in(folder)?;
    let path = marker.path().display().to_string();
    marker.write_all(path.as_bytes())?;
    marker.flush()?;
    Ok(marker)
}

async fn through(left: &mut Left, folder: &Path, marker: &Path, patience: Duration) -> Verdict {
    let (image, container) = (left.image.name.clone(), left.container.name.clone());
    left.image.state = State::Asked;
    match docker(&["import", "-", &image], &EMPTY_TAR, patience).await {
        Answer::Said(_) => left.image.state = State::Made,
        other => {
            let why = left.image.refused(&other, "docker import");
            return Verdict::NotTried { reason: format!("no image can be made to look with: {why}") };
        }
    }
    let mount = mount(folder);
    left.container.state = State::Asked;
    let create = ["create", "--name", &container, "--network", "none", "--mount", &mount, &image, "/none"];
    match docker(&create, b"", patience).await {
        Answer::Said(_) => left.container.state = State::Made,
        other => {
            let why = left.container.refused(&other, "docker create");
            return match why.contains("bind source path does not exist") {
                true => blind(folder),
                false => {
                    Verdict::NotTried { reason: format!("no container can be made to look with: {why}") }
                }
            };
        }
    }
    let name = PathBuf::from(marker.file_name().unwrap_or_default());
    let from = format!("{container}:/seen/{}", name.display());
    let copied = docker(&["cp", &from, "-"], b"", patience).await;
    match copied {
        Answer::Said(archive) if archive.contains(&marker.display().to_string()) => {
            Verdict::Fine { found: format!("the daemon sees {}", folder.display()) }
        }
        Answer::Said(_) => blind(folder),
        Answer::Refused(reason) if is_absence(&reason) => blind(folder),
        other => {
            let why = other.trouble("docker cp").unwrap_or_default();
            Verdict::NotTried { reason: format!("the folder cannot be looked into: {why}") }
        }
    }
}

fn blind(folder: &Path) -> Verdict {
    Verdict::missing(
        format!("the daemon does not see {}: it has a file system of its own", folder.display()),
        "use a daemon on this machine, or work in a folder that both sides share",
    )
}

fn is_absence(reason: &str) -> bool {
    ["Could not find the file", "no such file or directory", "No such container:path"]
        .iter()
        .any(|words| reason.contains(words))
}

/// The option's value is a line of comma-separated values, quoted as these are.
fn mount(folder: &Path) -> String {
    let source = format!("source={}", folder.display()).replace('"', "\"\"");
    format!("type=bind,\"{source}\",target=/seen,readonly")
}

async fn docker(arguments: &[&str], input: &[u8], patience: Duration) -> Answer {
    ask("docker", arguments, input, patience).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_with_commas_and_quotes_are_one_value() {
        assert_eq!(mount(Path::new("/a, \"b\"")), "type=bind,\"source=/a, \"\"b\"\"\",target=/seen,readonly");
    }

    #[test]
    fn the_marker_says_where_it_is_and_goes_away() {
        let dir = tempfile::tempdir().unwrap();
        let marker = marker(dir.path()).unwrap();
        let path = marker.path().to_owned();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), path.display().to_string());
        drop(marker);
        assert!(!path.exists());
    }
}
