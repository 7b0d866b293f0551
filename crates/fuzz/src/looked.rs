//! What holds for all findings.

use aieffect_blueprint::{Findings, Label};

/// How much of a text a finding may repeat, and say beside.
const LONGEST: usize = 20_000;

/// Looks at findings as somebody does who is shown them: each says something, and points into its text.
pub(crate) fn look(findings: &Findings) {
    for finding in findings {
        let shown = finding.to_string();
        assert!(!finding.message.is_empty(), "a finding says nothing: {shown}");
        assert!(shown.len() < LONGEST, "a finding of {} bytes: {:.200}", shown.len(), finding.message);
        assert!(finding.help.as_ref().is_none_or(|help| !help.is_empty()), "empty help: {shown}");
        finding.labels.iter().for_each(|label| within(label, &shown));
    }
}

fn within(label: &Label, finding: &str) {
    let (text, span) = (label.source.text(), label.span);
    assert!(
        text.get(span.start..span.end).is_some(),
        "{span:?} is no part of {}: {finding}",
        label.source.name()
    );
    let (line, column) = label.source.line_column(span.start);
    assert!(line > 0 && column > 0, "{finding}");
    assert!(!label.position().is_empty(), "{finding}");
}
