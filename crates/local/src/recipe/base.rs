//! The image that a Dockerfile begins with.

use std::fmt;

/// A Python version as far as a tag names it, such as `3.11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PythonVersion {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl PythonVersion {
    /// Reads `3.11`, `3.11.4` and `3.11-slim`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(|letter: char| !letter.is_ascii_digit());
        Some(Self { major: numbers.next()?.parse().ok()?, minor: numbers.next()?.parse().ok()? })
    }
}

/// Whether an image is one whose services run on this machine's Python: a Python image, also one of a house
/// of its own that says so in its name, or plain Debian or Ubuntu.
pub(super) fn is_played(image: &str) -> bool {
    let (name, _) = name_and_tag(image);
    name.contains("python") || name == "debian" || name == "ubuntu"
}

/// The Python that the image has, when its tag says.
pub(super) fn python_version(image: &str) -> Option<PythonVersion> {
    let (name, tag) = name_and_tag(image);
    tag.filter(|_| name.contains("python")).and_then(PythonVersion::read)
}

/// The last part of the image's name, and its tag.
fn name_and_tag(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or((last, None), |(name, tag)| (name, Some(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_and_debian_images_are_played() {
        for image in [
            "python",
            "python:3.11-slim",
            "docker.io/library/python@sha256:ab",
            "debian:12",
            "x:5000/my-python",
        ] {
            assert!(is_played(image), "{image}");
        }
        for image in ["rust:1-slim", "scratch", "python.example:5000/node:18", "alpine"] {
            assert!(!is_played(image), "{image}");
        }
    }

    #[test]
    fn the_version_is_read_from_the_tag() {
        let check = |image, expected: Option<&str>| {
            assert_eq!(
                python_version(image).map(|version| version.to_string()).as_deref(),
                expected,
                "{image}"
            );
        };
        check("python:3.9.2-slim", Some("3.9"));
        check("python:3.11-slim", Some("3.11"));
        check("python:3", None);
        check("python:slim", None);
        check("debian:12.1", None);
    }
}
