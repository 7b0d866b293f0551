//! A JSON or YAML text as a value whose every part can be pointed at: [`Document`], [`Pointer`], [`Place`].
//!
//! Reading is lenient and collects findings; see [`Reader`]. Typed documents are built on top of this.

mod pointer;
mod reader;
mod tree;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

pub use self::pointer::{Pointer, Segment};
pub use self::reader::{At, Reader};
use self::tree::Node;
use crate::{Code, Diagnostic, Findings, Label, SourceText};

/// A parsed document and the text it came from.
#[derive(Debug)]
pub struct Document {
    source: Arc<SourceText>,
    value: Value,
    tree: OnceLock<Node>,
}

impl Document {
    /// Parses JSON. The finding tells the first place where it is none, or is nested more than 128 deep.
    pub fn json(source: &Arc<SourceText>) -> Result<Arc<Self>, Diagnostic> {
        let text = source.text().strip_prefix('\u{feff}').unwrap_or(source.text());
        let value = serde_json::from_str(text).map_err(|error| not_json(source, &error))?;
        Ok(Arc::new(Self { source: Arc::clone(source), value, tree: OnceLock::new() }))
    }

    /// Parses YAML, with anchors and merge keys resolved. The finding tells the first place where it is none.
    pub fn yaml(source: &Arc<SourceText>) -> Result<Arc<Self>, Diagnostic> {
        let tree = tree::parse_yaml(source.text()).map_err(|error| {
            let at = error.position.map_or(0, |(line, column)| source.offset(line, column));
            Diagnostic::error(
                Code::Syntax,
                format!("`{}` is not valid YAML: {}", source.name(), error.message),
            )
            .at(Label::new(source, at..at, "here"))
        })?;
        let value = tree.to_value();
        Ok(Arc::new(Self { source: Arc::clone(source), value, tree: OnceLock::from(tree) }))
    }

    /// The text it came from.
    pub fn source(&self) -> &Arc<SourceText> {
        &self.source
    }

    /// The value as a whole.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Marks the value at `pointer`, or the nearest one around it that is there.
    pub fn label(&self, pointer: &Pointer) -> Label {
        Label::new(&self.source, self.tree().span_at(pointer), "")
    }

    /// Marks the key that leads to the value at `pointer`.
    pub fn key_label(&self, pointer: &Pointer) -> Label {
        Label::new(&self.source, self.tree().key_span_at(pointer), "")
    }

    /// A warning for each key that one object has twice: JSON allows it, and the last one counts.
    pub fn check_repeated_keys(&self, findings: &mut Findings) {
        for repeated in self.tree().repeated() {
            findings.push(
                Diagnostic::warning(
                    Code::SaidTwice,
                    format!("the key `{}` is written twice, and only the last one counts", repeated.key),
                )
                .at(Label::new(&self.source, repeated.again, "this one counts"))
                .at(Label::new(&self.source, repeated.first, "this one does not"))
                .help("remove one of them"),
            );
        }
    }

    fn tree(&self) -> &Node {
        self.tree.get_or_init(|| tree::scan_json(self.source.text()))
    }
}

fn not_json(source: &Arc<SourceText>, error: &serde_json::Error) -> Diagnostic {
    let at = if error.is_eof() {
        source.text().trim_end().len()
    } else {
        // Unlike `SourceText`, the parser counts columns in bytes, and is not given the byte order mark.
        let mark = if error.line() == 1 && source.text().starts_with('\u{feff}') { 3 } else { 0 };
        source.offset(error.line(), 1) + mark + error.column().saturating_sub(1)
    };
    let at = source.boundary(at);
    let cause = error.to_string();
    let cause = match cause.split(" at line ").next().unwrap_or_default() {
        "recursion limit exceeded" => "it is nested more than 128 deep",
        cause => cause,
    };
    Diagnostic::error(Code::Syntax, format!("`{}` is not valid JSON: {cause}", source.name())).at(Label::new(
        source,
        at..at,
        "here",
    ))
}

/// A part of a document, remembered so that a later finding can point at it.
#[derive(Debug, Clone)]
pub struct Place {
    document: Arc<Document>,
    pointer: Pointer,
}

impl Place {
    /// The part of `document` at `pointer`.
    pub fn new(document: &Arc<Document>, pointer: Pointer) -> Self {
        Self { document: Arc::clone(document), pointer }
    }

    /// Marks it.
    pub fn label(&self) -> Label {
        self.document.label(&self.pointer)
    }

    /// Marks the key that leads to it.
    pub fn key_label(&self) -> Label {
        self.document.key_label(&self.pointer)
    }

    /// The part below it under `key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self { document: Arc::clone(&self.document), pointer: self.pointer.key(key) }
    }

    /// The part below it at `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self { document: Arc::clone(&self.document), pointer: self.pointer.index(index) }
    }

    /// Which document.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Where in it.
    pub fn pointer(&self) -> &Pointer {
        &self.pointer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(document: &Document, pointer: &Pointer) -> String {
        let label = document.label(pointer);
        format!("{} {:?}", label.position(), &label.source.text()[label.span.start..label.span.end])
    }

    #[test]
    fn a_value_in_json_is_found_by_its_pointer() {
        let source = SourceText::new("c.json", "{\n  \"ä\": [ {\"b\": \"text\"}, 12 ]\n}");
        let document = Document::json(&source).unwrap();
        let items = Pointer::root().key("ä");
        assert_eq!(marked(&document, &items.index(0).key("b")), "c.json:2:16 \"\\\"text\\\"\"");
        assert_eq!(marked(&document, &items.index(1)), "c.json:2:25 \"12\"");
        assert_eq!(document.key_label(&items.index(0).key("b")).position(), "c.json:2:11");
        assert_eq!(marked(&document, &items.index(0).key("missing")).split(' ').next(), Some("c.json:2:10"));
    }

    #[test]
    fn yaml_is_read_with_anchors_and_merge_keys() {
        let source = SourceText::new("d.yml", "base: &b\n  a: 1\n  b: yes\nuse:\n  <<: *b\n  c: '3'\n");
        let document = Document::yaml(&source).unwrap();
        assert_eq!(document.value()["use"], serde_json::json!({"a": 1, "b": "yes", "c": "3"}));
        assert_eq!(marked(&document, &Pointer::root().key("use").key("c")), "d.yml:6:6 \"'3'\"");
    }

    #[test]
    fn what_does_not_parse_is_a_finding_with_its_place() {
        let json = Document::json(&SourceText::new("c.json", "{\n  \"a\": 1,\n}")).unwrap_err();
        assert_eq!(json.to_string(), "error[AE0004] c.json:3:1: `c.json` is not valid JSON: trailing comma");
        let yaml = Document::yaml(&SourceText::new("d.yml", "a: 1\nb: [1, 2\n")).unwrap_err();
        assert_eq!(yaml.code, Code::Syntax);
        assert!(yaml.labels[0].source.line_column(yaml.labels[0].span.start).0 >= 2, "{yaml}");
    }

    #[test]
    fn json_nested_without_end_is_a_finding() {
        let text = "[".repeat(100_000);
        assert_eq!(Document::json(&SourceText::new("deep.json", text)).unwrap_err().code, Code::Syntax);
    }

    #[test]
    fn yaml_nested_without_end_is_a_finding() {
        let text = "[".repeat(100_000);
        assert_eq!(Document::yaml(&SourceText::new("deep.yml", text)).unwrap_err().code, Code::Syntax);
    }
}
