//! What is wrong in one proto text, apart from which user's file the text came from: equal texts are read
//! once, yet every file that holds one is named in its findings.

mod syntax;

use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Label, SourceText, Span};

/// How many mistakes of one text are listed.
pub(crate) const MAX_LISTED: usize = 50;
/// How much of a message is shown, in characters: it may quote a long name.
const MAX_SHOWN: usize = 400;

/// A mistake in a text.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    code: Code,
    message: String,
    marks: Vec<(Span, String)>,
    help: Option<String>,
}

impl Fault {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), marks: Vec::new(), help: None }
    }

    #[must_use]
    pub(crate) fn at(mut self, span: impl Into<Span>, note: impl Into<String>) -> Self {
        self.marks.push((span.into(), note.into()));
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What protox or prost-reflect found: the first mistake and those beside it, as far as anyone reads on.
    pub(crate) fn all_of(report: &dyn miette::Diagnostic, text: &str) -> Vec<Self> {
        let related = report.related().into_iter().flatten().take(MAX_LISTED - 1);
        let all = std::iter::once(report).chain(related).map(|report| Self::of(report, text)).collect();
        syntax::until_first(all, text)
    }

    /// The name that is not defined, and where it stands, when that is what this is about.
    pub(crate) fn undefined(&self) -> Option<(&str, Span)> {
        let name = self.message.strip_prefix("name `")?.strip_suffix("` is not defined")?;
        Some((name, self.marks.first()?.0))
    }

    fn of(report: &dyn miette::Diagnostic, text: &str) -> Self {
        let mut fault = Self::new(Code::BadProto, plain(&report.to_string()));
        fault.help = report.help().map(|help| plain(&help.to_string()));
        // The parser gives a bad import path the message of a bad group name.
        if fault.help.as_deref().is_some_and(|help| help.starts_with("imports may not")) {
            fault.message = "the path of an import is not allowed".to_owned();
        }
        for label in report.labels().into_iter().flatten() {
            let start = label.offset().min(text.len());
            let end = (start + label.len()).min(text.len());
            fault = fault.at(start..end, plain(label.label().unwrap_or_default()));
        }
        fault.marks.sort_by_key(|(_, note)| rank(note));
        if fault.marks.is_empty() {
            let end = text.trim_ascii_end().len();
            fault = fault.at(end..end, "");
        }
        fault
    }

    /// The finding, for a user's file with this text.
    pub(crate) fn in_file(&self, source: &Arc<SourceText>) -> Diagnostic {
        let finding = Diagnostic::error(self.code, self.message.clone()).help_if(self.help.clone());
        self.marks.iter().fold(finding, |finding, (span, note)| finding.at(Label::new(source, *span, note)))
    }
}

/// Puts the mark of what is wrong before those of what it clashes with; the notes are the only sign of which
/// is which.
fn rank(note: &str) -> u8 {
    match note {
        "found here" => 0,
        again if again.contains("again") => 0,
        "defined here" => 1,
        _ => 2,
    }
}

/// Our findings quote with backticks, as the libraries' own texts do not.
pub(crate) fn plain(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect::<String>().replace('\'', "`")
}
