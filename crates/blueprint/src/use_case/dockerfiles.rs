//! The Dockerfiles that are there, and those that the compose file names and are not.

use super::ComposeService;
use crate::diagnostic::Known;
use crate::{Code, Diagnostic};

/// Paths, below the use case, of the Dockerfiles at its top and in its services' folders, whether or not any
/// service is built from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dockerfiles(Vec<String>);

impl Dockerfiles {
    /// Those at these paths.
    pub fn new(mut paths: Vec<String>) -> Self {
        paths.sort_unstable();
        Self(paths)
    }

    /// The warning that the Dockerfile at `path`, below the use case, is not there; `of` are the services that
    /// are built from it.
    pub fn missing(&self, path: &str, of: &[&ComposeService]) -> Diagnostic {
        let names: Vec<_> = of.iter().map(|service| format!("`{}`", service.name)).collect();
        let message = format!("the Dockerfile of {} is missing: `{path}`", names.join(", "));
        let meant = self.meant(path, of).map(|found| {
            let context =
                of.iter().find_map(|service| service.build.as_ref()).map(|build| plain(&build.context));
            match below(&context.unwrap_or_default(), found) {
                Some(rest) => {
                    format!("did you mean `dockerfile: {rest}`? it is a path from the build context")
                }
                None => {
                    format!("did you mean the build context `{}`? there is a Dockerfile in it", folder(found))
                }
            }
        });
        let usual = "images cannot be built without it; paths are relative to the compose file";
        let finding = Diagnostic::warning(Code::MissingDockerfile, message)
            .help(meant.unwrap_or_else(|| usual.to_owned()));
        let labels = of.iter().map(|service| service.place.key("build").key("dockerfile").label());
        labels.fold(finding, Diagnostic::at)
    }

    /// A Dockerfile that is there and may be meant by one at `path` that is not.
    pub fn meant(&self, path: &str, of: &[&ComposeService]) -> Option<&str> {
        let of_service = |folder: &str| {
            let name = folder.strip_prefix("services/").map(|name| name.replace('-', "_"));
            name.is_some_and(|name| of.iter().any(|each| each.name.as_str().replace('-', "_") == name))
        };
        // By the folder's name alone: the rest is alike for all services.
        let known = Known::new(self.0.iter().map(|found| last(folder(found))));
        let near = || {
            let name = known.nearest(last(folder(path)))?;
            self.0.iter().find(|found| last(folder(found)) == name)
        };
        let beside = self.0.iter().find(|found| folder(found) == folder(path));
        let contexts: Vec<_> =
            of.iter().filter_map(|each| Some(plain(&each.build.as_ref()?.context))).collect();
        let in_context =
            || self.0.iter().find(|found| contexts.iter().any(|context| folder(found) == context));
        let own = || self.0.iter().find(|found| of_service(folder(found)));
        beside.or_else(near).or_else(in_context).or_else(own).map(String::as_str)
    }
}

/// The path from a folder to a file below it.
fn below<'a>(dir: &str, path: &'a str) -> Option<&'a str> {
    if dir.is_empty() { Some(path) } else { path.strip_prefix(dir)?.strip_prefix('/') }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A context as a path below the use case.
fn plain(context: &str) -> String {
    let context = context.trim_start_matches("./").trim_end_matches('/');
    if context == "." { String::new() } else { context.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Dockerfiles;
    use crate::{ComposeFile, Document, Findings, SourceText};

    /// The help for the only service of a compose file.
    fn help(build: &str, missing: &str, there: &[&str]) -> String {
        let compose = format!("services:\n  meter-one:\n    build: {build}\n");
        let compose = Document::yaml(&SourceText::new("compose.yml", compose)).unwrap();
        let compose = ComposeFile::read(&compose, &mut Findings::new());
        let dockerfiles = Dockerfiles::new(there.iter().map(|path| (*path).to_owned()).collect());
        dockerfiles.missing(missing, &compose.services.iter().collect::<Vec<_>>()).help.unwrap()
    }

    #[test]
    fn a_dockerfile_nearby_is_offered_as_it_is_written() {
        let all = ["Dockerfile.all", "services/meter_one/Dockerfile", "services/report/Dockerfile"];
        let lines = [
            help("{ dockerfile: services/meter_one/Dokerfile }", "services/meter_one/Dokerfile", &all),
            help("{ dockerfile: Dockerfile }", "Dockerfile", &all[1..]),
            help("services/metre_one", "services/metre_one/Dockerfile", &all),
            help("{ context: services/report, dockerfile: docker/x }", "services/report/docker/x", &all[2..]),
            help("services/meter_one", "services/meter_one/Dockerfile", &[]),
            help("services/meter_one", "services/meter_one/Dockerfile", &all[2..]),
        ];
        insta::assert_snapshot!(lines.join("\n"), @"
        did you mean `dockerfile: services/meter_one/Dockerfile`? it is a path from the build context
        did you mean `dockerfile: services/meter_one/Dockerfile`? it is a path from the build context
        did you mean the build context `services/meter_one`? there is a Dockerfile in it
        did you mean `dockerfile: Dockerfile`? it is a path from the build context
        images cannot be built without it; paths are relative to the compose file
        images cannot be built without it; paths are relative to the compose file
        ");
    }
}
