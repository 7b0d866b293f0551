//! The folders under `services/`.

use std::fs;
use std::path::Path;

use aieffect_blueprint::{Code, Diagnostic, Dockerfiles, Findings, ProtoTree, Service, ServiceName};

use crate::open::missing;
use crate::walk;

/// One service per folder, by name. `None` when there is no `services/`.
pub(super) fn read(root: &Path, protos: &ProtoTree, findings: &mut Findings) -> Option<Vec<Service>> {
    let folder = root.join("services");
    if !folder.is_dir() {
        findings.push(missing("the use case", "services/", "each service has a folder of its own in it"));
        return None;
    }
    if walk::escapes(root, &folder) {
        findings.push(walk::leaves_folder("services"));
        return None;
    }
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("`services` cannot be read: {error}");
            findings.push(Diagnostic::error(Code::Unreadable, message));
            return None;
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !walk::is_skipped(name) && !name.starts_with("__"))
        .collect();
    names.sort_unstable();
    Some(names.iter().filter_map(|name| service(root, name, protos, findings)).collect())
}

fn service(root: &Path, name: &str, protos: &ProtoTree, findings: &mut Findings) -> Option<Service> {
    let folder = match ServiceName::new(name) {
        Ok(folder) => folder,
        Err(error) => {
            findings.push(
                Diagnostic::error(Code::BadServiceName, format!("in `services/`: {error}"))
                    .help("rename the folder"),
            );
            return None;
        }
    };
    let path = format!("services/{name}");
    // A link that leads elsewhere has been found while looking for protos.
    if walk::escapes(root, &root.join(&path)) {
        return None;
    }
    Some(Service { folder, protos: own_protos(&path, protos), compose: None })
}

/// The protos in the service's `proto/` folder; without such a folder, all that it has.
fn own_protos(path: &str, protos: &ProtoTree) -> Vec<String> {
    let below = |folder: &str| -> Vec<String> {
        protos.iter().filter(|(path, _)| path.starts_with(folder)).map(|(path, _)| path.to_owned()).collect()
    };
    let own = below(&format!("{path}/proto/"));
    if own.is_empty() { below(&format!("{path}/")) } else { own }
}

/// The Dockerfiles at the top and in the services' folders, by path.
pub(super) fn dockerfiles(root: &Path, services: &[Service]) -> Dockerfiles {
    let folders = services.iter().map(|service| format!("services/{}/", service.folder));
    let mut found: Vec<String> = Vec::new();
    for folder in std::iter::once(String::new()).chain(folders) {
        let entries = fs::read_dir(root.join(&folder)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let of_docker = names.filter(|name| is_dockerfile(name) && root.join(&folder).join(name).is_file());
        found.extend(of_docker.map(|name| format!("{folder}{name}")));
    }
    Dockerfiles::new(found)
}

fn is_dockerfile(name: &str) -> bool {
    let name = name.to_lowercase();
    (name.contains("dockerfile") || name.contains("containerfile")) && !name.ends_with(".dockerignore")
}
