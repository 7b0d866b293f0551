//! Files as texts: UTF-8, within a size, and plain files only.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Label, SourceText};

/// The largest document that is taken, in bytes.
pub(crate) const DOCUMENT_LIMIT: u64 = 16 << 20;
/// The largest proto that is taken, in bytes.
pub(crate) const PROTO_LIMIT: u64 = 4 << 20;

/// Reads a text file as a source that findings name `name`; for files that are given beside a use case or
/// package, such as `--execution FILE`.
///
/// The finding says why it cannot be: not there, no plain file, over 16 MiB, or not UTF-8.
pub fn read_text(path: &Path, name: &str) -> Result<Arc<SourceText>, Diagnostic> {
    read_limited(path, name, DOCUMENT_LIMIT)
}

pub(crate) fn read_limited(path: &Path, name: &str, limit: u64) -> Result<Arc<SourceText>, Diagnostic> {
    let unreadable =
        |why: String| Diagnostic::error(Code::Unreadable, format!("`{name}` cannot be read: {why}"));
    let bytes = read_bytes(path, limit).map_err(|error| unreadable(error.to_string()))?;
    match bytes {
        Some(bytes) => decode(name, bytes),
        None => Err(too_large(name, limit)),
    }
}

pub(crate) fn too_large(name: &str, limit: u64) -> Diagnostic {
    Diagnostic::error(Code::Unreadable, format!("`{name}` is larger than {} MiB", limit >> 20))
        .help("files of a use case or package are texts of a few kilobytes; is this the right one?")
}

/// The bytes of a plain file, `None` when there are more than `limit`.
pub(crate) fn read_bytes(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Asked before opening: opening a named pipe would wait for a writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// The text of a file, without a byte order mark.
pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<SourceText>, Diagnostic> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceText::new(name, text.strip_prefix('\u{feff}').unwrap_or(&text))),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let utf16 =
                error.as_bytes().starts_with(&[0xff, 0xfe]) || error.as_bytes().starts_with(&[0xfe, 0xff]);
            let shown = String::from_utf8_lossy(error.as_bytes());
            let help = if utf16 { "it looks like UTF-16; save it as UTF-8" } else { "save it as UTF-8" };
            Err(Diagnostic::error(Code::NotUtf8, format!("`{name}` is not UTF-8 text"))
                .at(Label::new(&SourceText::new(name, shown), at..at, "the first byte that is not"))
                .help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decode("a", b"\xef\xbb\xbf{}".to_vec()).unwrap().text(), "{}");
    }

    #[test]
    fn the_first_byte_that_is_not_utf8_is_pointed_at() {
        let finding = decode("a.json", b"{\n\"a\": \"\xe4\"}".to_vec()).unwrap_err();
        assert_eq!(finding.to_string(), "error[AE0003] a.json:2:7: `a.json` is not UTF-8 text");
        let finding = decode("a.json", b"\xff\xfe{\0}\0".to_vec()).unwrap_err();
        assert_eq!(finding.help.as_deref(), Some("it looks like UTF-16; save it as UTF-8"));
    }

    #[test]
    fn what_is_no_plain_file_or_too_large_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_text(dir.path(), "d").unwrap_err().code, Code::Unreadable);
        assert_eq!(read_text(&dir.path().join("x"), "x").unwrap_err().code, Code::Unreadable);
        let file = dir.path().join("large");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read_limited(&file, "large", 4).unwrap_err().code, Code::Unreadable);
        assert_eq!(read_limited(&file, "large", 5).unwrap().text(), "12345");
    }
}
