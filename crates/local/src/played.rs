//! A service that is started from its Dockerfile, without Docker: [`Played::plan`], then [`Played::prepare`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aieffect_blueprint::{
    Code, ComposeService, Diagnostic, Findings, ImageBuild, Service, Severity, SourceText, UseCase,
};

use crate::Error;
use crate::container_path::below;
use crate::contents::Contents;
use crate::context::Context;
use crate::dockerfile::Dockerfile;
use crate::environment::{Environment, Variables};
use crate::mount::PlannedMount;
use crate::plan::StartOptions;
use crate::recipe::{Outside, Overrides, Recipe, is_python, run_help};
use crate::tree::{self, TreeSource};
use crate::venv::Venv;

/// The largest Dockerfile that is read, in bytes.
const MAX_DOCKERFILE: u64 = 1024 * 1024;

/// What a Dockerfile, its context and its compose service come to.
#[derive(Debug)]
pub(crate) struct Played {
    recipe: Recipe,
    contents: Contents,
    mounts: Vec<PlannedMount>,
}

/// A service's working copy, ready to be started in.
pub(crate) struct Prepared {
    pub(crate) command: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) environment: Environment,
}

impl Played {
    /// Reads the service's Dockerfile; whatever cannot be played is a finding.
    pub(crate) fn plan(
        use_case: &UseCase,
        service: &Service,
        root: &Path,
        variables: &Variables,
        findings: &mut Findings,
    ) -> Option<Self> {
        let compose = use_case.compose_service(service);
        let build = image_build(service, compose);
        let context = root.join(variables.fill(&build.context));
        let name = variables.fill(&build.dockerfile);
        let path = context.join(&name);
        let outside = outside(use_case, service, root);
        let overrides = Overrides { outside, ..overrides(use_case, service, &build, variables) };
        let Some(text) = read(&path) else {
            let wanted = Wanted { use_case, root, variables };
            findings.push(match compose.filter(|compose| compose.build.is_some()) {
                Some(_) => wanted.missing(&path, &overrides),
                None => nothing_to_play(service, compose, &shown(&path, root), &overrides),
            });
            return None;
        };
        let mut own = Findings::new();
        let dockerfile = Dockerfile::parse(&SourceText::new(shown(&path, root), text), &mut own);
        let recipe = Recipe::read(&dockerfile, &overrides, &mut own);
        let mut contents = Contents::resolve(&recipe, &Context::open(&context, &name), &mut own);
        let mounts = compose.map_or(&[][..], |compose| &compose.mounts).iter();
        let mounts: Vec<_> = mounts.map(|mount| PlannedMount::new(mount, root, variables)).collect();
        mounts.iter().for_each(|mount| contents.roots.add(&mount.target));
        let playable = !own.has_errors();
        findings.extend(own);
        playable.then_some(Self { recipe, contents, mounts })
    }

    /// Makes the service's working copy for this run. `compose` is what the compose file sets.
    pub(crate) async fn prepare(
        &self,
        service: &str,
        compose: &[(String, String)],
        options: &StartOptions,
    ) -> Result<Prepared, Error> {
        let venv = Venv::prepare(&self.contents.installs, self.recipe.python, service, options).await?;
        let work = options.run.work(service);
        let image = self.recipe.environment.as_slice();
        let source = TreeSource { contents: &self.contents, environment: image, venv: &venv, service };
        source.copy_to(&work, options).await?;
        let dir = below(&work, &self.recipe.workdir);
        let cannot = |source| Error::Write { path: work.clone(), source };
        fs::create_dir_all(&dir).map_err(cannot)?;
        for mount in &self.mounts {
            mount.link(&work, &options.run).map_err(cannot)?;
        }
        let roots = &self.contents.roots;
        // What compose sets beats the image, `PATH` included.
        let mut all: Vec<_> = image.to_vec();
        all.retain(|(name, _)| !compose.iter().any(|(set, _)| set == name));
        all.extend_from_slice(compose);
        let environment = tree::environment(&all, roots, &work, &venv);
        let mut command: Vec<OsString> =
            self.recipe.command.iter().map(|word| roots.map(word, &work).into()).collect();
        if self.recipe.command.first().is_some_and(|program| is_python(program)) {
            command[0] = venv.python().into();
        }
        Ok(Prepared { command, dir, environment })
    }
}

/// How compose builds the service's image; without a word of it, from the Dockerfile in the service's folder.
fn image_build(service: &Service, compose: Option<&ComposeService>) -> ImageBuild {
    let folder = || ImageBuild {
        context: format!("services/{}", service.folder),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
    };
    compose.and_then(|compose| compose.build.clone()).unwrap_or_else(folder)
}

fn overrides(use_case: &UseCase, service: &Service, build: &ImageBuild, variables: &Variables) -> Overrides {
    let compose = use_case.compose_service(service);
    let fill = |words: &Vec<String>| words.iter().map(|word| variables.fill(word)).collect();
    let args = build.args.iter().filter_map(|(name, value)| {
        let value = value.as_ref().map_or_else(|| variables.get(name), |value| Some(variables.fill(value)));
        Some((name.clone(), value?))
    });
    Overrides {
        service: use_case.compose_name(service).to_string(),
        build_args: args.collect(),
        entrypoint: compose.and_then(|compose| compose.entrypoint.as_ref()).map(fill),
        command: compose.and_then(|compose| compose.command.as_ref()).map(fill),
        working_dir: compose
            .and_then(|compose| compose.working_dir.as_deref())
            .map(|dir| variables.fill(dir)),
        outside: Outside::default(),
    }
}

fn outside(use_case: &UseCase, service: &Service, root: &Path) -> Outside {
    let folder = format!("services/{}", service.folder);
    let files = fs::read_dir(root.join(&folder)).into_iter().flatten().flatten();
    let own = service.protos.iter().filter_map(|path| path.strip_prefix(&folder)?.strip_prefix('/'));
    let own: Vec<&str> = own.collect();
    let own_root = if own.iter().any(|path| path.starts_with("proto/")) { "proto" } else { "." };
    let shared =
        use_case.protos.iter().map(|(path, _)| path).filter(|path| path.starts_with("shared/proto/"));
    let shared: Vec<_> = shared.map(|path| format!("../../{path}")).collect();
    let shared_root = (!shared.is_empty()).then(|| "../../shared/proto".to_owned());
    let parent = |path: &str| path.rsplit_once('/').map_or(".", |(parent, _)| parent).to_owned();
    let compose = use_case.compose.services.first().map(|service| service.place.document().source().name());
    Outside {
        compose_file: compose.unwrap_or("docker-compose.yml").to_owned(),
        folder,
        files: files.filter_map(|entry| entry.file_name().into_string().ok()).collect(),
        proto_roots: [own_root.to_owned()].into_iter().chain(shared_root).collect(),
        proto_folders: own.into_iter().chain(shared.iter().map(String::as_str)).map(parent).collect(),
        build: use_case.compose.build.clone(),
    }
}

fn read(path: &Path) -> Option<String> {
    let size = fs::metadata(path).ok().filter(|found| found.is_file())?.len();
    if size > MAX_DOCKERFILE {
        return None;
    }
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The path as the user knows it: below the use case.
fn shown(path: &Path, root: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    path.replace("/./", "/").trim_start_matches("./").to_owned()
}

/// A Dockerfile that the compose file names.
struct Wanted<'a> {
    use_case: &'a UseCase,
    root: &'a Path,
    variables: &'a Variables,
}

impl Wanted<'_> {
    /// One finding for all services that it is missing for.
    fn missing(&self, path: &Path, overrides: &Overrides) -> Diagnostic {
        let is_it = |build: &ImageBuild| {
            let context = self.root.join(self.variables.fill(&build.context));
            context.join(self.variables.fill(&build.dockerfile)) == path
        };
        let services = self.use_case.compose.services.iter();
        let of: Vec<_> = services.filter(|service| service.build.as_ref().is_some_and(is_it)).collect();
        let path = shown(path, self.root);
        let finding =
            Diagnostic { severity: Severity::Error, ..self.use_case.dockerfiles.missing(&path, &of) };
        match self.use_case.dockerfiles.meant(&path, &of) {
            Some(_) => finding,
            None => finding.help(run_help(overrides)),
        }
    }
}

fn nothing_to_play(
    service: &Service,
    compose: Option<&ComposeService>,
    dockerfile: &str,
    overrides: &Overrides,
) -> Diagnostic {
    let message = format!(
        "service `{}` cannot be started locally: it has no `x-aieffect.run`, and there is no `{dockerfile}`",
        service.folder
    );
    let finding = Diagnostic::error(Code::NoWayToStart, message).help(run_help(overrides));
    match compose {
        Some(compose) => finding.at(compose.place.key_label()),
        None => finding,
    }
}

#[cfg(test)]
mod tests;
