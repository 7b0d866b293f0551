//! The packages that runs are made from, each under the digest of what it says: [`Packages`].
//!
//! A package is kept as a zip, whichever way it came, and read the way a zip of a stranger's is: within limits, never
//! unpacked to disk.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aieffect_blueprint::resolve;
use aieffect_blueprint::{Document, Findings, Node, Package, PackageFiles, SourceText};
use aieffect_contract::ProtoSet;
use aieffect_layout::{Opened, Overwrite};
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, PlannedNode, plan};

/// How the names of packages begin that have not been looked at.
const INCOMING: &str = ".incoming-";
/// Bytes of the path of a proto.
const LONGEST_PATH: usize = 1024;
/// Plans that are remembered.
const MOST_PLANS: usize = 64;

/// Packages in a folder.
#[derive(Debug)]
pub struct Packages {
    folder: PathBuf,
    /// The last ones that were asked for, the latest first.
    plans: Mutex<VecDeque<(Wanted, Arc<Plan>)>>,
}

/// What is to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The package's digest.
    pub package: String,
    /// Initial data, as JSON; empty when there is none.
    pub initial_data: String,
    /// Beside what the package says.
    pub options: PlanOptions,
}

/// A package that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPackage {
    /// SHA-256, in hexadecimal digits, of what it says.
    pub digest: String,
    /// The pipeline's name.
    pub name: String,
    /// When it came first.
    pub created: SystemTime,
    /// The size of its zip, in bytes.
    pub size: u64,
}

/// Why a package was not taken, or a plan not made.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What is wrong with it.
    #[error("the package has errors")]
    Findings(Findings),
    /// There is none of that digest.
    #[error("there is no package {digest}")]
    Unknown {
        /// What was asked for.
        digest: String,
    },
    /// The folder cannot be written or read.
    #[error("packages in `{}` cannot be written or read", .folder.display())]
    Folder {
        /// Where packages are kept.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A path that no proto has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is no path of a proto, which is such as `microservice/meter1.proto`")]
pub struct NoProto {
    path: String,
}

impl Packages {
    /// Those in a folder, which is made.
    pub fn open(folder: &Path) -> Result<Self, Refusal> {
        let broken = |source| Refusal::Folder { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(broken)?;
        // What was coming in when an earlier process died.
        for entry in fs::read_dir(folder).map_err(broken)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(INCOMING) {
                fs::remove_file(entry.path()).map_err(broken)?;
            }
        }
        Ok(Self { folder: folder.to_owned(), plans: Mutex::default() })
    }

    /// Takes the zip of a package. The same package twice is one. Gives warnings too.
    pub fn put_zip(&self, bytes: &[u8]) -> Result<(KeptPackage, Findings), Refusal> {
        let staged = tempfile::Builder::new().prefix(INCOMING).suffix(".zip").tempfile_in(&self.folder);
        let mut staged = staged.map_err(|error| self.broken(error))?;
        staged
            .write_all(bytes)
            .and_then(|()| staged.as_file().sync_all())
            .map_err(|error| self.broken(error))?;
        self.take(staged)
    }

    /// Takes the documents and protos of a package, by their paths below it.
    pub fn put_files(&self, files: &PackageFiles) -> Result<(KeptPackage, Findings), Refusal> {
        let staged = tempfile::Builder::new().prefix(INCOMING).suffix(".zip").tempfile_in(&self.folder);
        let staged = staged.map_err(|error| self.broken(error))?;
        // It takes the file's place when it is whole; an empty one is no zip that it would spare.
        fs::remove_file(staged.path()).map_err(|error| self.broken(error))?;
        aieffect_layout::write_zip(files, staged.path(), Overwrite::Refuse)
            .map_err(|error| self.odd(error))?;
        self.take(staged)
    }

    fn take(&self, staged: tempfile::NamedTempFile) -> Result<(KeptPackage, Findings), Refusal> {
        let (package, mut findings) =
            aieffect_layout::open_package(staged.path()).map_err(|error| self.odd(error))?;
        let Some(package) = package else { return Err(Refusal::Findings(findings)) };
        let name = resolved(&package, &mut findings).map(|(pipeline, _)| pipeline.name().to_owned());
        let Some(name) = name.filter(|_| !findings.has_errors()) else {
            return Err(Refusal::Findings(findings));
        };
        let digest = aieffect_layout::digest(&Opened::Package(Box::new(package), staged.path().to_owned()));
        let path = self.path(&digest);
        match staged.persist_noclobber(&path) {
            Ok(_) => {}
            // It is there.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(self.broken(error.error)),
        }
        let (created, size) = self.written(&path)?;
        Ok((KeptPackage { digest, name, created, size }, findings))
    }

    /// A package; `None` when there is none of that digest.
    pub fn get(&self, digest: &str) -> Result<Option<KeptPackage>, Refusal> {
        let path = self.path(digest);
        if !is_digest(digest) || !path.is_file() {
            return Ok(None);
        }
        let (created, size) = self.written(&path)?;
        let package = self.read(digest)?;
        let mut findings = Findings::new();
        let name = resolved(&package, &mut findings).map(|(pipeline, _)| pipeline.name().to_owned());
        let name = name.unwrap_or_default();
        Ok(Some(KeptPackage { digest: digest.to_owned(), name, created, size }))
    }

    /// Every package's digest, the latest first.
    pub fn digests(&self) -> Result<Vec<String>, Refusal> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|error| self.broken(error))? {
            let entry = entry.map_err(|error| self.broken(error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(digest) = name.strip_suffix(".zip").filter(|digest| is_digest(digest)) else { continue };
            // One that has just been taken away is none.
            let Ok(created) = entry.metadata().and_then(|metadata| metadata.modified()) else { continue };
            found.push((created, digest.to_owned()));
        }
        found.sort_unstable();
        Ok(found.into_iter().rev().map(|(_, digest)| digest).collect())
    }

    /// Takes a package away. Whether it was there.
    pub fn remove(&self, digest: &str) -> Result<bool, Refusal> {
        if !is_digest(digest) {
            return Ok(false);
        }
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|(wanted, _)| wanted.package != digest);
        match fs::remove_file(self.path(digest)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.broken(error)),
        }
    }

    /// The nodes of a package, in the order of its blueprint.
    pub fn nodes(&self, digest: &str) -> Result<Vec<PlannedNode>, Refusal> {
        let package = self.read(digest)?;
        let (pipeline, findings) = resolve::package(&package);
        let pipeline = pipeline.ok_or(Refusal::Findings(findings))?;
        let node = |node: &Node| PlannedNode {
            name: node.name.clone(),
            address: node.address.clone(),
            transport: node.transport.kind(),
        };
        Ok(pipeline.nodes().iter().map(node).collect())
    }

    /// Its zip.
    pub fn zip(&self, digest: &str) -> Result<Option<Vec<u8>>, Refusal> {
        if !is_digest(digest) {
            return Ok(None);
        }
        match fs::read(self.path(digest)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.broken(error)),
        }
    }

    /// Plans a run of a package.
    pub fn plan(&self, wanted: &Wanted) -> Result<Arc<Plan>, Refusal> {
        if let Some(plan) = self.known(wanted) {
            return Ok(plan);
        }
        let package = self.read(&wanted.package)?;
        let mut findings = Findings::new();
        let initial = initial_data(&wanted.initial_data, &mut findings);
        let planned = resolved(&package, &mut findings).and_then(|(pipeline, protos)| {
            let (planned, found) = plan(&pipeline, &protos, &initial, &wanted.options);
            findings.extend(found);
            planned
        });
        let Some(planned) = planned.filter(|_| !findings.has_errors()).map(Arc::new) else {
            return Err(Refusal::Findings(findings));
        };
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.truncate(MOST_PLANS - 1);
        plans.push_front((wanted.clone(), Arc::clone(&planned)));
        Ok(planned)
    }

    fn known(&self, wanted: &Wanted) -> Option<Arc<Plan>> {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.iter().find(|(known, _)| known == wanted).map(|(_, plan)| Arc::clone(plan))
    }

    fn read(&self, digest: &str) -> Result<Package, Refusal> {
        let unknown = || Refusal::Unknown { digest: digest.chars().take(80).collect() };
        let path = self.path(digest);
        if !is_digest(digest) || !path.is_file() {
            return Err(unknown());
        }
        let (package, findings) = aieffect_layout::open_package(&path).map_err(|error| self.odd(error))?;
        package.ok_or(Refusal::Findings(findings))
    }

    fn written(&self, path: &Path) -> Result<(SystemTime, u64), Refusal> {
        let metadata = fs::metadata(path).map_err(|error| self.broken(error))?;
        Ok((metadata.modified().map_err(|error| self.broken(error))?, metadata.len()))
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}.zip"))
    }

    fn broken(&self, source: io::Error) -> Refusal {
        Refusal::Folder { folder: self.folder.clone(), source }
    }

    fn odd(&self, error: aieffect_layout::Error) -> Refusal {
        self.broken(io::Error::other(error))
    }
}

/// The files of a package from its documents, and its protos by their paths below it.
pub fn files(
    documents: impl IntoIterator<Item = (&'static str, String)>,
    protos: impl IntoIterator<Item = (String, String)>,
) -> Result<PackageFiles, NoProto> {
    let mut files = PackageFiles::default();
    files.0.extend(documents.into_iter().map(|(name, text)| (name.to_owned(), text)));
    for (path, text) in protos {
        let is_odd = |part: &str| matches!(part, "" | "." | "..");
        let is_proto = path.starts_with("microservice/") && path.ends_with(".proto");
        // What no archive has, or none that every system unpacks.
        let is_unfit =
            path.contains(['\\', ':']) || path.contains(char::is_control) || path.len() > LONGEST_PATH;
        if !is_proto || is_unfit || path.split('/').any(is_odd) {
            return Err(NoProto { path: path.chars().take(200).collect() });
        }
        files.0.insert(path, text);
    }
    Ok(files)
}

/// Whether it can be the name of a package: nothing else becomes part of a path.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn resolved(package: &Package, findings: &mut Findings) -> Option<(aieffect_blueprint::Pipeline, ProtoSet)> {
    let (pipeline, found) = resolve::package(package);
    findings.extend(found);
    let pipeline = pipeline?;
    let (protos, found) = ProtoSet::compile(&pipeline, &package.protos);
    findings.extend(found);
    Some((pipeline, protos))
}

fn initial_data(text: &str, findings: &mut Findings) -> InitialData {
    if text.is_empty() {
        return InitialData::default();
    }
    match Document::json(&SourceText::new("initial data", text)) {
        Ok(document) => InitialData::read(&document, findings),
        Err(finding) => {
            findings.push(finding);
            InitialData::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_becomes_part_of_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let packages = Packages::open(folder.path()).unwrap();
        fs::write(folder.path().join("secret.zip"), "x").unwrap();
        for name in ["secret", "../secret", "", "/etc/passwd", &"g".repeat(64), &"A".repeat(64)] {
            assert!(packages.get(name).unwrap().is_none());
            assert!(packages.zip(name).unwrap().is_none());
            assert!(!packages.remove(name).unwrap());
        }
        assert!(folder.path().join("secret.zip").exists());
        assert!(packages.digests().unwrap().is_empty());
    }

    #[test]
    fn paths_that_no_archive_has_are_refused_before_one_is_written() {
        let taken = |path: &str| files([], [(path.to_owned(), String::new())]).is_ok();
        assert!(taken("microservice/deep/mätare.proto"));
        let long = format!("microservice/{}.proto", "a".repeat(LONGEST_PATH));
        for path in [
            "../a.proto",
            "microservice/../a.proto",
            "microservice//a.proto",
            "a.proto",
            "microservice/a",
            &long,
        ]
        .into_iter()
        .chain([
            "microservice/c:a.proto",
            "microservice/a\\b.proto",
            "microservice/\u{7}.proto",
            "microservice/\0.proto",
        ]) {
            assert!(!taken(path), "{path}");
        }
    }

    #[test]
    fn what_is_no_package_is_refused_with_findings_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let packages = Packages::open(folder.path()).unwrap();
        for bytes in [&b""[..], b"PK\x03\x04", b"{}"] {
            assert!(
                matches!(packages.put_zip(bytes), Err(Refusal::Findings(findings)) if findings.has_errors())
            );
        }
        let files = PackageFiles([("../blueprint.json".to_owned(), "{}".to_owned())].into());
        assert!(packages.put_files(&files).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
