//! Reading and writing packages on disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests, also outside the functions marked so"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aieffect_blueprint::{Findings, PackageFiles};
use aieffect_layout::{Error, Overwrite, open, open_package, write_package, write_zip};

fn files(more: &[(&str, &str)]) -> PackageFiles {
    let documents =
        [("blueprint.json", "{\"v\": 1}"), ("dockerinfo.json", "{}"), ("generation_metadata.json", "{}")];
    let protos = [("microservice/a1.proto", "// a1"), ("microservice/common/c.proto", "// c")];
    let all = documents.into_iter().chain(protos).chain(more.iter().copied());
    PackageFiles(all.map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
}

/// Every file below `dir`, with its text.
fn tree(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(dir) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn a_package_is_read_back_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("deep/er/pipeline");
    write_package(&files(&[]), &package, Overwrite::Refuse).unwrap();
    assert_eq!(tree(&package), files(&[]).0);
    assert_eq!(fs::read_dir(package.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    let (read, findings) = open_package(&package).unwrap();
    let read = read.unwrap();
    assert_eq!(findings, Findings::new());
    assert_eq!(read.name, "pipeline");
    assert_eq!(read.blueprint.value()["v"], 1);
    assert_eq!(read.protos.get("microservice/common/c.proto").unwrap().text(), "// c");
}

#[test]
fn an_empty_folder_is_written_into() {
    let dir = tempfile::tempdir().unwrap();
    write_package(&files(&[]), dir.path(), Overwrite::Refuse).unwrap();
    assert_eq!(tree(dir.path()), files(&[]).0);
}

#[cfg(unix)]
#[test]
fn others_may_read_what_was_written() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let (package, archive) = (dir.path().join("p"), dir.path().join("p.zip"));
    write_package(&files(&[]), &package, Overwrite::Refuse).unwrap();
    write_zip(&files(&[]), &archive, Overwrite::Refuse).unwrap();
    let plain = dir.path().join("plain");
    fs::create_dir(&plain).unwrap();
    fs::write(plain.join("file"), "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&package), mode(&plain));
    assert_eq!(mode(&archive), mode(&plain.join("file")));
    assert_eq!(mode(&package.join("blueprint.json")), mode(&plain.join("file")));
}

#[test]
fn overwriting_replaces_what_an_export_writes_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("p");
    let first = files(&[("execution.json", "{}"), ("microservice/stale.proto", "// stale")]);
    write_package(&first, &package, Overwrite::Refuse).unwrap();
    let kept = [
        "docker-compose.yml",
        "data/in.csv",
        "results/results.json",
        ".orchestrator/Dockerfile",
        "notes.txt",
    ];
    for name in kept {
        fs::create_dir_all(package.join(name).parent().unwrap()).unwrap();
        fs::write(package.join(name), "kept").unwrap();
    }
    let error = write_package(&files(&[]), &package, Overwrite::Refuse).unwrap_err();
    assert!(matches!(error, Error::AlreadyThere { .. }));
    assert!(error.help().unwrap().contains("--overwrite"));

    let second = files(&[("microservice/new.proto", "// new")]);
    write_package(&second, &package, Overwrite::Replace).unwrap();
    let mut expected = second.0;
    expected.extend(kept.map(|name| (name.to_owned(), "kept".to_owned())));
    assert_eq!(tree(&package), expected);
}

#[test]
fn what_is_no_package_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    for marker in ["notes.txt", "connections.json"] {
        let folder = dir.path().join(marker.replace('.', "_"));
        fs::create_dir_all(folder.join("microservice")).unwrap();
        fs::write(folder.join(marker), "mine").unwrap();
        if marker == "notes.txt" {
            fs::remove_dir(folder.join("microservice")).unwrap();
        }
        // Said without `--overwrite` too: adding that would not help.
        for overwrite in [Overwrite::Refuse, Overwrite::Replace] {
            let error = write_package(&files(&[]), &folder, overwrite).unwrap_err();
            assert!(matches!(error, Error::NotReplaced { .. }), "{error}");
        }
        assert_eq!(tree(&folder).len(), 1);
    }
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(write_package(&files(&[]), &file, Overwrite::Replace).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_write_that_fails_leaves_the_old_package_whole() {
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("p");
    write_package(&files(&[]), &package, Overwrite::Refuse).unwrap();
    // A file where a folder is needed: staging fails.
    let broken = files(&[("microservice/x", "file"), ("microservice/x/y.proto", "below a file")]);
    assert!(write_package(&broken, &package, Overwrite::Replace).is_err());
    assert_eq!(tree(&package), files(&[]).0);
    // A folder of the user's where a file is to go: swapping fails half way, and is taken back.
    fs::create_dir_all(package.join("zz.json/mine")).unwrap();
    fs::write(package.join("zz.json/mine/x"), "mine").unwrap();
    let before = tree(&package);
    assert!(write_package(&files(&[("zz.json", "{}")]), &package, Overwrite::Replace).is_err());
    assert_eq!(tree(&package), before);
}

#[test]
fn names_that_leave_the_package_are_never_written() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["../x", "/x", "a/../../x", "a\\x", "", "a//x", "C:x"] {
        let package = dir.path().join("p");
        let bad = files(&[(name, "x")]);
        assert!(matches!(write_package(&bad, &package, Overwrite::Replace), Err(Error::UnsafeName { .. })));
        assert!(matches!(write_zip(&bad, &package, Overwrite::Replace), Err(Error::UnsafeName { .. })));
        assert!(!package.exists(), "{name}");
    }
}

#[test]
fn equal_files_make_equal_zips_without_the_metadata() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one.zip"), dir.path().join("two.zip"));
    write_zip(&files(&[]), &one, Overwrite::Refuse).unwrap();
    write_zip(&files(&[("generation_metadata.json", "{\"other\": 1}")]), &two, Overwrite::Refuse).unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    assert!(matches!(write_zip(&files(&[]), &one, Overwrite::Refuse), Err(Error::AlreadyThere { .. })));
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "mine").unwrap();
    assert!(matches!(write_zip(&files(&[]), &notes, Overwrite::Replace), Err(Error::NotReplaced { .. })));
    assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    write_zip(&files(&[("execution.json", "{}")]), &one, Overwrite::Replace).unwrap();
    let (package, findings) = open_package(&one).unwrap();
    assert_eq!(findings, Findings::new());
    let package = package.unwrap();
    assert_eq!(package.name, "one");
    assert!(package.execution.is_some());
    assert_eq!(package.protos.iter().count(), 2);
}

#[test]
fn every_document_that_is_missing_or_broken_is_said() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("execution.json"), "[").unwrap();
    fs::create_dir(dir.path().join("microservice")).unwrap();
    fs::create_dir(dir.path().join("dockerinfo.json")).unwrap();
    let (opened, findings) = open(dir.path()).unwrap();
    assert!(opened.is_none());
    let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    insta::assert_snapshot!(lines, @"
    error[AE0007]: `dockerinfo.json` cannot be read: it is no plain file
    error[AE0002]: the package has no `blueprint.json`
    error[AE0004] execution.json:1:2: `execution.json` is not valid JSON: the `[` of line 1 is not closed
    ");
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_a_package_are_refused() {
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("p");
    write_package(&files(&[]), &package, Overwrite::Refuse).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/secret.proto"), "secret").unwrap();
    fs::write(dir.path().join("outside/execution.json"), "{}").unwrap();
    symlink("../outside/execution.json", package.join("execution.json")).unwrap();
    symlink("../../outside", package.join("microservice/folder")).unwrap();
    symlink("../../outside/secret.proto", package.join("microservice/file.proto")).unwrap();
    symlink("a1.proto", package.join("microservice/fine.proto")).unwrap();
    let (read, findings) = open_package(&package).unwrap();
    assert_eq!(read.unwrap().protos.iter().count(), 3);
    let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    insta::assert_snapshot!(lines, @"
    error[AE0208]: `execution.json` is a link that leads out of the folder
    error[AE0208]: `microservice/file.proto` is a link that leads out of the folder
    error[AE0208]: `microservice/folder` is a link that leads out of the folder
    ");
}
