//! The packages that runs are made from, each under the digest of what it says: [`Packages`].
//!
//! A package is kept as a zip, whichever way it came, and read the way a zip of a stranger's is: within limits, never
//! unpacked to disk.

mod recent;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aieffect_blueprint::resolve;
use aieffect_blueprint::{Document, Findings, Node, Package, PackageFiles, Pipeline, SourceText};
use aieffect_contract::ProtoSet;
use aieffect_layout::{Opened, Overwrite};
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, PlannedNode, plan};

use self::recent::Recent;

/// How the names of packages begin that have not been looked at.
const INCOMING: &str = ".incoming-";
/// Bytes of the path of a proto.
const LONGEST_PATH: usize = 1024;
/// Packages that are remembered with their protos compiled, which takes far longer than a plan.
const MOST_COMPILED: usize = 16;
/// Plans that are remembered,
const MOST_PLANS: usize = 64;
/// whose initial data, of which there is a copy in each, is of so many bytes at most.
const MOST_DATA: usize = 16 * 1024;

/// Packages in a folder.
#[derive(Debug)]
pub struct Packages {
    folder: PathBuf,
    /// Of those that have been listed.
    names: Mutex<HashMap<String, String>>,
    compiled: Recent<String, Compiled>,
    plans: Recent<Wanted, Plan>,
}

/// A package from which any number of plans can be made.
#[derive(Debug)]
struct Compiled {
    pipeline: Pipeline,
    protos: ProtoSet,
    findings: Findings,
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
        let (compiled, plans) = (Recent::of(MOST_COMPILED), Recent::of(MOST_PLANS));
        Ok(Self { folder: folder.to_owned(), names: Mutex::default(), compiled, plans })
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

    /// The same of one that is listed. What cannot be read any more is without a name, and can be taken away.
    pub(crate) fn listed(&self, digest: &str) -> Option<KeptPackage> {
        let (created, size) = self.written(&self.path(digest)).ok()?;
        if let Some(name) = self.names().get(digest) {
            return Some(KeptPackage { digest: digest.to_owned(), name: name.clone(), created, size });
        }
        let kept = self.get(digest).unwrap_or_default();
        let name = kept.map(|kept| kept.name).unwrap_or_default();
        self.names().insert(digest.to_owned(), name.clone());
        Some(KeptPackage { digest: digest.to_owned(), name, created, size })
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.names().remove(digest);
        self.compiled.forget(|known| known == digest);
        self.plans.forget(|wanted| wanted.package == digest);
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
        if let Some(plan) = self.plans.get(wanted) {
            return Ok(plan);
        }
        let compiled = self.compiled(&wanted.package)?;
        let mut findings = Findings::new();
        let initial = initial_data(&wanted.initial_data, &mut findings);
        findings.extend(compiled.findings.clone());
        let (planned, found) = plan(&compiled.pipeline, &compiled.protos, &initial, &wanted.options);
        findings.extend(found);
        let Some(planned) = planned.filter(|_| !findings.has_errors()).map(Arc::new) else {
            return Err(Refusal::Findings(findings));
        };
        if wanted.initial_data.len() <= MOST_DATA {
            self.plans.keep(wanted.clone(), Arc::clone(&planned));
        }
        Ok(planned)
    }

    fn compiled(&self, digest: &str) -> Result<Arc<Compiled>, Refusal> {
        let key = digest.to_owned();
        if let Some(compiled) = self.compiled.get(&key) {
            return Ok(compiled);
        }
        let package = self.read(digest)?;
        let mut findings = Findings::new();
        let resolved = resolved(&package, &mut findings);
        let Some((pipeline, protos)) = resolved.filter(|_| !findings.has_errors()) else {
            return Err(Refusal::Findings(findings));
        };
        let compiled = Arc::new(Compiled { pipeline, protos, findings });
        self.compiled.keep(key, Arc::clone(&compiled));
        Ok(compiled)
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

fn resolved(package: &Package, findings: &mut Findings) -> Option<(Pipeline, ProtoSet)> {
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

    /// A package of one step that takes a text.
    fn one_step() -> PackageFiles {
        let proto = "syntax = \"proto3\"; package a; message Text { string text = 1; } \
                     service Step { rpc Do(Text) returns (Text); }";
        let operation = r#"{"operation_signature": {"operation_name": "Do"}, "connected_to": []}"#;
        let blueprint = format!(
            r#"{{"name": "One", "nodes": [{{"proto_uri": "microservice/n1.proto", "image": "n1", "container_name": "n1",
            "operation_signature_list": [{operation}]}}]}}"#
        );
        let dockerinfo =
            r#"{"docker_info_list": [{"container_name": "n1", "ip_address": "127.0.0.1", "port": "1"}]}"#;
        files(
            [("blueprint.json", blueprint), ("dockerinfo.json", dockerinfo.to_owned())],
            [("microservice/n1.proto".to_owned(), proto.to_owned())],
        )
        .unwrap()
    }

    #[test]
    fn a_package_is_read_once_for_all_that_its_runs_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let packages = Packages::open(folder.path()).unwrap();
        let (kept, findings) = packages.put_files(&one_step()).unwrap();
        assert!(!findings.has_errors());
        let of = |text: &str| Wanted {
            package: kept.digest.clone(),
            initial_data: format!(r#"{{"text": "{text}"}}"#),
            options: PlanOptions::default(),
        };
        let plan = packages.plan(&of("a")).unwrap();
        fs::write(packages.path(&kept.digest), "not a zip any more").unwrap();
        assert!(!Arc::ptr_eq(&plan, &packages.plan(&of("b")).unwrap()));
        assert!(Arc::ptr_eq(&plan, &packages.plan(&of("a")).unwrap()), "the same again is not planned again");
        let large = of(&"x".repeat(MOST_DATA));
        let plan = packages.plan(&large).unwrap();
        assert!(!Arc::ptr_eq(&plan, &packages.plan(&large).unwrap()), "large data is not kept");
        assert!(packages.plan(&Wanted { initial_data: "{".to_owned(), ..of("") }).is_err());
        assert!(packages.remove(&kept.digest).unwrap());
        assert!(matches!(packages.plan(&of("a")), Err(Refusal::Unknown { .. })));
    }
}
