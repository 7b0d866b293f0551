//! Which file of the build context goes where: [`Contents::resolve`]. What is missing is a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use aieffect_blueprint::{Code, Diagnostic, Findings, Label};

use crate::container_path::{Roots, join};
use crate::context::{Context, Entry, Found};
use crate::recipe::{CopyStep, PipStep, ProtocStep, Recipe, Step, Target};

/// How deep requirements may name further files.
const MAX_NESTING: usize = 16;

/// What a tree is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) actions: Vec<Action>,
    /// What is to be installed, in order.
    pub(crate) installs: Vec<Install>,
    /// The paths in the container that are the service's own.
    pub(crate) roots: Roots,
}

/// One step of making the tree; paths are absolute in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    MakeDir(String),
    CopyFile { from: PathBuf, to: String },
    Protoc(ProtocStep),
}

/// One `pip install`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Install {
    pub(crate) args: Vec<String>,
    pub(crate) dir: String,
    /// The requirement files that it reads, by path in the container, with their text.
    pub(crate) files: BTreeMap<String, String>,
}

impl Contents {
    /// Looks up what the steps copy and read.
    pub(crate) fn resolve(recipe: &Recipe, context: &Context, findings: &mut Findings) -> Self {
        let mut resolving = Resolving {
            context,
            files: BTreeMap::new(),
            folders: BTreeSet::from(["/".to_owned()]),
            contents: Self { actions: Vec::new(), installs: Vec::new(), roots: recipe.roots.clone() },
        };
        for step in &recipe.steps {
            match step {
                Step::MakeDir(path) => resolving.make_dir(path),
                Step::Copy(copy) => resolving.copy(copy, findings),
                Step::Pip(pip) => resolving.pip(pip, findings),
                Step::Protoc(protoc) => resolving.contents.actions.push(Action::Protoc(protoc.clone())),
            }
        }
        resolving.contents
    }
}

struct Resolving<'a> {
    context: &'a Context,
    /// What is there so far: where each file comes from.
    files: BTreeMap<String, PathBuf>,
    folders: BTreeSet<String>,
    contents: Contents,
}

impl Resolving<'_> {
    fn make_dir(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).chain([path.len()]);
        for end in ends {
            if self.folders.insert(path[..end].to_owned()) {
                self.contents.actions.push(Action::MakeDir(path[..end].to_owned()));
            }
        }
    }

    fn copy(&mut self, copy: &CopyStep, findings: &mut Findings) {
        let mut found = Vec::new();
        for source in &copy.sources {
            let here = self.context.find(source);
            if here.is_empty() {
                let message = format!("`{source}`, which is copied here, is not in the build context");
                let finding = Diagnostic::error(Code::CopySourceMissing, message).at(copy.label.clone());
                let help = "add the file, or correct the path; it is looked for below the folder that \
                            `build.context` names, less what `.dockerignore` leaves out";
                findings.push(finding.help(help));
            }
            found.extend(here);
        }
        let folder = copy.shape == Target::Folder
            || found.len() > 1
            || self.folders.contains(&copy.target)
            || matches!(found.as_slice(), [Found::Folder(_)]);
        if folder {
            self.make_dir(&copy.target);
            self.contents.roots.add(&copy.target);
        }
        for found in found {
            match found {
                Found::File(path) if folder => {
                    let name = path.rsplit('/').next().unwrap_or_default();
                    self.copy_file(&path, join(&copy.target, name));
                }
                Found::File(path) => self.copy_file(&path, copy.target.clone()),
                Found::Folder(entries) => self.copy_entries(&entries, &copy.target),
            }
        }
    }

    fn copy_entries(&mut self, entries: &[Entry], target: &str) {
        for entry in entries {
            match entry {
                Entry::Folder(path) => self.make_dir(&join(target, path)),
                Entry::File(path, in_context) => self.copy_file(in_context, join(target, path)),
            }
        }
    }

    fn copy_file(&mut self, from: &str, to: String) {
        let parent = join(&to, "..");
        self.make_dir(&parent);
        self.contents.roots.add(&to);
        let from = self.context.path(from);
        self.files.insert(to.clone(), from.clone());
        self.contents.actions.push(Action::CopyFile { from, to });
    }

    fn pip(&mut self, pip: &PipStep, findings: &mut Findings) {
        let mut files = BTreeMap::new();
        for file in &pip.files {
            self.requirements(file, &pip.label, MAX_NESTING, &mut files, findings);
        }
        self.contents.installs.push(Install { args: pip.args.clone(), dir: pip.dir.clone(), files });
    }

    fn requirements(
        &self,
        file: &str,
        label: &Label,
        depth: usize,
        files: &mut BTreeMap<String, String>,
        findings: &mut Findings,
    ) {
        if files.contains_key(file) || depth == 0 {
            return;
        }
        let Some(text) = self.files.get(file).and_then(|path| fs::read_to_string(path).ok()) else {
            // What is not played, or not there, may have been the copy that brings it.
            if !findings.has_errors() {
                let message = format!("`{file}` is read here, but nothing copies it there before");
                findings.push(Diagnostic::error(Code::CopySourceMissing, message).at(label.clone()));
            }
            return;
        };
        let dir = join(file, "..");
        let named: Vec<String> = text.lines().filter_map(named_file).map(|name| join(&dir, name)).collect();
        files.insert(file.to_owned(), text);
        for name in named {
            self.requirements(&name, label, depth - 1, files, findings);
        }
    }
}

/// The file that a line `-r other.txt` of a requirements file names.
fn named_file(line: &str) -> Option<&str> {
    let line = line.trim();
    let options = ["--requirement", "--constraint", "-r", "-c"];
    let rest = options.into_iter().find_map(|option| line.strip_prefix(option))?;
    let name = rest.trim_start_matches(['=', ' ', '\t']).split_whitespace().next()?;
    (!name.contains("://")).then_some(name)
}

#[cfg(test)]
mod tests {
    use aieffect_blueprint::SourceText;

    use super::*;
    use crate::dockerfile::Dockerfile;
    use crate::recipe::Overrides;

    fn resolve(files: &[(&str, &str)], dockerfile: &str) -> (Vec<String>, Contents, Findings) {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut findings = Findings::new();
        let parsed = Dockerfile::parse(&SourceText::new("Dockerfile", dockerfile), &mut findings);
        let recipe = Recipe::read(&parsed, &Overrides::default(), &mut findings);
        let contents = Contents::resolve(&recipe, &Context::open(dir.path(), "Dockerfile"), &mut findings);
        let shown = contents.actions.iter().map(|action| match action {
            Action::MakeDir(path) => format!("{path}/"),
            Action::CopyFile { from, to } => {
                format!("{} > {to}", from.strip_prefix(dir.path()).unwrap().display())
            }
            Action::Protoc(_) => "protoc".to_owned(),
        });
        (shown.collect(), contents, findings)
    }

    #[test]
    fn targets_are_files_or_folders_as_docker_decides() {
        let files = [("a.py", ""), ("b.py", ""), ("p/x.proto", ""), ("p/q/y.proto", "")];
        let dockerfile = "FROM python\nWORKDIR /app\nCOPY a.py main.py\nCOPY b.py /app\nCOPY p protos\nCOPY p/x.proto /\nCMD x";
        let (actions, _, findings) = resolve(&files, dockerfile);
        assert!(findings.is_empty(), "{findings:?}");
        let expected = [
            "/app/",
            "a.py > /app/main.py",
            "b.py > /app/b.py",
            "/app/protos/",
            "/app/protos/q/",
            "p/q/y.proto > /app/protos/q/y.proto",
            "p/x.proto > /app/protos/x.proto",
            "p/x.proto > /x.proto",
        ];
        assert_eq!(actions, expected);
    }

    #[test]
    fn requirements_are_read_with_all_that_they_name() {
        let files =
            [("req/all.txt", "-r base.txt\nflask\n"), ("req/base.txt", "grpcio\n-c https://x/c.txt\n")];
        let dockerfile = "FROM python\nCOPY req /req\nRUN pip install -r /req/all.txt\nCMD x";
        let (_, contents, findings) = resolve(&files, dockerfile);
        assert!(findings.is_empty(), "{findings:?}");
        let names: Vec<_> = contents.installs[0].files.keys().collect();
        assert_eq!(names, ["/req/all.txt", "/req/base.txt"]);
    }

    #[test]
    fn what_is_not_there_is_reported_at_its_instruction() {
        let check = |dockerfile: &str, expected: &str| {
            let (_, _, findings) = resolve(&[], dockerfile);
            let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
            assert_eq!(found, [expected]);
        };
        check(
            "FROM python\nCOPY none.py .\nRUN pip install -r requirements.txt\nCMD x",
            "error[AE0603] Dockerfile:2:1: `none.py`, which is copied here, is not in the build context",
        );
        check(
            "FROM python\nRUN pip install -r requirements.txt\nCMD x",
            "error[AE0603] Dockerfile:2:1: `/requirements.txt` is read here, but nothing copies it there before",
        );
    }
}
