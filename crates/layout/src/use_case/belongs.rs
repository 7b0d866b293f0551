//! Which compose service belongs to which folder.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use aieffect_blueprint::{
    Code, ComposeFile, ComposeService, Diagnostic, Dockerfiles, Document, Findings, ImageBuild, Pointer,
    Service,
};

/// Gives each folder its compose service. Where several belong to one folder, the one of its name is taken,
/// else the first.
pub(super) fn assign(root: &Path, compose: &ComposeFile, services: &mut [Service]) {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let folders: Vec<Option<usize>> =
        compose.services.iter().map(|entry| folder_of(&root, entry, services)).collect();
    for (nth, service) in services.iter_mut().enumerate() {
        let mine: Vec<usize> = (0..folders.len()).filter(|entry| folders[*entry] == Some(nth)).collect();
        let named =
            |entry: &usize| same_name(compose.services[*entry].name.as_str(), service.folder.as_str());
        service.compose = mine.iter().copied().find(named).or_else(|| mine.first().copied());
    }
}

/// Findings about Dockerfiles that are missing and folders that no compose service is made from.
pub(super) fn check(
    root: &Path,
    compose: &ComposeFile,
    document: &Arc<Document>,
    services: &[Service],
    dockerfiles: &Dockerfiles,
    findings: &mut Findings,
) {
    for (missing, entries) in missing_dockerfiles(root, compose, document) {
        findings.push(dockerfiles.missing(&missing, &entries));
    }
    for service in services.iter().filter(|service| service.compose.is_none()) {
        let message =
            format!("`services/{}` belongs to no service of `{}`", service.folder, document.source().name());
        findings.push(
            Diagnostic::warning(Code::ServiceNotInCompose, message)
                .at(document.key_label(&Pointer::root().key("services")))
                .help(format!("add it there, with `build: services/{}`", service.folder)),
        );
    }
}

/// The folder is found from the Dockerfile's path, else the build context, else the name.
fn folder_of(root: &Path, entry: &ComposeService, services: &[Service]) -> Option<usize> {
    let by_path = |path: Option<PathBuf>| {
        let path = path?;
        let mut parts = path.strip_prefix(root.join("services")).ok()?.components();
        let folder = parts.next()?.as_os_str().to_str()?.to_owned();
        services.iter().position(|service| service.folder.as_str() == folder)
    };
    let build = entry.build.as_ref();
    by_path(build.and_then(|build| dockerfile(root, build)))
        .or_else(|| by_path(build.and_then(|build| context(root, build))))
        .or_else(|| services.iter().position(|service| service.folder.as_str() == entry.name.as_str()))
        .or_else(|| {
            services.iter().position(|service| same_name(service.folder.as_str(), entry.name.as_str()))
        })
}

fn same_name(one: &str, other: &str) -> bool {
    one.replace('-', "_") == other.replace('-', "_")
}

/// The context's folder; `None` when it is no plain path on this machine.
fn context(root: &Path, build: &ImageBuild) -> Option<PathBuf> {
    let remote = build.context.contains("://") || build.context.starts_with("git@");
    (!remote && !build.context.contains('$')).then(|| flatten(&root.join(&build.context)))
}

fn dockerfile(root: &Path, build: &ImageBuild) -> Option<PathBuf> {
    let context = context(root, build)?;
    (!build.dockerfile.contains('$')).then(|| flatten(&context.join(&build.dockerfile)))
}

/// Missing Dockerfiles, each once, with the services that are built from it.
fn missing_dockerfiles<'a>(
    root: &Path,
    compose: &'a ComposeFile,
    document: &Arc<Document>,
) -> BTreeMap<String, Vec<&'a ComposeService>> {
    let mut missing: BTreeMap<String, Vec<&ComposeService>> = BTreeMap::new();
    for entry in &compose.services {
        if let Some(path) = missing_dockerfile(root, entry, document) {
            missing.entry(path).or_default().push(entry);
        }
    }
    missing
}

/// The missing Dockerfile's path below the use case, as the compose file says it.
fn missing_dockerfile(root: &Path, entry: &ComposeService, document: &Arc<Document>) -> Option<String> {
    let build = entry.build.as_ref()?;
    let written = document.value().get("services")?.get(entry.name.as_str())?.get("build")?;
    if written.get("dockerfile_inline").is_some() {
        return None;
    }
    let path = dockerfile(&root.canonicalize().ok()?, build)?;
    if path.is_file() {
        return None;
    }
    let context = build.context.trim_start_matches("./").trim_end_matches('/');
    Some(match context {
        "" | "." => build.dockerfile.clone(),
        context => format!("{context}/{}", build.dockerfile),
    })
}

/// Takes `.` and `..` out by their letters alone, since the folders need not be there.
fn flatten(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                flat.pop();
            }
            Component::CurDir => {}
            part => flat.push(part),
        }
    }
    flat
}
