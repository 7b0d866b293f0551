use std::fs;

use serde_json::json;

use super::judged_with;
use crate::success::DataFolder;

fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, DataFolder) {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("run");
    fs::create_dir_all(root.join("inner")).unwrap();
    fs::write(outer.path().join("secret.csv"), "a\n1\n").unwrap();
    for (name, text) in files {
        fs::write(root.join(name), text).unwrap();
    }
    let mount_targets = vec!["/app/data".to_owned(), "/app/data/deep/".to_owned(), "data".to_owned()];
    (outer, DataFolder { root, mount_targets })
}

#[test]
fn rows_are_the_lines_after_the_header() {
    for (text, rows) in [
        ("", 0),
        ("a,b\n", 0),
        ("a,b", 0),
        ("a,b\n\n \r\n", 0),
        ("a,b\n1,2", 1),
        ("a,b\r\n1,2\r\n3,4\r\n", 2),
        ("\n\na\n1\n", 1),
    ] {
        let (_outer, data) = folder(&[("out.csv", text)]);
        let condition = format!("file_rows('out.csv') == {rows}");
        assert_eq!(judged_with(&condition, &json!({}), &data), "ok", "{text:?}");
    }
    let (_outer, data) = folder(&[("long.csv", &"x,y,z\n".repeat(100_000))]);
    assert_eq!(judged_with("file_rows('long.csv') == 99999", &json!({}), &data), "ok");
}

#[test]
fn files_are_found_under_the_names_that_services_use() {
    let (_outer, data) = folder(&[("out.csv", "12345"), ("inner/x.csv", "1")]);
    for name in [
        "out.csv",
        "./out.csv",
        "data/out.csv",
        "./data/out.csv",
        "/app/data/out.csv",
        "/app/data/./out.csv",
        "/app/data/deep/out.csv",
    ] {
        assert_eq!(judged_with(&format!("file_size('{name}') == 5"), &json!({}), &data), "ok", "{name}");
    }
    assert_eq!(judged_with("file_size(path) == 1", &json!({"path": "/app/data/inner/x.csv"}), &data), "ok");
}

#[test]
fn nothing_outside_of_the_folder_is_looked_at() {
    let (outer, data) = folder(&[("out.csv", "a\n1\n")]);
    std::os::unix::fs::symlink(outer.path().join("secret.csv"), data.root.join("link.csv")).unwrap();
    std::os::unix::fs::symlink(outer.path(), data.root.join("up")).unwrap();
    std::os::unix::fs::symlink(data.root.join("out.csv"), data.root.join("inside.csv")).unwrap();
    let secret = outer.path().join("secret.csv").display().to_string();
    for name in [
        "../secret.csv",
        "data/../../secret.csv",
        "inner/../../secret.csv",
        "/app/data/../secret.csv",
        "/app/database/out.csv",
        "/etc/passwd",
        "link.csv",
        "up/secret.csv",
        "inner/../out.csv",
        &secret,
    ] {
        for function in ["file_rows", "file_size"] {
            let said = judged_with(&format!("{function}('{name}') >= 0"), &json!({}), &data);
            assert!(said.ends_with("is outside of the data folder"), "{name}: {said}");
        }
    }
    assert_eq!(judged_with("file_rows('inside.csv') == 1", &json!({}), &data), "ok");
}

#[test]
fn a_failed_condition_on_a_file_says_what_was_found() {
    let (_outer, data) = folder(&[("out.csv", "a,b\n")]);
    let lines: Vec<_> = [
        "file_rows('data/out.csv') > 0",
        "file_size(path) > 100",
        "file_rows('missing.csv') > 0",
        "file_rows('out.csv/x') > 0",
        "file_rows('inner') > 0",
        "file_rows('') > 0",
        r"file_rows('a\u0000b') > 0",
    ]
    .iter()
    .map(|condition| judged_with(condition, &json!({"path": "out.csv"}), &data))
    .collect();
    let said = lines.join("\n").replace(&data.root.display().to_string(), "<data>");
    insta::assert_snapshot!(said, @r#"
    the response does not meet `file_rows('data/out.csv') > 0` (c.json:1): `file_rows("data/out.csv")` is 0
    the response does not meet `file_size(path) > 100` (c.json:1): `path` is "out.csv", `file_size("out.csv")` is 4
    `file_rows('missing.csv') > 0` (c.json:1) could not be checked: the data folder `<data>` has no file `missing.csv`
    `file_rows('out.csv/x') > 0` (c.json:1) could not be checked: the data folder `<data>` has no file `out.csv/x`
    `file_rows('inner') > 0` (c.json:1) could not be checked: `inner` is no file
    `file_rows('') > 0` (c.json:1) could not be checked: `` is no file
    `file_rows('a\u0000b') > 0` (c.json:1) could not be checked: `a\0b` cannot be read: file name contained an unexpected NUL byte
    "#);
}

#[test]
fn without_a_folder_conditions_on_files_fail() {
    let said = judged_with("file_rows('a') > 0", &json!({}), &DataFolder::default());
    assert_eq!(said, "`file_rows('a') > 0` (c.json:1) could not be checked: this run has no data folder");
}
