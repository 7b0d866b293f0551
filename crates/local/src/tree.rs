//! A service's files as its image would hold them: made once in the cache, copied for each run.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::container_path::{Roots, below};
use crate::contents::{Action, Contents};
use crate::environment::Environment;
use crate::job::Job;
use crate::lock::{Claim, claim};
use crate::pattern::Pattern;
use crate::plan::StartOptions;
use crate::recipe::{ProtocStep, Word};
use crate::run_folder::copy_tree;
use crate::steps::Steps;
use crate::venv::{Venv, short_hex};

/// What a tree is made from, and in which environment.
pub(crate) struct TreeSource<'a> {
    pub(crate) contents: &'a Contents,
    /// The image's `ENV`.
    pub(crate) environment: &'a [(String, String)],
    pub(crate) venv: &'a Venv,
    pub(crate) service: &'a str,
}

impl TreeSource<'_> {
    /// Makes `work` a copy of the tree, which stands for `/`.
    pub(crate) async fn copy_to(&self, work: &Path, options: &StartOptions) -> Result<(), Error> {
        let steps = Steps { service: self.service, options };
        let key = self.key().map_err(|(path, source)| Error::Read { path, source })?;
        let dir = options.cache.path().join("trees").join(key);
        let cannot = |source| Error::Write { path: dir.clone(), source };
        let waiting = || steps.say("waiting for another aieffect that prepares the same files");
        let root = dir.join("root");
        if let Claim::Ours(making) = claim(&dir, waiting).await.map_err(cannot)? {
            self.make(&root, &steps).await?;
            making.complete().map_err(cannot)?;
        }
        copy_tree(&root, work).map_err(|source| Error::Write { path: work.to_owned(), source })
    }

    /// Everything that decides what is in the tree.
    fn key(&self) -> Result<String, (PathBuf, io::Error)> {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        let needs_python = self.contents.actions.iter().any(|action| matches!(action, Action::Protoc(_)));
        if needs_python {
            add(self.venv.key().as_bytes());
            for (name, value) in self.environment {
                add(name.as_bytes());
                add(value.as_bytes());
            }
        }
        for action in &self.contents.actions {
            match action {
                Action::MakeDir(path) => add(path.as_bytes()),
                Action::CopyFile { from, to } => {
                    add(to.as_bytes());
                    let (content, mode) = digest(from).map_err(|error| (from.clone(), error))?;
                    add(&content);
                    add(&mode.to_le_bytes());
                }
                Action::Protoc(protoc) => {
                    add(protoc.dir.as_bytes());
                    protoc.args.iter().for_each(|arg| add(arg.text().as_bytes()));
                }
            }
        }
        Ok(short_hex(hash))
    }

    async fn make(&self, root: &Path, steps: &Steps<'_>) -> Result<(), Error> {
        let cannot = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Write { path, source }
        };
        fs::create_dir_all(root).map_err(cannot(root))?;
        for action in &self.contents.actions {
            match action {
                Action::MakeDir(path) => {
                    let path = below(root, path);
                    fs::create_dir_all(&path).map_err(cannot(&path))?;
                }
                Action::CopyFile { from, to } => {
                    let path = below(root, to);
                    fs::copy(from, &path).map_err(cannot(&path))?;
                }
                Action::Protoc(protoc) => self.protoc(protoc, root, steps).await?,
            }
        }
        Ok(())
    }

    async fn protoc(&self, protoc: &ProtocStep, root: &Path, steps: &Steps<'_>) -> Result<(), Error> {
        let dir = below(root, &protoc.dir);
        let roots = &self.contents.roots;
        let args = protoc.args.iter().flat_map(|word| expand(word, &dir, root, roots));
        let head = [self.venv.python().into_os_string(), "-m".into(), "grpc_tools.protoc".into()];
        let environment = environment(self.environment, roots, root, self.venv);
        let job = Job { command: head.into_iter().chain(args).collect(), dir, environment };
        steps.run("python -m grpc_tools.protoc", &job).await
    }
}

/// A file's content, read piece by piece since it may be a large model, and its mode.
fn digest(path: &Path) -> io::Result<(Vec<u8>, u32)> {
    let mut file = fs::File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hash.finalize().to_vec(), mode)),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// What a process in a tree starts with: `aieffect`'s own environment and the image's, with the service's own
/// paths where they lie and the virtual environment first.
pub(crate) fn environment(
    image: &[(String, String)],
    roots: &Roots,
    root: &Path,
    venv: &Venv,
) -> Environment {
    let mut environment = Environment::inherited();
    environment.remove("PYTHONPATH");
    let mapped = |value: &str| roots.map(value, root);
    for (name, value) in image.iter().filter(|(name, _)| name != "PATH") {
        environment.set(name, mapped(value));
    }
    let path = image.iter().find(|(name, _)| name == "PATH").map(|(_, value)| mapped(value));
    venv.activate(&mut environment, path.as_deref());
    environment
}

/// The arguments that a word of a `RUN` stands for.
fn expand(word: &Word, dir: &Path, root: &Path, roots: &Roots) -> Vec<OsString> {
    // The one option that stands before its path without anything between.
    let (option, rest) = word.text().strip_prefix("-I").map_or(("", word.text()), |rest| ("-I", rest));
    let text = format!("{option}{}", roots.map(rest, root));
    let found = match word {
        Word::Literal(_) => Vec::new(),
        Word::Pattern(_) => matching(&text, dir),
    };
    if found.is_empty() { vec![text.into()] } else { found }
}

/// The files that a pattern means, as the shell would write and sort them.
fn matching(pattern: &str, dir: &Path) -> Vec<OsString> {
    let mut found = vec![PathBuf::from(if pattern.starts_with('/') { "/" } else { "" })];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let step = |path: &PathBuf| -> Vec<PathBuf> {
            if !Pattern::is_one(part) {
                let path = path.join(part);
                return if dir.join(&path).exists() { vec![path] } else { Vec::new() };
            }
            let pattern = Pattern::new(part);
            let entries = fs::read_dir(dir.join(path)).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            let shown = names.filter(|name| pattern.matches(name) && !name.starts_with('.'));
            shown.map(|name| path.join(name)).collect()
        };
        found = found.iter().flat_map(step).collect();
    }
    found.sort();
    found.into_iter().map(PathBuf::into_os_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_protoc_mean_the_files_of_the_tree() {
        let root = tempfile::tempdir().unwrap();
        let app = root.path().join("app");
        fs::create_dir_all(app.join("proto/deep")).unwrap();
        for file in ["proto/b.proto", "proto/a.proto", "proto/.c.proto", "proto/deep/d.proto"] {
            fs::write(app.join(file), "").unwrap();
        }
        let mut roots = Roots::default();
        roots.add("/app");
        let check = |word: &Word, expected: &[&str]| {
            assert_eq!(expand(word, &app, root.path(), &roots), expected, "{word:?}");
        };
        check(&Word::Pattern("proto/*.proto".to_owned()), &["proto/a.proto", "proto/b.proto"]);
        check(&Word::Pattern("*.none".to_owned()), &["*.none"]);
        check(&Word::Literal("proto/*.proto".to_owned()), &["proto/*.proto"]);
        let absolute = app.join("proto/deep/d.proto");
        check(&Word::Pattern("/app/proto/deep/*".to_owned()), &[absolute.to_str().unwrap()]);
        let include = format!("-I{}/app", root.path().display());
        check(&Word::Literal("-I/app".to_owned()), &[&include]);
    }
}
