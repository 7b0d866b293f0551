//! Lenient reading of a [`Document`]: every mistake becomes a finding, and reading goes on.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Document, Place, Pointer};
use crate::diagnostic::near_match;
use crate::{Code, Diagnostic, Findings};

/// A value and the place it was read from.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// What was read.
    pub value: T,
    /// Where.
    pub place: Place,
}

impl<T> At<T> {
    /// Another value from the same place.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> At<U> {
        At { value: convert(self.value), place: self.place }
    }
}

/// One value of a document, with the way to it.
#[derive(Debug, Clone)]
pub struct Reader<'d> {
    document: &'d Arc<Document>,
    value: &'d Value,
    pointer: Pointer,
}

impl<'d> Reader<'d> {
    /// The document's root.
    pub fn root(document: &'d Arc<Document>) -> Self {
        Self { document, value: document.value(), pointer: Pointer::root() }
    }

    /// The raw value.
    pub fn value(&self) -> &'d Value {
        self.value
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        Place::new(self.document, self.pointer.clone())
    }

    /// The value under `key`; `None` when it is missing or `null`, or this is no object.
    pub fn get(&self, key: &str) -> Option<Reader<'d>> {
        let value = self.value.get(key)?;
        (!value.is_null()).then(|| self.child(key, value))
    }

    /// The value under `key`; a finding when it is missing.
    pub fn require(&self, key: &str, findings: &mut Findings) -> Option<Reader<'d>> {
        let found = self.get(key);
        if found.is_none() && self.value.is_object() {
            findings.push(
                Diagnostic::error(Code::WrongType, format!("{} has no `{key}`", self.title()))
                    .at(self.place().label()),
            );
        }
        found
    }

    /// The text here; a finding when it is none.
    pub fn text(&self, findings: &mut Findings) -> Option<At<String>> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_type("a string", findings);
        }
        text.map(|text| self.at(text.to_owned()))
    }

    /// The text under `key`, when there is one.
    pub fn text_of(&self, key: &str, findings: &mut Findings) -> Option<At<String>> {
        self.get(key)?.text(findings)
    }

    /// The object here; a finding when it is none.
    pub fn object(&self, findings: &mut Findings) -> Option<&'d Map<String, Value>> {
        let object = self.value.as_object();
        if object.is_none() {
            self.wrong_type("an object", findings);
        }
        object
    }

    /// The entries of the object here, `null` ones included.
    pub fn entries(&self, findings: &mut Findings) -> Vec<(&'d str, Reader<'d>)> {
        let Some(object) = self.object(findings) else { return Vec::new() };
        object.iter().map(|(key, value)| (key.as_str(), self.child(key, value))).collect()
    }

    /// The items of the array here; a finding when it is none.
    pub fn items(&self, findings: &mut Findings) -> Vec<Reader<'d>> {
        let Some(items) = self.value.as_array() else {
            self.wrong_type("an array", findings);
            return Vec::new();
        };
        let child =
            |(index, value)| Self { document: self.document, value, pointer: self.pointer.index(index) };
        items.iter().enumerate().map(child).collect()
    }

    /// The items of the array under `key`; none when it is missing.
    pub fn items_of(&self, key: &str, findings: &mut Findings) -> Vec<Reader<'d>> {
        self.get(key).map(|reader| reader.items(findings)).unwrap_or_default()
    }

    /// The texts of the array under `key`, `None` when it is missing.
    pub fn texts_of(&self, key: &str, findings: &mut Findings) -> Option<Vec<String>> {
        let items = self.get(key)?.items(findings);
        Some(items.iter().filter_map(|item| item.text(findings)).map(|text| text.value).collect())
    }

    /// The text here, or the number, `true` or `false` as text; a finding when it is none of these.
    pub(crate) fn plain_text(&self, findings: &mut Findings) -> Option<String> {
        match self.value {
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => self.text(findings).map(|text| text.value),
        }
    }

    /// The `true` or `false` here; a finding when it is neither.
    pub fn flag(&self, findings: &mut Findings) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            self.wrong_type("`true` or `false`", findings);
        }
        flag
    }

    /// The whole number here, from `least` upward; a finding when it is none.
    pub fn count(&self, least: u64, findings: &mut Findings) -> Option<u64> {
        match self.value.as_u64() {
            Some(count) if count >= least => Some(count),
            Some(_) => {
                self.refuse(Code::OutOfRange, format!("{} must be at least {least}", self.title()), findings);
                None
            }
            None if self.value.is_number() => {
                let message = format!(
                    "{} must be a whole number from {least} upward, not {}",
                    self.title(),
                    self.value
                );
                self.refuse(Code::OutOfRange, message, findings);
                None
            }
            None => {
                self.wrong_type("a whole number", findings);
                None
            }
        }
    }

    /// A finding for each key here that is not in `known`.
    pub fn known_keys(
        &self,
        known: &[&str],
        findings: &mut Findings,
        finding: fn(Code, String) -> Diagnostic,
    ) {
        for key in self.value.as_object().into_iter().flat_map(Map::keys) {
            if !known.contains(&key.as_str()) {
                let message = format!("{} has an unknown key `{key}`", self.title());
                let diagnostic = finding(Code::UnknownKey, message)
                    .at(self.place().key(key).key_label())
                    .help_if(near_match(key, "keys", known.iter().copied()));
                findings.push(diagnostic);
            }
        }
    }

    /// An error about this value.
    pub fn refuse(&self, code: Code, message: impl Into<String>, findings: &mut Findings) {
        findings.push(Diagnostic::error(code, message).at(self.place().label()));
    }

    /// What this value is called in a message: its way from the root, or the file's name.
    pub fn title(&self) -> String {
        match self.pointer.segments() {
            [] => format!("`{}`", self.document.source().name()),
            _ => format!("`{}`", self.pointer),
        }
    }

    /// A finding that says what is expected here instead of what there is.
    pub fn wrong_type(&self, expected: &str, findings: &mut Findings) {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.refuse(Code::WrongType, format!("{} must be {expected}, not {found}", self.title()), findings);
    }

    fn at<T>(&self, value: T) -> At<T> {
        At { value, place: self.place() }
    }

    fn child(&self, key: &str, value: &'d Value) -> Self {
        Self { document: self.document, value, pointer: self.pointer.key(key) }
    }
}
