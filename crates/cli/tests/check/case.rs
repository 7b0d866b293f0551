//! A copy of a small valid use case or package that a test changes and checks.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::example;

/// The copy, in a folder of its own.
pub struct Case {
    folder: TempDir,
    name: &'static str,
}

/// What `aieffect check` came to.
pub struct Checked {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Case {
    /// A use case: `meter` reads, `report` writes.
    pub fn use_case() -> Self {
        Self::of("energy_report")
    }

    /// The package of that use case.
    pub fn package() -> Self {
        Self::of("energy_report_package")
    }

    fn of(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics").join(name);
        example::copy(&base, &folder.path().join(name)).unwrap();
        Self { folder, name }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(self.name).join(below)
    }

    pub fn write(self, below: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub fn remove(self, below: &str) -> Self {
        fs::remove_file(self.path(below)).unwrap();
        self
    }

    pub fn rename(self, from: &str, to: &str) -> Self {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        fs::rename(self.path(from), self.path(to)).unwrap();
        self
    }

    /// Replaces every `old` in a file, which must have one.
    pub fn replace(self, below: &str, old: &str, new: &str) -> Self {
        let before = fs::read_to_string(self.path(below)).unwrap();
        assert!(before.contains(old), "`{old}` is not in {below}");
        self.write(below, before.replace(old, new))
    }

    /// Replaces in the JSON value of a file.
    pub fn edit(self, below: &str, edit: impl FnOnce(&mut Value)) -> Self {
        let mut value: Value = serde_json::from_slice(&fs::read(self.path(below)).unwrap()).unwrap();
        edit(&mut value);
        self.write(below, serde_json::to_string_pretty(&value).unwrap())
    }

    /// `aieffect check` of the copy.
    pub fn check(&self, arguments: &[&str]) -> Checked {
        self.check_path(self.name, arguments)
    }

    /// `aieffect check` of something beside the copy.
    pub fn check_path(&self, name: &str, arguments: &[&str]) -> Checked {
        let mut command = example::aieffect();
        let output =
            command.current_dir(self.folder()).arg("check").arg(name).args(arguments).output().unwrap();
        Checked {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Every finding of the copy as `AE0203 blueprint.json:19:33`.
    pub fn findings(&self) -> Vec<String> {
        self.findings_of(self.name)
    }

    /// Every finding of something beside the copy.
    pub fn findings_of(&self, name: &str) -> Vec<String> {
        let checked = self.check_path(name, &["--format", "json"]);
        let value: Value = serde_json::from_str(&checked.stdout).unwrap();
        value["findings"].as_array().unwrap().iter().map(line).collect()
    }
}

fn line(finding: &Value) -> String {
    let code = finding["code"].as_str().unwrap();
    match finding["labels"].get(0) {
        Some(label) => {
            format!("{code} {}:{}:{}", label["file"].as_str().unwrap(), label["line"], label["column"])
        }
        None => code.to_owned(),
    }
}
