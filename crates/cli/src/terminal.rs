//! What is known of the terminal, and the two ways to write to it: stdout is data, stderr is talk.

use std::io::{self, IsTerminal, Write};

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

/// Writes a line, or several, to stderr, without what would steer the terminal.
pub(crate) fn say(text: &str) {
    say_styled(&printable(text));
}

/// Writes to stderr what may hold colours. A closed stderr leaves nobody to tell.
pub(crate) fn say_styled(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Text of strangers without what would steer the terminal. Line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// Writes text to stdout as it is.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
