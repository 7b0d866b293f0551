//! The `.proto` files below a folder, without leaving it and without end in sight.

use std::path::{Path, PathBuf};

use aieffect_blueprint::{Code, Diagnostic, Findings, ProtoTree, Severity};
use walkdir::{DirEntry, WalkDir};

use crate::text::{PROTO_LIMIT, read_limited};

/// Files and folders looked at.
const ENTRY_LIMIT: usize = 50_000;
/// Folders inside each other.
const DEPTH_LIMIT: usize = 24;
/// Protos read.
const PROTO_COUNT_LIMIT: usize = 2_000;
/// Bytes of all protos together.
const TOTAL_LIMIT: usize = 32 << 20;

/// Folders that hold what is built or installed, not what is written.
const SKIPPED: [&str; 5] = ["target", "node_modules", "__pycache__", "venv", "site-packages"];
/// Folders at the top that hold what services read and produce.
const SKIPPED_AT_TOP: [&str; 2] = ["data", "results"];

/// What a link to a folder elsewhere is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutwardFolder {
    /// Unusual, and passed over: people link their models and data.
    Warned,
    /// Wrong.
    Refused,
}

/// Whether a folder of that name is passed over.
pub(crate) fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || SKIPPED.contains(&name)
}

/// Reads every `.proto` below `root`'s folder `below` (all of it when empty) by its path below `root`.
pub(crate) fn protos(root: &Path, below: &str, outward: OutwardFolder, findings: &mut Findings) -> ProtoTree {
    let mut walk = Walk { root, outward, real_root: real(root), tree: ProtoTree::new(), count: 0, bytes: 0 };
    let start = if below.is_empty() { root.to_owned() } else { root.join(below) };
    if !start.is_dir() {
        return walk.tree;
    }
    if escapes(root, &start) {
        findings.push(leaves_folder(below));
        return walk.tree;
    }
    let mut entries =
        WalkDir::new(&start).follow_links(true).max_depth(DEPTH_LIMIT).sort_by_file_name().into_iter();
    let mut seen = 0_usize;
    while let Some(entry) = entries.next() {
        seen += 1;
        if seen > ENTRY_LIMIT {
            findings.push(too_much(format!("`{}` holds more than {ENTRY_LIMIT} files", name_of(&start))));
            break;
        }
        // An entry that cannot be read, or a link that leads back up, holds nothing that is missed: a proto
        // that is needed and not there is said by whoever imports it.
        let Ok(entry) = entry else { continue };
        if walk.is_passed_over(&entry) || walk.leaves(&entry, findings) {
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
            continue;
        }
        if entry.file_type().is_file() && is_proto(entry.path()) && !walk.take(entry.path(), findings) {
            break;
        }
    }
    walk.tree
}

struct Walk<'a> {
    root: &'a Path,
    outward: OutwardFolder,
    real_root: PathBuf,
    tree: ProtoTree,
    count: usize,
    bytes: usize,
}

impl Walk<'_> {
    /// Reads one proto; `false` when that was one too many.
    fn take(&mut self, path: &Path, findings: &mut Findings) -> bool {
        let Some(name) = relative(self.root, path) else {
            findings.push(Diagnostic::error(
                Code::NotUtf8,
                format!("the file name `{}` is not UTF-8", path.display()),
            ));
            return true;
        };
        let text = match read_limited(path, &name, PROTO_LIMIT) {
            Ok(text) => text,
            Err(finding) => {
                findings.push(finding);
                self.tree.insert_unreadable(name);
                return true;
            }
        };
        self.count += 1;
        self.bytes += text.text().len();
        if self.count > PROTO_COUNT_LIMIT || self.bytes > TOTAL_LIMIT {
            findings.push(too_much(format!("`{}` holds more protos than are taken", name_of(self.root))));
            return false;
        }
        self.tree.insert(name, text);
        true
    }

    fn is_passed_over(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 || !entry.file_type().is_dir() {
            return false;
        }
        let name = entry.file_name().to_string_lossy();
        let at_top = entry.path().parent() == Some(self.root) && SKIPPED_AT_TOP.contains(&&*name);
        at_top || is_skipped(&name) || entry.path().join("pyvenv.cfg").is_file()
    }

    /// Whether a symbolic link leaves the root; said only where it could matter to protos.
    fn leaves(&mut self, entry: &DirEntry, findings: &mut Findings) -> bool {
        if !entry.path_is_symlink() || real(entry.path()).starts_with(&self.real_root) {
            return false;
        }
        let is_folder = entry.file_type().is_dir();
        if is_folder || is_proto(entry.path()) {
            let name = relative(self.root, entry.path()).unwrap_or_default();
            let mut finding = leaves_folder(&name);
            self.tree.insert_unreadable(name);
            if is_folder && self.outward == OutwardFolder::Warned {
                finding.severity = Severity::Warning;
            }
            findings.push(finding);
        }
        true
    }
}

/// The finding for a link that leads out of what was given.
pub(crate) fn leaves_folder(name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnsafeArchiveEntry, format!("`{name}` is a link that leads out of the folder"))
        .help("put the files themselves there; nothing outside the folder is read")
}

/// Whether `path` is there and leads, through links, out of `root`.
pub(crate) fn escapes(root: &Path, path: &Path) -> bool {
    path.exists() && !real(path).starts_with(real(root))
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("proto"))
}

fn too_much(message: String) -> Diagnostic {
    Diagnostic::error(Code::Unreadable, message).help("is this the right folder?")
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| ".".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// `path` below `root`, with `/`; `None` when a part of it is not UTF-8.
pub(crate) fn relative(root: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}
