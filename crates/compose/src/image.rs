//! Image names that an engine takes: [`ImageName`].

use std::fmt;

/// A name in the grammar of image references (`distribution/reference`): `[host[:port]/]path[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageName(String);

/// Why a text is no image name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageNameError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// The part before tag and digest.
    #[error(
        "a name is lower-case letters, digits, and single `.`, `_` or `-` between, in parts joined by `/`"
    )]
    Name,
    /// The part behind the last colon.
    #[error("a tag is up to 128 letters, digits, `_`, `.` or `-`")]
    Tag,
    /// The part behind the `@`.
    #[error("a digest looks like `sha256:` and 64 hexadecimal digits")]
    Digest,
}

impl ImageName {
    /// Reads a name as documents write it: platforms put `https://` before the registry, which engines refuse, so
    /// that is taken away.
    pub fn new(text: &str) -> Result<Self, ImageNameError> {
        let text = text.trim();
        let name =
            ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        if name.is_empty() {
            return Err(ImageNameError::Empty);
        }
        let (rest, digest) = name.split_once('@').map_or((name, None), |(rest, digest)| (rest, Some(digest)));
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(ImageNameError::Digest);
        }
        // A colon before the last slash is a port's.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (path, tag) = match rest[last..].find(':') {
            Some(colon) => (&rest[..last + colon], Some(&rest[last + colon + 1..])),
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ImageNameError::Tag);
        }
        if !is_path(path) {
            return Err(ImageNameError::Name);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_path(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let has_host = parts.len() > 1 && (parts[0].contains(['.', ':']) || parts[0] == "localhost");
    if has_host && !is_host(parts.remove(0)) {
        return false;
    }
    let looks_like_an_id = path.len() == 64 && path.bytes().all(|byte| byte.is_ascii_hexdigit());
    path.len() <= 255 && !looks_like_an_id && parts.into_iter().all(is_component)
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let label = |label: &str| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(inside)
    };
    let v6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let named = match v6 {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.split('.').all(label),
    };
    named && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Runs of small letters and digits, joined by `.`, `_`, `__` or hyphens.
fn is_component(part: &str) -> bool {
    let alphanumeric = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let joints = part.split(alphanumeric);
    let joined =
        |joint: &str| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-');
    part.starts_with(alphanumeric) && part.ends_with(alphanumeric) && joints.into_iter().all(joined)
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let allowed = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
    tag.bytes().next().is_some_and(word) && tag.len() <= 128 && tag.bytes().all(allowed)
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let named = !algorithm.is_empty()
        && algorithm.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let long = if algorithm == "sha256" { hex.len() == 64 } else { hex.len() >= 32 };
    named && long && hex.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_engines_take_are_taken() {
        let hex = "0123456789abcdef".repeat(4);
        for name in [
            "a",
            "case-meter:latest",
            "my__case--x.y_z:1.0-RC_1",
            "registry.example.org:5000/org/meter",
            "localhost/x:1",
            "[::1]:5000/x",
            "Registry.Example.org/x",
            &format!("x@sha256:{hex}"),
            &format!("x:1@sha256:{hex}"),
        ] {
            assert_eq!(ImageName::new(name).map(|image| image.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn what_platforms_put_before_the_registry_is_taken_away() {
        let image = ImageName::new(" https://cicd.example.org:7444/x/y:v1 ").unwrap();
        assert_eq!(image.as_str(), "cicd.example.org:7444/x/y:v1");
    }

    #[test]
    fn names_that_engines_refuse_are_refused() {
        let check = |text: &str, expected: ImageNameError| assert_eq!(ImageName::new(text), Err(expected));
        check("", ImageNameError::Empty);
        check("  ", ImageNameError::Empty);
        check("https://", ImageNameError::Empty);
        for text in ["A", "a b", "a\nb", "$X", "${X}", "-a", "a-", "a..b", "a/", "/a", "a//b", "a b.c/d", "ä"]
        {
            check(text, ImageNameError::Name);
        }
        check(&"0".repeat(64), ImageNameError::Name);
        check("registry.org:x/a", ImageNameError::Name);
        check("a:", ImageNameError::Tag);
        check("a:-x", ImageNameError::Tag);
        check("a:${TAG}", ImageNameError::Tag);
        check("a@sha256:12", ImageNameError::Digest);
        check("a@", ImageNameError::Digest);
    }

    proptest! {
        #[test]
        fn whatever_is_taken_means_nothing_else_to_a_compose_file(text in "\\PC{0,12}|[-a-z:/@.$_{}0-9\n \\[\\]]{0,16}") {
            if let Ok(image) = ImageName::new(&text) {
                let quiet = |letter: char| letter.is_ascii_alphanumeric() || ":/@.-_[]".contains(letter);
                prop_assert!(image.as_str().chars().all(quiet) && !image.as_str().is_empty());
            }
        }
    }
}
