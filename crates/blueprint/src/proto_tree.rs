//! The `.proto` texts of a use case or package, and where a node's begin.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::SourceText;

/// Texts by their path below the use case or package, with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProtoTree {
    texts: BTreeMap<String, Arc<SourceText>>,
    unreadable: BTreeSet<String>,
}

impl ProtoTree {
    /// No text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under its path.
    pub fn insert(&mut self, path: impl Into<String>, text: Arc<SourceText>) {
        self.texts.insert(path.into(), text);
    }

    /// Remembers a file that is there and that a finding is about, so that nobody calls it missing.
    pub fn insert_unreadable(&mut self, path: impl Into<String>) {
        self.unreadable.insert(path.into());
    }

    /// Whether the file at a path is there but could not be read.
    pub fn is_unreadable(&self, path: &str) -> bool {
        self.unreadable.contains(path)
    }

    /// Whether a file below a folder, which ends with `/`, could not be read.
    pub fn has_unreadable_below(&self, folder: &str) -> bool {
        self.unreadable.iter().any(|path| path.starts_with(folder))
    }

    /// The text at a path.
    pub fn get(&self, path: &str) -> Option<&Arc<SourceText>> {
        self.texts.get(path)
    }

    /// The path and text that `import` means to a file whose imports are looked up below `roots`, in order.
    pub fn find(&self, import: &str, roots: &[String]) -> Option<(String, &Arc<SourceText>)> {
        let mut paths = roots.iter().map(|root| below(root, import));
        paths.find_map(|path| self.texts.get(&path).map(|text| (path, text)))
    }

    /// Whether `import` may mean a file that could not be read.
    pub fn finds_unreadable(&self, import: &str, roots: &[String]) -> bool {
        roots.iter().any(|root| self.unreadable.contains(&below(root, import)))
    }

    /// Paths and texts, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<SourceText>)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text))
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

fn below(root: &str, import: &str) -> String {
    if root.is_empty() { import.to_owned() } else { format!("{root}/{import}") }
}

/// The file that holds a node's operations, and the folders in which its imports are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProtoRoot {
    /// Path in the [`ProtoTree`].
    pub file: String,
    /// Folders, first match wins; the empty text is the top folder.
    pub import_roots: Vec<String>,
}

/// What an operation takes and gives, as a blueprint writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The RPC's name.
    pub operation: crate::OperationName,
    /// The request's message as the proto's own package names it, without a leading dot.
    pub input: String,
    /// The response's message, likewise.
    pub output: String,
    /// Whether requests are a stream.
    pub input_stream: bool,
    /// Whether responses are a stream.
    pub output_stream: bool,
}

/// What a service offers: how it is called, and its operations in the proto's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// How it is called, and where its protos begin.
    pub transport: crate::NodeTransport,
    /// The operations.
    pub operations: Vec<Signature>,
}
