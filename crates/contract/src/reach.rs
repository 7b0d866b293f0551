//! From a node's root file to every file that it reaches by imports, imported ones first.

use std::collections::BTreeSet;
use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Findings, Label, ProtoRoot, ProtoTree, SourceText, near_match};

use crate::parsed::{Import, TextId, Texts};

/// How many files a node may reach.
const MAX_FILES: usize = 1000;
/// How many files are looked through for a name that is nearly right.
const NEAR_MATCHED: usize = 500;

/// The files that come with protobuf itself; they are built in, whatever a user puts beside them.
const WELL_KNOWN: [&str; 12] = [
    "google/protobuf/any.proto",
    "google/protobuf/api.proto",
    "google/protobuf/compiler/plugin.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/source_context.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/type.proto",
    "google/protobuf/wrappers.proto",
];

/// A file of a node's protos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtoFile {
    /// Path in the [`ProtoTree`].
    pub path: String,
    /// The path by which it is imported; for the root file, by which it could be.
    pub import: String,
    /// Its text.
    pub source: Arc<SourceText>,
}

/// The files that a root reaches: each before those that import it, so the root comes last.
/// Google's well-known ones are not among them.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) files: Vec<ProtoFile>,
    /// The text of each file.
    pub(crate) texts: Vec<TextId>,
}

/// Whether `import` is a file that is built in.
pub(crate) fn is_well_known(import: &str) -> bool {
    WELL_KNOWN.contains(&import)
}

/// Follows the imports of `root`. `None` when a file is missing or wrong, which then is among the findings;
/// only a missing root is not, since who resolved the node has said so.
pub(crate) fn reach(root: &ProtoRoot, texts: &mut Texts<'_>, findings: &mut Findings) -> Option<Reach> {
    let mut walk = Walk {
        root,
        findings,
        open: Vec::new(),
        entered: BTreeSet::new(),
        reach: Reach { files: Vec::new(), texts: Vec::new() },
        whole: true,
    };
    let source = texts.protos().get(&root.file)?;
    let import = root_import(root, texts.protos());
    walk.enter(ProtoFile { path: root.file.clone(), import, source: Arc::clone(source) }, texts);
    while let Some(top) = walk.open.last_mut() {
        let at = top.next_import;
        top.next_import += 1;
        match texts.get(top.text).ok().and_then(|parsed| parsed.imports.get(at)) {
            Some(import) => {
                if let Some(file) = walk.follow(import, texts.protos()) {
                    walk.enter(file, texts);
                }
            }
            None => walk.leave(),
        }
    }
    walk.whole.then_some(walk.reach)
}

/// The path below the first root from which an import would find the file, else its whole path.
fn root_import(root: &ProtoRoot, protos: &ProtoTree) -> String {
    let finds_it = |import: &&str| {
        let found = protos.find(import, &root.import_roots);
        found.is_some_and(|(path, _)| path == root.file)
    };
    let mut imports = root.import_roots.iter().filter_map(|folder| below(folder, &root.file));
    imports.find(finds_it).unwrap_or(&root.file).to_owned()
}

/// The path of a file from a folder above it; the empty folder is above all.
pub(crate) fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

struct Walk<'w> {
    root: &'w ProtoRoot,
    findings: &'w mut Findings,
    /// The imports that led here, the root first.
    open: Vec<Open>,
    /// Paths in the tree of all files seen.
    entered: BTreeSet<String>,
    reach: Reach,
    /// No file is missing or wrong.
    whole: bool,
}

/// A file whose imports are being followed.
struct Open {
    file: ProtoFile,
    text: TextId,
    next_import: usize,
}

impl Walk<'_> {
    fn enter(&mut self, file: ProtoFile, texts: &mut Texts<'_>) {
        self.entered.insert(file.path.clone());
        let Some(text) = texts.parse(&file.path) else { return };
        match texts.get(text) {
            Ok(_) => self.open.push(Open { file, text, next_import: 0 }),
            Err(faults) => {
                faults.iter().for_each(|fault| self.findings.push(fault.in_file(&file.source)));
                self.whole = false;
            }
        }
    }

    fn leave(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.reach.files.push(open.file);
        self.reach.texts.push(open.text);
    }

    /// The file that an import of the innermost open file leads to, unless it was seen before.
    fn follow(&mut self, import: &Import, protos: &ProtoTree) -> Option<ProtoFile> {
        if is_well_known(&import.path) {
            return None;
        }
        let Some((path, source)) = protos.find(&import.path, &self.root.import_roots) else {
            if protos.finds_unreadable(&import.path, &self.root.import_roots) {
                self.whole = false;
                return None;
            }
            return self.refuse(self.missing(import, protos));
        };
        if self.open.iter().any(|open| open.file.path == path) {
            return self.refuse(self.cycle(import, &path));
        }
        if self.entered.contains(&path) {
            let known = self.reach.files.iter().find(|file| file.path == path && file.import != import.path);
            return known.cloned().and_then(|known| self.refuse(self.two_names(import, &known)));
        }
        if self.entered.len() == MAX_FILES {
            let message = format!("a proto imports more than {MAX_FILES} files");
            return self.refuse(
                Diagnostic::error(Code::ProtoTooDeep, message).at(self.label(import, "one too many")),
            );
        }
        Some(ProtoFile { path, import: import.path.clone(), source: Arc::clone(source) })
    }

    fn refuse(&mut self, finding: Diagnostic) -> Option<ProtoFile> {
        self.findings.push(finding);
        self.whole = false;
        None
    }

    /// Marks an import of the innermost open file.
    fn label(&self, import: &Import, note: &str) -> Label {
        let source = self.open.last().map(|open| &open.file.source);
        match source {
            Some(source) => Label::new(source, import.span, note),
            None => Label::whole(&SourceText::new(self.root.file.clone(), "")),
        }
    }

    fn missing(&self, import: &Import, protos: &ProtoTree) -> Diagnostic {
        let roots = &self.root.import_roots;
        let folder = |root: &String| match root.as_str() {
            "" => "the top folder".to_owned(),
            root => format!("`{root}/`"),
        };
        let looked = roots.iter().map(folder).collect::<Vec<_>>().join(", ");
        let others = protos.iter().map(|(path, _)| path).filter(|path| *path != self.root.file);
        let importable = others.filter_map(|path| roots.iter().find_map(|root| below(root, path)));
        let built_in = WELL_KNOWN.iter().copied().filter(|_| import.path.starts_with("google/protobuf/"));
        let near = near_match(&import.path, "protos", built_in.chain(importable).take(NEAR_MATCHED));
        let near = near.map(|near| format!("; {near}")).unwrap_or_default();
        Diagnostic::error(Code::MissingImport, format!("`{}` is imported, but is not there", import.path))
            .at(self.label(import, "imported here"))
            .help(format!("looked for it in {looked}{near}"))
    }

    fn cycle(&self, import: &Import, path: &str) -> Diagnostic {
        let chain = self.open.iter().skip_while(|open| open.file.path != path);
        let mut names: Vec<&str> = chain.map(|open| open.file.import.as_str()).collect();
        names.push(&import.path);
        Diagnostic::error(Code::BadProto, format!("imports go in a circle: {}", names.join(" → ")))
            .at(self.label(import, "this import closes it"))
            .help("move what both files need to a third one")
    }

    fn two_names(&self, import: &Import, known: &ProtoFile) -> Diagnostic {
        let message = format!("`{}` is imported as `{}` and as `{}`", known.path, known.import, import.path);
        Diagnostic::error(Code::BadProto, message)
            .at(self.label(import, "imported here"))
            .help(format!("import it as `{}` everywhere", known.import))
    }
}
