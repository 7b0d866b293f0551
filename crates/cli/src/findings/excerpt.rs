//! The marked lines of a finding, as they are shown under its message: [`excerpts`].
//!
//! Neighbouring marks of one file stand together, in the order of the finding's labels, so that what is wrong
//! comes first. Lines that are much too long, as in documents without line breaks, are cut.

use aieffect_blueprint::{Diagnostic, Label};
use annotate_snippets::{Annotation, AnnotationKind, Element, Origin, Snippet};

/// Lines shown before and after a marked one.
const AROUND: usize = 1;
/// Marked places are shown together when at most this many lines lie between them.
const TOGETHER: usize = 6;
/// Characters of a line that are shown.
const LONGEST: usize = 120;
/// Characters shown before a mark in a line that is cut.
const LEAD: usize = 40;

/// What is shown of a finding's files; nothing when it has no place.
pub(super) fn excerpts(diagnostic: &Diagnostic) -> Vec<Element<'_>> {
    groups(&diagnostic.labels).iter().flat_map(|group| excerpt(group)).collect()
}

/// The place of the first of these marks, and the lines around them.
fn excerpt<'a>(marks: &[Mark<'a>]) -> Vec<Element<'a>> {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else { return Vec::new() };
    let name = first.label.source.name();
    let first_line = first.line.saturating_sub(AROUND);
    let lines = first.label.source.text().split('\n').skip(first_line);
    let mut lines: Vec<&str> = lines.take(last.line + AROUND + 1 - first_line).collect();
    while lines.len() > last.line + 1 - first_line && lines.last().is_some_and(|line| line.trim().is_empty())
    {
        lines.pop();
    }
    let mut text = String::new();
    let mut annotations: Vec<Annotation<'a>> = Vec::new();
    let mut is_shifted = false;
    for (nth, line) in lines.iter().enumerate() {
        let here: Vec<&Mark<'_>> = marks.iter().filter(|mark| mark.line == first_line + nth).collect();
        let cut = Cut::new(line, here.first().map_or(0, |mark| mark.column));
        is_shifted |= cut.shift > 0;
        for mark in here {
            let (start, length) = cut.place(mark.column, mark.length);
            let span = text.len() + start..text.len() + start + length;
            let note = (!mark.label.note.is_empty()).then_some(mark.label.note.as_str());
            annotations.push(AnnotationKind::Primary.span(span).label(note));
        }
        text.push_str(&cut.shown);
        text.push('\n');
    }
    let snippet = Snippet::source(text).line_start(first_line + 1).fold(false).annotations(annotations);
    if !is_shifted {
        return vec![snippet.path(name).into()];
    }
    // The renderer would count the column in the line as cut.
    let place = Origin::path(name).line(first.line + 1).char_column(first.column + 1);
    vec![place.into(), snippet.into()]
}

/// A label with its line and column, from 0 and in characters, and its length within that line.
struct Mark<'a> {
    label: &'a Label,
    line: usize,
    column: usize,
    length: usize,
}

impl<'a> Mark<'a> {
    /// A label of several lines marks its first only: an excerpt is to show where, not everything.
    fn new(label: &'a Label) -> Self {
        let text = label.source.text();
        // The end of a text is shown behind its last letter; an empty line after it would not be.
        let start = label.span.start.min(text.trim_end().len());
        let (line, column) = label.source.line_column(start);
        let marked = text.get(start..label.span.end.min(text.len())).unwrap_or_default();
        let length = marked.split('\n').next().unwrap_or_default().trim_end_matches('\r').chars().count();
        Self { label, line: line - 1, column: column - 1, length }
    }

    fn is_near(&self, other: &Self) -> bool {
        let same = self.label.source.name() == other.label.source.name();
        let both_shown = self.line != other.line || self.column.abs_diff(other.column) + LEAD < LONGEST;
        same && both_shown && self.line.abs_diff(other.line) <= TOGETHER
    }
}

/// Marks that are shown together, each group by position; groups in the order of their first labels.
fn groups(labels: &[Label]) -> Vec<Vec<Mark<'_>>> {
    let mut groups: Vec<Vec<Mark<'_>>> = Vec::new();
    for mark in labels.iter().map(Mark::new) {
        match groups.iter_mut().find(|group| group.iter().any(|other| mark.is_near(other))) {
            Some(group) => group.push(mark),
            None => groups.push(vec![mark]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|mark| (mark.line, mark.column));
    }
    groups
}

/// A line as it is shown.
struct Cut {
    shown: String,
    /// Characters left out at its beginning, less the dots that stand there instead.
    shift: usize,
}

impl Cut {
    /// Cuts a line that is too long so that what stands at `column` is seen.
    fn new(line: &str, column: usize) -> Self {
        let line = line.trim_end_matches('\r');
        if line.chars().nth(LONGEST).is_none() {
            return Self { shown: line.to_owned(), shift: 0 };
        }
        let skipped = if column < LONGEST - LEAD { 0 } else { column - LEAD };
        let mut shown: String = line.chars().skip(skipped).take(LONGEST).collect();
        if line.chars().nth(skipped + LONGEST).is_some() {
            shown.push('…');
        }
        match skipped {
            0 => Self { shown, shift: 0 },
            skipped => Self { shown: format!("…{shown}"), shift: skipped - 1 },
        }
    }

    /// First byte and number of bytes, in what is shown, of so many characters of the line.
    fn place(&self, column: usize, length: usize) -> (usize, usize) {
        let byte = |nth: usize| self.shown.char_indices().nth(nth).map_or(self.shown.len(), |(at, _)| at);
        let start = column.saturating_sub(self.shift);
        (byte(start), byte(start + length) - byte(start))
    }
}

#[cfg(test)]
mod tests {
    use aieffect_blueprint::{Code, Findings, SourceText};

    use crate::findings::as_text;
    use crate::terminal::Colour;

    use super::*;

    fn shown(labels: impl IntoIterator<Item = Label>) -> String {
        let finding = Diagnostic::error(Code::Syntax, "wrong");
        let finding = labels.into_iter().fold(finding, Diagnostic::at);
        as_text(&Findings::from(finding), Colour::Off)
    }

    fn mark(name: &str, text: &str, word: &str) -> Label {
        let source = SourceText::new(name, text);
        let at = text.find(word).unwrap();
        Label::new(&source, at..at + word.len(), format!("`{word}`"))
    }

    #[test]
    fn columns_count_characters() {
        insta::assert_snapshot!(shown([mark("a.json", "{ \"ä\": \"öü\", x }", "x")]), @r#"
        error[AE0004]: wrong
         --> a.json:1:14
          |
        1 | { "ä": "öü", x }
          |              ^ `x`
        "#);
    }

    #[test]
    fn a_line_without_end_is_cut_around_the_mark() {
        let long = format!("[{}x{}]", "1, ".repeat(200), ", 2".repeat(200));
        insta::assert_snapshot!(shown([mark("a.json", &long, "x")]), @r"
        error[AE0004]: wrong
         --> a.json:1:602
          |
         :::
        1 | … 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, x, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,…
          |                                          ^ `x`
        ");
    }

    #[test]
    fn two_marks_far_apart_in_one_line_are_both_seen() {
        let long = format!("[a,{} b]", "1, ".repeat(200));
        insta::assert_snapshot!(shown([mark("a.json", &long, "a"), mark("a.json", &long, "b")]), @r"
        error[AE0004]: wrong
         --> a.json:1:2
          |
        1 | [a,1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, …
          |  ^ `a`
         ::: a.json:1:605
          |
         :::
        1 | …1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  b]
          |                                          ^ `b`
        ");
    }

    #[test]
    fn the_file_of_the_first_label_comes_first() {
        let text = "one\ntwo\nthree\nfour\nfive\n";
        let labels = [mark("z", text, "four"), mark("a", text, "one"), mark("z", text, "two")];
        insta::assert_snapshot!(shown(labels), @r"
        error[AE0004]: wrong
         --> z:2:1
          |
        1 | one
        2 | two
          | ^^^ `two`
        3 | three
        4 | four
          | ^^^^ `four`
        5 | five
          |
         ::: a:1:1
          |
        1 | one
          | ^^^ `one`
        2 | two
          |
        ");
    }

    #[test]
    fn the_end_of_a_text_can_be_marked() {
        let source = SourceText::new("a", "one\n");
        insta::assert_snapshot!(shown([Label::new(&source, 4..4, "here")]), @r"
        error[AE0004]: wrong
         --> a:1:4
          |
        1 | one
          |    ^ here
        ");
        let unended = SourceText::new("a", "one {");
        insta::assert_snapshot!(shown([Label::new(&unended, 5..5, "here")]), @r"
        error[AE0004]: wrong
         --> a:1:6
          |
        1 | one {
          |      ^ here
        ");
        let empty = SourceText::new("a", "");
        insta::assert_snapshot!(shown([Label::whole(&empty)]), @r"
        error[AE0004]: wrong
         --> a:1:1
          |
        1 |
          | ^
        ");
    }
}
