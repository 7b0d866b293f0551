//! The one owner of stderr: what is said there stands in lines that scroll, and below them, while a run goes on, a
//! [`Panel`] that is drawn again and again.
//!
//! Each change is one write, so lines and panel never mix. The cursor is never hidden: it waits below the panel, and
//! whatever ends the process, the shell finds it there.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Size, stderr_size};

/// Lines that come faster than this leave the panel away until they pause.
const PAUSE: Duration = Duration::from_millis(20);
/// From the cursor to the end of the screen.
const ERASE_BELOW: &str = "\u{1b}[J";
/// The cursor's row, whole: where only its end was erased, tmux still breaks it at its former width.
const ERASE_ROW: &str = "\u{1b}[2K";

static SCREEN: Mutex<Screen> = Mutex::new(Screen::new());

/// One row of a panel: what is written, and how many columns of the terminal that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) columns: usize,
}

/// Rows below all that is said. There is one at a time. When it is dropped its last rows stay, and what is said then
/// stands below them.
#[derive(Debug)]
pub(crate) struct Panel(());

/// What is at the bottom of the screen.
struct Screen {
    rows: Vec<Row>,
    /// How wide the terminal was when they were drawn; `None` while they are not there.
    drawn: Option<usize>,
    at: Option<Instant>,
}

impl Panel {
    /// Without rows yet.
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Shows these rows in place of those before.
    pub(crate) fn show(&self, rows: Vec<Row>) {
        let mut screen = screen();
        let text = screen.show(rows, columns(), Instant::now());
        write(&text);
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        let mut screen = screen();
        let text = screen.leave(columns());
        write(&text);
    }
}

/// Writes a line, or several, above the panel if there is one.
pub(super) fn say(text: &str) {
    let mut screen = screen();
    let text = screen.say(text, columns, Instant::now());
    write(&text);
}

fn screen() -> MutexGuard<'static, Screen> {
    // Nothing in here panics between two changes.
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The width is asked for at every change, since a terminal may be resized at any time.
fn columns() -> usize {
    stderr_size().map_or(80, |Size { columns, .. }| columns)
}

/// A closed stderr leaves nobody to tell.
fn write(text: &str) {
    if !text.is_empty() {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

impl Screen {
    const fn new() -> Self {
        Self { rows: Vec::new(), drawn: None, at: None }
    }

    fn say(&mut self, said: &str, columns: impl Fn() -> usize, now: Instant) -> String {
        if self.rows.is_empty() {
            return format!("{said}\n");
        }
        let columns = columns();
        let mut text = to_top(self.height(columns));
        if self.drawn.take().is_some() {
            text.push_str(ERASE_BELOW);
        }
        text.push_str(said);
        text.push('\n');
        if self.at.is_none_or(|at| now - at >= PAUSE) {
            self.draw(&mut text, columns, now);
        }
        text
    }

    fn show(&mut self, rows: Vec<Row>, columns: usize, now: Instant) -> String {
        if self.drawn == Some(columns) && self.rows == rows {
            return String::new();
        }
        let before = self.height(columns);
        let mut text = to_top(before);
        self.rows = rows;
        self.draw(&mut text, columns, now);
        // Not without need: where a terminal is made narrower, tmux moves a cursor whose row was erased.
        if self.rows.len() < before {
            text.push_str(ERASE_BELOW);
        }
        text
    }

    fn leave(&mut self, columns: usize) -> String {
        let mut text = String::new();
        if self.drawn.is_none() && !self.rows.is_empty() {
            self.draw(&mut text, columns, Instant::now());
        }
        *self = Self::new();
        text
    }

    fn draw(&mut self, text: &mut String, columns: usize, now: Instant) {
        for row in &self.rows {
            text.push_str(ERASE_ROW);
            text.push_str(&row.text);
            text.push('\n');
        }
        (self.drawn, self.at) = (Some(columns), Some(now));
    }

    /// How many rows of the screen the panel takes. Where the terminal has become narrower, it has broken those that have
    /// no room any more.
    fn height(&self, columns: usize) -> usize {
        let Some(drawn) = self.drawn else { return 0 };
        let broken =
            |row: &Row| if columns < drawn { row.columns.div_ceil(columns.max(1)).max(1) } else { 1 };
        self.rows.iter().map(broken).sum()
    }
}

/// Moves the cursor to the first of so many rows above it.
fn to_top(rows: usize) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\r\u{1b}[{rows}A"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&str]) -> Vec<Row> {
        texts.iter().map(|text| Row { text: (*text).to_owned(), columns: text.len() }).collect()
    }

    /// What is written, with the steering named.
    fn named(text: &str) -> String {
        text.replace("\u{1b}[J", "<erase>")
            .replace("\u{1b}[2K", "")
            .replace("\u{1b}[", "<up ")
            .replace("A", ">")
            .replace('\r', "")
    }

    fn later(now: Instant) -> Instant {
        now + PAUSE
    }

    #[test]
    fn without_a_panel_a_line_is_a_line() {
        assert_eq!(Screen::new().say("hello", || 80, Instant::now()), "hello\n");
    }

    #[test]
    fn lines_take_the_panels_place_and_it_stands_below_them() {
        let (mut screen, now) = (Screen::new(), Instant::now());
        assert_eq!(named(&screen.show(rows(&["one", "two"]), 80, now)), "one\ntwo\n");
        assert_eq!(named(&screen.say("log", || 80, later(now))), "<up 2><erase>log\none\ntwo\n");
        assert_eq!(named(&screen.show(rows(&["1"]), 80, later(now))), "<up 2>1\n<erase>");
        assert_eq!(screen.show(rows(&["1"]), 80, later(now)), "", "nothing has changed");
        assert_eq!(screen.leave(80), "", "it stays");
        assert_eq!(screen.say("end", || 80, later(now)), "end\n");
    }

    #[test]
    fn a_burst_of_lines_does_not_draw_the_panel_each_time() {
        let (mut screen, now) = (Screen::new(), Instant::now());
        screen.show(rows(&["one"]), 80, now);
        assert_eq!(named(&screen.say("a", || 80, now)), "<up 1><erase>a\n");
        assert_eq!(named(&screen.say("b", || 80, now)), "b\n");
        assert_eq!(named(&screen.show(rows(&["one"]), 80, now)), "one\n", "it comes back");
        screen.say("c", || 80, now);
        assert_eq!(named(&screen.leave(80)), "one\n", "also at the end");
    }

    #[test]
    fn rows_that_a_narrower_terminal_has_broken_are_all_erased() {
        let (mut screen, now) = (Screen::new(), Instant::now());
        screen.show(rows(&["0123456789", "01234"]), 80, now);
        assert_eq!(named(&screen.show(rows(&["x"]), 4, now)), "<up 5>x\n<erase>");
        assert_eq!(named(&screen.show(rows(&["x"]), 80, now)), "<up 1>x\n");
    }
}
