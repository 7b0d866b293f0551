//! The file as it is written: keys and values with their places.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Findings, Label, SourceText, Span};
use toml::de::{DeTable, DeValue};

use super::LARGEST;
use crate::exit::{Exit, Failure};

/// A file that was read.
pub(crate) struct Document {
    pub(super) source: Arc<SourceText>,
    pub(super) entries: Vec<Entry>,
}

/// A key and what it is set to.
pub(crate) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    /// One, unless it is a list.
    pub(super) values: Vec<String>,
    pub(super) value_span: Span,
}

impl Document {
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let shown = file.display();
        let unread = |error: std::io::Error| {
            Failure::text(Exit::WrongUsage, format!("`{shown}` of `--config` cannot be read: {error}"))
        };
        let mut bytes = Vec::new();
        File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(unread)?;
        if bytes.len() as u64 > LARGEST {
            return Err(Failure::text(
                Exit::WrongUsage,
                format!("`{shown}` is over 1 MiB: it is no configuration"),
            ));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::text(Exit::InvalidInput, format!("`{shown}` is no text in UTF-8")))?;
        let source = SourceText::new(shown.to_string(), text);
        match entries(&source) {
            Ok(entries) => Ok(Self { source, entries }),
            Err(findings) => Err(super::wrong(&findings)),
        }
    }

    /// Where a key is set: `file:line`.
    pub(super) fn place_of(&self, key: &str) -> Option<(String, usize)> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some((self.source.name().to_owned(), self.source.line_column(entry.key_span.start).0))
    }
}

fn entries(source: &Arc<SourceText>) -> Result<Vec<Entry>, Findings> {
    let table = DeTable::parse(source.text()).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let place = Label::new(source, span, "");
        Findings::from(
            Diagnostic::error(Code::Syntax, format!("this is not TOML: {}", error.message())).at(place),
        )
    })?;
    let (mut entries, mut findings) = (Vec::new(), Findings::new());
    for (key, value) in table.get_ref() {
        let (key_span, value_span) = (Span::from(key.span()), Span::from(value.span()));
        match values(value.get_ref()) {
            Some(values) => {
                entries.push(Entry { key: key.get_ref().to_string(), key_span, values, value_span });
            }
            None => findings.push(
                Diagnostic::error(
                    Code::WrongType,
                    format!("`{}` is a text, a number, true or false, or a list of those", key.get_ref()),
                )
                .at(Label::new(source, value_span, "")),
            ),
        }
    }
    if findings.has_errors() { Err(findings) } else { Ok(entries) }
}

fn values(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(all) => all.iter().map(|value| single(value.get_ref())).collect(),
        one => single(one).map(|one| vec![one]),
    }
}

/// As it would be typed.
fn single(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Result<Vec<(String, Vec<String>)>, Vec<String>> {
        let read = entries(&SourceText::new("aieffect.toml", text));
        read.map(|all| all.into_iter().map(|entry| (entry.key, entry.values)).collect())
            .map_err(|findings| findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn values_are_read_as_they_would_be_typed() {
        let text = "http-addr = \"127.0.0.1:0\"\nmax-runs = 1_0\ninsecure = true\nallow-endpoints = ['a', \"b\"]\nx = 0x10\n";
        let all: Vec<_> = said(text)
            .unwrap()
            .into_iter()
            .map(|(key, values)| format!("{key}={}", values.join(",")))
            .collect();
        let mut all = all;
        all.sort();
        assert_eq!(
            all,
            ["allow-endpoints=a,b", "http-addr=127.0.0.1:0", "insecure=true", "max-runs=10", "x=16"]
        );
    }

    #[test]
    fn what_is_no_value_is_told_with_its_place() {
        assert_eq!(
            said("[limits]\nruns = 4\n").unwrap_err(),
            [
                "error[AE0005] aieffect.toml:1:1: `limits` is a text, a number, true or false, or a list of those"
            ]
        );
        let broken = said("a = 1\nb = \n").unwrap_err();
        assert!(broken[0].starts_with("error[AE0004] aieffect.toml:2:"), "{broken:?}");
        let twice = said("a = 1\na = 2\n").unwrap_err();
        assert!(twice[0].starts_with("error[AE0004] aieffect.toml:2:1: this is not TOML"), "{twice:?}");
    }
}
