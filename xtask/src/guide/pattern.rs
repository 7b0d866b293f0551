//! Comparing output with what a page shows of it: a line `...` stands for any lines, `[..]` for any text in a line.

const ANY_LINES: &str = "...";
const ANY_TEXT: &str = "[..]";

/// Lines without trailing space, without empty lines at the end.
pub(crate) fn trimmed(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// Whether the lines are as described.
pub(crate) fn matches(described: &[String], printed: &[&str]) -> bool {
    let Some((first, rest)) = described.split_first() else { return printed.is_empty() };
    if first.trim() == ANY_LINES {
        return (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]));
    }
    match printed.split_first() {
        Some((line, others)) => line_matches(first, line) && matches(rest, others),
        None => false,
    }
}

fn line_matches(described: &str, line: &str) -> bool {
    let mut parts = described.split(ANY_TEXT);
    let Some(mut rest) = parts.next().and_then(|start| line.strip_prefix(start)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(described: &str, printed: &str, expected: bool) {
        let described: Vec<_> = described.lines().map(str::to_owned).collect();
        assert_eq!(matches(&described, &trimmed(printed)), expected);
    }

    #[test]
    fn equal_lines_match_and_others_do_not() {
        check("a\nb", "a\nb  \n\n", true);
        check("a\nb", "a\nc", false);
        check("a", "a\nb", false);
        check("a\nb", "a", false);
        check("", "", true);
    }

    #[test]
    fn three_dots_stand_for_any_lines() {
        check("...\nend", "a\nb\nend", true);
        check("...\nend", "end", true);
        check("a\n...", "a", true);
        check("a\n...\nb\n...\nc", "a\nx\nb\nc", true);
        check("...\nend", "end\nafter", false);
    }

    #[test]
    fn brackets_stand_for_any_text_in_a_line() {
        check("took [..] s", "took 1.5 s", true);
        check("took [..] s", "took 1.5 minutes", false);
        check("[..]: [..] nodes", "file: 3 nodes", true);
        check("a[..]a", "a", false);
    }
}
