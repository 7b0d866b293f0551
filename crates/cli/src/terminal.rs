//! What is known of the terminal, and the two ways to write to it: stdout is data, stderr is talk.

mod panel;

use std::io::{self, IsTerminal, Write};

pub(crate) use self::panel::{Panel, Row};

/// Whether a stream shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// It does.
    On,
    /// It does not, or the user wants none.
    Off,
}

/// Colours of stdout.
pub(crate) fn stdout_colour() -> Colour {
    colour(io::stdout().is_terminal())
}

/// Colours of stderr.
pub(crate) fn stderr_colour() -> Colour {
    colour(io::stderr().is_terminal())
}

fn colour(is_terminal: bool) -> Colour {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if is_terminal && !unwanted { Colour::On } else { Colour::Off }
}

/// Columns of the terminal; 100 where there is none.
pub(crate) fn width() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr())
        .or_else(|| terminal_size::terminal_size_of(io::stdout()));
    size.map_or(100, |(width, _)| usize::from(width.0)).max(40)
}

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// The size of the terminal that stderr is, if it is one and says.
pub(crate) fn stderr_size() -> Option<Size> {
    let (columns, rows) = terminal_size::terminal_size_of(io::stderr())?;
    Some(Size { columns: columns.0.into(), rows: rows.0.into() })
}

/// Writes a line, or several, to stderr, without what would steer the terminal.
pub(crate) fn say(text: &str) {
    say_styled(&printable(text));
}

/// Writes to stderr what may hold colours.
pub(crate) fn say_styled(text: &str) {
    panel::say(text);
}

/// Text of strangers without what would steer the terminal. Line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// A text as one word of a command to be typed: quoted where a shell would take it for something else.
pub(crate) fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:@%+=,-".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Writes text to stdout as it is.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Text with colours, in which strangers may have their say: nothing but colours steers the terminal.
pub(crate) fn only_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let is_colour = letter == '\u{1b}' && begins_with_colour(rest.as_str());
        if is_colour || !letter.is_control() || matches!(letter, '\n' | '\t') {
            shown.push(letter);
        }
    }
    shown
}

/// `[1;31m`, say.
fn begins_with_colour(text: &str) -> bool {
    text.strip_prefix('[').is_some_and(|text| {
        text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';').starts_with('m')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_more_into_them() {
        let check = |text: &str, expected: &str| assert_eq!(word(text), expected);
        check("use-cases/a_b.zip", "use-cases/a_b.zip");
        check("a b", "'a b'");
        check("it's $x", r"'it'\''s $x'");
        check("", "''");
    }

    #[test]
    fn of_what_steers_the_terminal_only_colours_are_left() {
        let text = "\u{1b}[1;31mred\u{1b}[0m\t\u{1b}[2Jgone\u{1b}]0;title\u{7}\u{9b}31m\r\n\u{1b}";
        assert_eq!(only_colours(text), "\u{1b}[1;31mred\u{1b}[0m\t[2Jgone]0;title31m\n");
        assert_eq!(printable(text), "[1;31mred[0m\t[2Jgone]0;title31m\n");
    }
}
