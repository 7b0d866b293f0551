//! A small package, given to `compose`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use tempfile::TempDir;

use crate::support::Aieffect;

/// A small package in a folder of its own.
pub(crate) struct Case {
    pub(crate) dir: TempDir,
    pub(crate) package: PathBuf,
}

const FILES: [&str; 5] = [
    "blueprint.json",
    "dockerinfo.json",
    "execution.json",
    "microservice/meter1.proto",
    "microservice/report1.proto",
];

impl Case {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join("package");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/energy_report_package");
        fs::create_dir_all(package.join("microservice")).unwrap();
        for name in FILES {
            fs::copy(from.join(name), package.join(name)).unwrap();
        }
        Self { dir, package }
    }

    pub(crate) fn compose(&self) -> Aieffect {
        self.compose_of(&self.package).args(["--orchestrator-image", "aieffect:0.1.0"])
    }

    pub(crate) fn compose_of(&self, path: &Path) -> Aieffect {
        Aieffect::new("compose", path, self.dir.path())
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.package.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// The package as a zip, with further files.
    pub(crate) fn zip(&self, more: &[(&str, &str)]) -> PathBuf {
        let path = self.dir.path().join("downloaded.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        let own = FILES.iter().filter(|name| **name != "execution.json");
        let own: Vec<_> = own.map(|name| (*name, self.read(name))).collect();
        let more = more.iter().map(|(name, text)| (*name, (*text).to_owned()));
        for (name, text) in own.into_iter().chain(more) {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        path
    }
}
