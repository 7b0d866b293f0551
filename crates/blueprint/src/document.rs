//! A JSON or YAML text as a value whose every part can be pointed at: [`Document`], [`Pointer`], [`Place`].
//!
//! Reading is lenient and collects findings; see [`Reader`]. Typed documents are built on top of this.

mod not_json;
mod not_yaml;
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
        let value = serde_json::from_str(text).map_err(|error| not_json::finding(source, &error))?;
        Ok(Arc::new(Self { source: Arc::clone(source), value, tree: OnceLock::new() }))
    }

    /// Parses YAML, with anchors and merge keys resolved. The finding tells the first place where it is none.
    pub fn yaml(source: &Arc<SourceText>) -> Result<Arc<Self>, Diagnostic> {
        let tree = tree::parse_yaml(source.text()).map_err(|error| not_yaml::finding(source, &error))?;
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
    fn places_hold_whatever_json_may_look_like() {
        let check = |text: &str, expected: &str| {
            let document = Document::json(&SourceText::new("c.json", text)).unwrap();
            assert_eq!(marked(&document, &Pointer::root().key("a")), expected);
        };
        check("\u{feff}{\"a\": \"x\"}", "c.json:1:8 \"\\\"x\\\"\"");
        check("{\r\n\t\"ü\": [[]],\r\n\t\"a\":\t12 }", "c.json:3:7 \"12\"");
        check("{\"\\u0061\": -0}", "c.json:1:12 \"-0\"");
        check("{\"b\": \"\u{7f}\\\"}\", \"a\": 1e3}", "c.json:1:20 \"1e3\"");
        check("{\"a\": 1, \"a\": 2}", "c.json:1:15 \"2\"");
        let long = "k".repeat(10_000);
        check(&format!("{{\"{long}\": {{}}, \"a\": null}}"), "c.json:1:10015 \"null\"");
    }

    #[test]
    fn a_key_that_is_written_twice_is_a_warning_with_both_places() {
        let source = SourceText::new(
            "c.json",
            "{\"x\": [{\"a\": 1,\n \"b\": 2,\n \"\\u0061\": 3}], \"b\": {\"x\": 1}}",
        );
        let mut findings = Findings::new();
        Document::json(&source).unwrap().check_repeated_keys(&mut findings);
        let shown: Vec<_> =
            findings.iter().map(|finding| (finding.to_string(), finding.labels[1].position())).collect();
        let text = "warning[AE0009] c.json:3:2: the key `a` is written twice, and only the last one counts";
        assert_eq!(shown, [(text.to_owned(), "c.json:1:9".to_owned())]);
    }

    #[test]
    fn mistakes_in_json_are_found_at_their_place() {
        let check = |text: &str, expected: &str| {
            let finding = Document::json(&SourceText::new("c.json", text)).unwrap_err();
            assert_eq!(finding.to_string().strip_prefix("error[AE0004] c.json:"), Some(expected));
        };
        check("", "1:1: `c.json` is not valid JSON: it is empty");
        check("{\"a\": 1", "1:8: `c.json` is not valid JSON: the `{` of line 1 is not closed");
        check(
            "\u{feff}{\"ä\": \"üü\", x}",
            "1:14: `c.json` is not valid JSON: a key in double quotes is expected",
        );
        check("{\"a\": 1e400}", "1:11: `c.json` is not valid JSON: number out of range");
        check(&"[".repeat(1000), "1:128: `c.json` is not valid JSON: it is nested more than 128 deep");
    }

    #[test]
    fn values_are_found_as_deep_as_json_is_read() {
        let text = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let document = Document::json(&SourceText::new("c.json", text)).unwrap();
        let deepest = (0..126).fold(Pointer::root(), |pointer, _| pointer.index(0));
        assert_eq!(document.label(&deepest).position(), "c.json:1:127");
    }

    #[test]
    fn yaml_is_read_as_deep_as_compose_files_go_and_no_deeper() {
        let nested = |depth: usize| format!("a: {}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Document::yaml(&SourceText::new("d.yml", nested(24))).is_ok());
        let finding = Document::yaml(&SourceText::new("d.yml", nested(60))).unwrap_err();
        assert!(
            finding.message.ends_with("it is nested more than 32 deep, or unfolds to too much"),
            "{finding}"
        );
    }

    #[test]
    fn aliases_that_unfold_without_end_are_a_finding() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
            text += &format!("a{n}: &a{n} [{aliases}]\n");
        }
        let finding = Document::yaml(&SourceText::new("d.yml", text)).unwrap_err();
        assert!(finding.message.ends_with("unfolds to too much"), "{finding}");
    }

    #[test]
    fn mistakes_in_yaml_are_said_in_plain_words() {
        let check = |text: &str, expected: &str| {
            let finding = Document::yaml(&SourceText::new("d.yml", text)).unwrap_err();
            assert_eq!(finding.to_string().strip_prefix("error[AE0004] d.yml:"), Some(expected));
        };
        check("a: 1\na: 2\n", "2:1: `d.yml` is not valid YAML: duplicate mapping key: a");
        check("a: 1\n---\nb: 2\n", "3:1: `d.yml` is not valid YAML: multiple YAML documents detected");
        check("a: *b", "1:4: `d.yml` is not valid YAML: alias references unknown anchor");
    }

    #[test]
    fn what_does_not_parse_is_a_finding_with_its_place() {
        let json = Document::json(&SourceText::new("c.json", "{\n  \"a\": 1,\n}")).unwrap_err();
        assert_eq!(
            json.to_string(),
            "error[AE0004] c.json:3:1: `c.json` is not valid JSON: a comma stands before a closing bracket"
        );
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
