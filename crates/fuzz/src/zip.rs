//! Packages in archives: whatever a stranger's zip holds, nothing is written outside the folder of its name.

mod archive;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aieffect_layout::{Opened, Overwrite, Settings, left_out, open, unpack};
use aieffect_testkit::random::Choices;
use tempfile::TempDir;

pub use self::archive::{Entry, archive};
use crate::looked::look;

/// What may be unpacked at most, in bytes.
const MOST_UNPACKED: u64 = 256 << 20;

/// Names that have led out of folders, or two of which have meant one file.
const NAMES: [&str; 24] = [
    "blueprint.json",
    "dockerinfo.json",
    "execution.json",
    "microservice/a.proto",
    "microservice/b.PROTO",
    "microservice/x/y.proto",
    "microservice/",
    "p/blueprint.json",
    "p/dockerinfo.json",
    "p/microservice/a.proto",
    "../x.proto",
    "microservice/../../x.proto",
    "/tmp/x.proto",
    "C:/x.proto",
    "microservice\\..\\x.proto",
    "microservice/a.proto\0.txt",
    "microservice//a.proto",
    "microservice/./a.proto",
    "./microservice/a.proto",
    "microservice/a.proto/b.proto",
    "__MACOSX/microservice/a.proto",
    "microservice/A.proto",
    "microservice/a:b.proto",
    "microservice/\u{202e}a.proto",
];

thread_local! {
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

/// Takes a letter and then an archive: `z` its bytes, `e` choices of which entries are made.
///
/// Opening it gives a package or an error. Unpacking writes to the folder of its name and nowhere else, what is in that
/// folder is read as the package that was in the archive, and unpacking again changes nothing.
pub fn zip(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind {
        b'z' => unpacked(rest),
        b'e' => unpacked(&archive(&entries(&mut Choices::new(rest)))),
        _ => {}
    }
}

fn entries(choices: &mut Choices<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for _ in 0..choices.below(8) {
        let name = match choices.below(8) {
            7 => (0..choices.below(12)).map(|_| choices.byte()).collect(),
            _ => choices.of(&NAMES).as_bytes().to_vec(),
        };
        let content = match choices.below(6) {
            0 => b"{}".to_vec(),
            1 => b"syntax = \"proto3\";".to_vec(),
            2 => vec![b' '; choices.below(256) * 100],
            3 => vec![0xff, 0xfe],
            4 => b"{\"nodes\": []}".to_vec(),
            _ => (0..choices.below(20)).map(|_| choices.byte()).collect(),
        };
        let mut entry = Entry::new(name, content);
        if choices.one_in(4) {
            entry.change(choices);
        }
        entries.push(entry);
    }
    entries
}

fn unpacked(bytes: &[u8]) {
    FOLDER.with_borrow_mut(|kept| {
        let folder = kept.get_or_insert_with(|| TempDir::new().expect("there is room for a folder"));
        // A folder within, so that what climbs out by one is seen.
        let within = folder.path().join("within");
        let path = within.join("p.zip");
        fs::create_dir_all(&within).expect("the folder is ours");
        fs::write(&path, bytes).expect("the folder is ours");
        look_at(&path);
        let beside: Vec<_> = names(folder.path()).collect();
        assert_eq!(beside, ["within"], "something was written outside");
        fs::remove_dir_all(&within).expect("the folder is ours");
    });
}

fn look_at(path: &Path) {
    let within = path.parent().unwrap_or(path);
    let (opened, findings) = open(path).expect("the file is there");
    look(&findings);
    let Some(Opened::Package(package, _)) = opened else {
        assert!(findings.has_errors(), "no package, and no finding says why");
        assert_eq!(names(within).collect::<Vec<_>>(), ["p.zip"]);
        return;
    };
    let texts = package.protos.iter().map(|(_, text)| text.text().len() as u64).sum::<u64>();
    assert!(texts <= MOST_UNPACKED, "{texts} bytes of protos");
    left_out(path);
    let written = unpack(&package, Settings::OfPackage, path, Overwrite::Refuse);
    let expected: BTreeSet<&str> = if written.is_ok() { ["p", "p.zip"].into() } else { ["p.zip"].into() };
    assert_eq!(names(within).collect::<BTreeSet<_>>(), expected.into_iter().map(str::to_owned).collect());
    let Ok(written) = written else { return };
    assert_eq!(written, within.join("p"));
    let again = unpack(&package, Settings::OfPackage, path, Overwrite::Refuse);
    assert!(
        again.is_ok(),
        "the folder is not what the archive is: {}",
        again.err().map_or(String::new(), |error| error.to_string())
    );
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned())
}
