//! A package's zip, read wholly in memory and never unpacked to disk.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use aieffect_blueprint::{Code, Diagnostic, Findings, Package, PackageFiles, SourceText};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::package::{READ, Texts};
use crate::text::{DOCUMENT_LIMIT, PROTO_LIMIT, decode, read_bytes, too_large};
use crate::walk;

/// Bytes of the archive itself.
const ARCHIVE_LIMIT: u64 = 64 << 20;
/// Entries in it.
const ENTRY_LIMIT: usize = 10_000;
/// Bytes of all entries once unpacked.
const UNPACKED_LIMIT: u64 = 256 << 20;
/// How many times larger an entry may become, unless it stays small.
const RATIO_LIMIT: u64 = 200;
/// What counts as small.
const SMALL: u64 = 1 << 20;

/// Whether a file is meant to be a zip: by its name, or by how it begins.
pub(crate) fn is_one(path: &Path) -> bool {
    let named = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    named || begins_as_one(path)
}

/// Whether a file begins as zips do.
pub(crate) fn begins_as_one(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && (&start == b"PK\x03\x04" || &start == b"PK\x05\x06")
}

/// Reads a package's zip. `None` when it is none, or a document that is needed is missing or broken.
pub(crate) fn read(path: &Path, findings: &mut Findings) -> Option<Package> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = match read_bytes(path, ARCHIVE_LIMIT) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            findings.push(too_large(&file_name, ARCHIVE_LIMIT));
            return None;
        }
        Err(error) => {
            findings.push(bad(&error.to_string()));
            return None;
        }
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    from_bytes(bytes, name, findings)
}

/// Reads a package from the bytes of a zip.
fn from_bytes(bytes: Vec<u8>, name: String, findings: &mut Findings) -> Option<Package> {
    let mut archive = match ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(error) => {
            findings.push(refused(&error));
            return None;
        }
    };
    let entries = entries(&archive, findings)?;
    let Some(top) = top_folder(&entries) else {
        findings.push(
            Diagnostic::error(Code::NotAUseCaseOrPackage, "the archive holds no package")
                .help("a package has `blueprint.json`, `dockerinfo.json` and `microservice/`, at the top or in one top folder"),
        );
        return None;
    };
    let mut texts = Texts::default();
    let mut budget = UNPACKED_LIMIT;
    for entry in &entries {
        let Some(below) = entry.name.strip_prefix(&top) else { continue };
        let document = READ.into_iter().find(|document| *document == below);
        let limit = if document.is_some() { DOCUMENT_LIMIT } else { PROTO_LIMIT };
        if document.is_none() && !is_proto(below) {
            continue;
        }
        let text = unpack(&mut archive, entry.index, below, limit.min(budget));
        budget -= text.as_ref().map_or(0, |text| text.text().len() as u64).min(budget);
        match (document, text) {
            (Some(document), text) => texts.add(document, text, findings),
            (None, Ok(text)) => texts.protos.insert(below, text),
            (None, Err(finding)) => {
                findings.push(finding);
                texts.protos.insert_unreadable(below);
            }
        }
    }
    texts.into_package(name, findings)
}

/// The files of a package's zip that [`read`] passes over, by their names below the package; none when it cannot be
/// read.
pub(crate) fn passed_over(path: &Path) -> Vec<String> {
    let Ok(Some(bytes)) = read_bytes(path, ARCHIVE_LIMIT) else { return Vec::new() };
    let Ok(archive) = ZipArchive::new(Cursor::new(bytes)) else { return Vec::new() };
    let Some(entries) = entries(&archive, &mut Findings::new()) else { return Vec::new() };
    let Some(top) = top_folder(&entries) else { return Vec::new() };
    let below = |entry: &Entry| entry.name.strip_prefix(&top).unwrap_or(&entry.name).to_owned();
    let taken = |name: &String| READ.contains(&name.as_str()) || is_proto(name);
    entries.iter().map(below).filter(|name| !taken(name)).collect()
}

struct Entry {
    index: usize,
    name: String,
}

/// The files of an archive, after everything that their headers say has been checked.
fn entries(archive: &ZipArchive<Cursor<Vec<u8>>>, findings: &mut Findings) -> Option<Vec<Entry>> {
    if archive.len() > ENTRY_LIMIT {
        findings.push(bomb(format!("the archive holds more than {ENTRY_LIMIT} files")));
        return None;
    }
    if archive.has_duplicate_names() {
        findings.push(bad("two of its files have one name"));
        return None;
    }
    let mut entries = Vec::new();
    let mut total = 0_u64;
    let before = findings.len();
    for index in 0..archive.len() {
        let entry = match archive.by_index_data(index) {
            Ok(entry) => entry,
            Err(error) => {
                findings.push(refused(&error));
                continue;
            }
        };
        let Ok(name) = String::from_utf8(entry.name_raw().to_vec()) else {
            findings.push(bad("a file's name is not UTF-8"));
            continue;
        };
        if let Some(why) = unsafe_name(&name) {
            let message = format!("`{}` in the archive {why}", shown(&name));
            findings.push(Diagnostic::error(Code::UnsafeArchiveEntry, message));
            continue;
        }
        if entry.is_symlink() {
            let message = format!("`{}` in the archive is a link", shown(&name));
            findings.push(Diagnostic::error(Code::UnsafeArchiveEntry, message));
            continue;
        }
        total = total.saturating_add(entry.size());
        if entry.size() > SMALL && entry.size() / entry.compressed_size().max(1) > RATIO_LIMIT {
            let size = entry.size() >> 20;
            findings.push(bomb(format!("`{}` in the archive unpacks to {size} MiB", shown(&name))));
            continue;
        }
        let junk = name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
        if !entry.is_dir() && !junk {
            entries.push(Entry { index, name });
        }
    }
    if total > UNPACKED_LIMIT {
        findings.push(bomb(format!("the archive unpacks to more than {} MiB", UNPACKED_LIMIT >> 20)));
    }
    (findings.len() == before).then_some(entries)
}

fn unpack(
    archive: &mut ZipArchive<Cursor<Vec<u8>>>,
    index: usize,
    name: &str,
    limit: u64,
) -> Result<std::sync::Arc<SourceText>, Diagnostic> {
    let entry = archive.by_index(index).map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    // What the header says about the size need not be true.
    let read = entry.take(limit + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        return Err(bad(&format!("`{}`: {error}", shown(name))));
    }
    if bytes.len() as u64 > limit {
        return Err(bomb(format!("`{}` in the archive is larger than {} MiB", shown(name), limit >> 20)));
    }
    decode(name, bytes)
}

/// The folder that holds the package, with its `/`: empty when it lies flat. `None` when there is none.
fn top_folder(entries: &[Entry]) -> Option<String> {
    let holds = |top: &str| {
        entries
            .iter()
            .filter_map(|entry| entry.name.strip_prefix(top))
            .any(|below| READ[..2].contains(&below) || below.starts_with(concat!("microservice", "/")))
    };
    if holds("") {
        return Some(String::new());
    }
    let first = entries.first()?.name.split_once('/')?.0;
    let top = format!("{first}/");
    (entries.iter().all(|entry| entry.name.starts_with(&top)) && holds(&top)).then_some(top)
}

/// As in a package's folder, so that a package is the same before and after it is unpacked.
fn is_proto(name: &str) -> bool {
    let mut folders: Vec<&str> = name.split('/').collect();
    folders.pop();
    let [PackageFiles::PROTO_FOLDER, below @ ..] = folders.as_slice() else { return false };
    let has_ending = Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("proto"));
    has_ending && !below.iter().any(|folder| walk::is_skipped(folder))
}

/// Why a name would leave the package, if it would.
fn unsafe_name(name: &str) -> Option<&'static str> {
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with('/') || drive {
        Some("is an absolute path")
    } else if name.contains('\\') {
        Some("has a backslash in its path")
    } else if name.contains('\0') {
        Some("has a NUL in its path")
    } else if name.split('/').any(|part| part == "..") {
        Some("has `..` in its path")
    } else {
        None
    }
}

fn shown(name: &str) -> String {
    name.chars().take(120).flat_map(char::escape_debug).collect()
}

fn bad(why: &str) -> Diagnostic {
    Diagnostic::error(Code::BadArchive, format!("the archive cannot be read: {why}"))
        .help("pack the package again, as a plain zip without a password")
}

fn refused(error: &ZipError) -> Diagnostic {
    match error {
        ZipError::UnsupportedArchive(why) if *why == ZipError::PASSWORD_REQUIRED => {
            bad("it is encrypted with a password")
        }
        ZipError::InvalidArchive(why) if why.contains("EOCD") => bad("it is no zip, or its end is missing"),
        error => bad(&error.to_string()),
    }
}

fn bomb(message: String) -> Diagnostic {
    Diagnostic::error(Code::ArchiveTooLarge, message)
        .help("is this a package? It holds texts of a few kilobytes")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    const DOCUMENTS: [(&str, &str); 3] =
        [("blueprint.json", "{}"), ("dockerinfo.json", "{}"), ("microservice/a1.proto", "// a")];

    fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes) in files {
            writer.start_file(name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn package_with(more: &[(&str, &[u8])]) -> Vec<u8> {
        let documents = DOCUMENTS.iter().map(|(name, text)| (*name, text.as_bytes()));
        pack(documents.chain(more.iter().copied()))
    }

    fn check(bytes: Vec<u8>, expected: &str) {
        let mut findings = Findings::new();
        let package = from_bytes(bytes, "p".into(), &mut findings);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let protos = package.map(|package| package.protos.iter().map(|(path, _)| path.to_owned()).collect());
        let shown = protos.map_or_else(|| "none".to_owned(), |protos: Vec<String>| protos.join(" "));
        assert_eq!(format!("{shown}: {}", lines.join("; ")), expected);
    }

    #[test]
    fn a_package_lies_flat_or_in_one_top_folder() {
        check(package_with(&[]), "microservice/a1.proto: ");
        let junk = [
            ("__MACOSX/._x", &b"x"[..]),
            ("p/data/x.bin", b"\xff"),
            ("p/microservice/x/y.proto", b""),
            ("p/microservice/.git/z.proto", b""),
        ];
        let inside: Vec<(String, &[u8])> =
            DOCUMENTS.iter().map(|(name, text)| (format!("p/{name}"), text.as_bytes())).collect();
        let files = inside.iter().map(|(name, bytes)| (name.as_str(), *bytes)).chain(junk);
        check(pack(files), "microservice/a1.proto microservice/x/y.proto: ");
        check(
            pack([("a/blueprint.json", &b"{}"[..]), ("b/x", b"")]),
            "none: error[AE0001]: the archive holds no package",
        );
        check(
            pack([("p/blueprint.json", &b"{}"[..])]),
            "none: error[AE0002]: the package has no `dockerinfo.json`",
        );
    }

    #[test]
    fn entries_that_leave_the_package_are_refused() {
        for (name, why) in [
            ("../x", "has `..` in its path"),
            ("microservice/../../x.proto", "has `..` in its path"),
            ("/etc/x", "is an absolute path"),
            ("C:/x", "is an absolute path"),
            ("a\\..\\x", "has a backslash in its path"),
        ] {
            let shown = shown(name);
            check(
                package_with(&[(name, b"")]),
                &format!("none: error[AE0208]: `{shown}` in the archive {why}"),
            );
        }
    }

    #[test]
    fn links_in_an_archive_are_refused() {
        let mut writer = ZipWriter::new_append(Cursor::new(package_with(&[]))).unwrap();
        writer.add_symlink("microservice/l.proto", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        check(bytes, "none: error[AE0208]: `microservice/l.proto` in the archive is a link");
    }

    #[test]
    fn a_bomb_is_refused_whatever_its_header_says() {
        let zeros = vec![b' '; 5 << 20];
        check(
            package_with(&[("microservice/b.proto", &zeros)]),
            "none: error[AE0209]: `microservice/b.proto` in the archive unpacks to 5 MiB",
        );
        let mut lying = package_with(&[("microservice/b.proto", &zeros)]);
        let declared = (5_u32 << 20).to_le_bytes();
        let at = (0..lying.len() - 4).filter(|at| lying[*at..at + 4] == declared).collect::<Vec<_>>();
        for at in at {
            lying[at..at + 4].copy_from_slice(&9_u32.to_le_bytes());
        }
        let mut findings = Findings::new();
        let _ = from_bytes(lying, "p".into(), &mut findings);
        assert!(findings.has_errors());
    }

    #[test]
    fn what_is_no_archive_or_encrypted_is_said() {
        check(
            b"PK\x03\x04 no".to_vec(),
            "none: error[AE0210]: the archive cannot be read: it is no zip, or its end is missing",
        );
        let mut encrypted = package_with(&[]);
        let local = 6;
        encrypted[local] |= 1;
        let central = encrypted.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        encrypted[central + 8] |= 1;
        check(encrypted, "none: error[AE0210]: the archive cannot be read: it is encrypted with a password");
    }

    #[test]
    fn two_entries_of_one_name_are_refused() {
        let mut bytes = package_with(&[("microservice/a2.proto", b"")]);
        for at in 0..bytes.len() - 8 {
            if &bytes[at..at + 8] == b"a2.proto" {
                bytes[at + 1] = b'1';
            }
        }
        check(bytes, "none: error[AE0210]: the archive cannot be read: two of its files have one name");
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
            cut in any::<prop::sample::Index>(),
            shorten in any::<bool>(),
        ) {
            let mut bytes = package_with(&[("microservice/b/c.proto", b"syntax")]);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if shorten {
                bytes.truncate(cut.index(bytes.len()));
            }
            let mut findings = Findings::new();
            let package = from_bytes(bytes, "p".into(), &mut findings);
            prop_assert!(package.is_some() || findings.has_errors());
            for (path, _) in package.iter().flat_map(|package| package.protos.iter()) {
                prop_assert!(crate::write::stays_inside(&path.replace(':', "_")), "{path}");
            }
        }
    }
}
