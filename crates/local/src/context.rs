//! A build context on disk: which files a `COPY` means, `.dockerignore` heeded.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pattern::Pattern;

/// This product's own folder in a use case; runs must not be copied into runs.
const OWN: &str = ".aieffect";

/// The folder that a Dockerfile copies from.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    dir: PathBuf,
    ignored: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: Pattern,
    /// Written with `!`: what it means is taken in again.
    exception: bool,
}

/// What one source of a `COPY` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file, by its path below the context.
    File(String),
    /// A folder, and all that is in it.
    Folder(Vec<Entry>),
}

/// Something in a folder that is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A file: its path below the folder, and below the context.
    File(String, String),
    /// A folder: its path below the one that is copied.
    Folder(String),
}

impl Context {
    /// The context in `dir`; a Dockerfile's own ignore file goes before the context's.
    pub(crate) fn open(dir: &Path, dockerfile: &str) -> Self {
        let own = dir.join(format!("{dockerfile}.dockerignore"));
        let text = fs::read_to_string(own).or_else(|_| fs::read_to_string(dir.join(".dockerignore")));
        Self { dir: dir.to_owned(), ignored: rules(&text.unwrap_or_default()) }
    }

    /// Where a file of the context lies.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.join(below)
    }

    /// What a source means, sorted; empty when there is nothing.
    pub(crate) fn find(&self, source: &str) -> Vec<Found> {
        let mut paths = vec![String::new()];
        for part in source.split('/').filter(|part| !part.is_empty()) {
            paths = paths.iter().flat_map(|path| self.step(path, part)).collect();
        }
        paths.iter().filter_map(|path| self.found(path)).collect()
    }

    fn step(&self, dir: &str, part: &str) -> Vec<String> {
        let below = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        if !Pattern::is_one(part) {
            let path = below(part);
            return if self.path(&path).exists() { vec![path] } else { Vec::new() };
        }
        let pattern = Pattern::new(part);
        let names = fs::read_dir(self.path(dir)).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let mut paths: Vec<_> = names.filter(|name| pattern.matches(name)).map(|name| below(&name)).collect();
        paths.sort();
        paths
    }

    fn found(&self, path: &str) -> Option<Found> {
        if self.path(path).is_dir() {
            let entries = self.entries(path);
            let there = path.is_empty() || !self.is_ignored(path) || !entries.is_empty();
            return there.then_some(Found::Folder(entries));
        }
        (!self.is_ignored(path)).then(|| Found::File(path.to_owned()))
    }

    fn entries(&self, folder: &str) -> Vec<Entry> {
        let root = self.path(folder);
        let has_exceptions = self.ignored.iter().any(|rule| rule.exception);
        let whole =
            |below: &str| if folder.is_empty() { below.to_owned() } else { format!("{folder}/{below}") };
        let below = |path: &Path| path.strip_prefix(&root).ok().and_then(Path::to_str).map(str::to_owned);
        let walk = walkdir::WalkDir::new(&root).min_depth(1).follow_links(true).sort_by_file_name();
        let kept = walk.into_iter().filter_entry(|entry| {
            let ignored = below(entry.path()).is_none_or(|path| self.is_ignored(&whole(&path)));
            let may_hold_exceptions = has_exceptions && entry.file_type().is_dir();
            entry.file_name() != OWN && (!ignored || may_hold_exceptions)
        });
        let mut entries = Vec::new();
        // What cannot be read, such as a link that leads round, is passed over.
        for entry in kept.flatten() {
            let Some(path) = below(entry.path()) else { continue };
            let in_context = whole(&path);
            if entry.file_type().is_file() {
                entries.push(Entry::File(path, in_context));
            } else if entry.file_type().is_dir() && !self.is_ignored(&in_context) {
                entries.push(Entry::Folder(path));
            }
        }
        entries
    }

    /// The last rule that means the path, or a folder above it, decides.
    fn is_ignored(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let above: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let means = |rule: &&Rule| above.iter().any(|path| rule.pattern.matches(path));
        self.ignored.iter().rev().find(means).is_some_and(|rule| !rule.exception)
    }
}

fn rules(text: &str) -> Vec<Rule> {
    let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
    let rules = lines.map(str::trim).filter(|line| !matches!(*line, "" | "!")).map(|line| {
        let (exception, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
        Rule { pattern: Pattern::new(pattern), exception }
    });
    rules.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(files: &[&str], ignore: &str) -> (tempfile::TempDir, Context) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        fs::write(dir.path().join(".dockerignore"), ignore).unwrap();
        let context = Context::open(dir.path(), "Dockerfile");
        (dir, context)
    }

    fn shown(found: &[Found]) -> String {
        let one = |found: &Found| match found {
            Found::File(path) => path.clone(),
            Found::Folder(entries) => {
                let entries = entries.iter().map(|entry| match entry {
                    Entry::File(path, _) => path.clone(),
                    Entry::Folder(path) => format!("{path}/"),
                });
                format!("[{}]", entries.collect::<Vec<_>>().join(" "))
            }
        };
        found.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sources_are_files_folders_or_patterns() {
        let (_dir, context) =
            context(&["a.py", "b.py", "s/x/r.txt", "s/y/r.txt", "s/y/z/q"], ".dockerignore");
        let check = |source, expected: &str| assert_eq!(shown(&context.find(source)), expected, "{source}");
        check("a.py", "a.py");
        check("*.py", "a.py b.py");
        check("s/*/r.txt", "s/x/r.txt s/y/r.txt");
        check("s/y", "[r.txt z/ z/q]");
        check("", "[a.py b.py s/ s/x/ s/x/r.txt s/y/ s/y/r.txt s/y/z/ s/y/z/q]");
        check("none", "");
        check("*.none", "");
    }

    #[test]
    fn what_is_ignored_is_not_there() {
        let files = ["a.py", "a.log", "data/x.csv", "data/keep.csv", "venv/lib/m.py", "deep/er/b.log"];
        let ignore = "# comment\n*.log\n**/*.log\n/venv\ndata\n!data/keep.csv\n.dockerignore\n";
        let (_dir, context) = context(&files, ignore);
        assert_eq!(shown(&context.find("")), "[a.py data/keep.csv deep/ deep/er/]");
        assert_eq!(shown(&context.find("venv")), "");
        assert_eq!(shown(&context.find("data/x.csv")), "");
        assert_eq!(shown(&context.find("data")), "[keep.csv]");
    }

    #[test]
    fn a_runs_folder_is_never_copied() {
        let (_dir, context) = context(&["a.py", ".aieffect/runs/r/work/a/a.py"], ".dockerignore");
        assert_eq!(shown(&context.find("")), "[a.py]");
    }
}
