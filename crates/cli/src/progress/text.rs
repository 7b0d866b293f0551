//! Names, times and figures in few columns.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns; what is too long loses its middle.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let head = fitting(text.chars(), room.div_ceil(2));
    let tail: String = fitting(text.chars().rev(), room - columns(&head).min(room)).chars().rev().collect();
    if most == 0 { String::new() } else { format!("{head}…{tail}") }
}

/// The text in at most so many columns; what is too long loses its end.
pub(super) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    match most {
        0 => String::new(),
        _ => fitting(text.chars(), most - 1) + "…",
    }
}

/// The first letters that have room.
fn fitting(letters: impl Iterator<Item = char>, most: usize) -> String {
    let mut taken = 0;
    let has_room = |letter: &char| {
        taken += letter.width().unwrap_or_default();
        taken <= most
    };
    letters.take_while(has_room).collect()
}

/// `95 ms`, `12.3 s`, `2m05s`, `3h12m`.
pub(super) fn time(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    let seconds = tenths / 10;
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{seconds}.{} s", tenths % 10),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `1234 msg`, `12.3M msg`.
pub(super) fn messages(count: u64) -> String {
    match count {
        0..10_000_000 => format!("{count} msg"),
        _ => format!("{} msg", in_thousands(count as f64)),
    }
}

/// `0.5/s`, `1234/s`, `123k/s`.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        ..9.95 => format!("{rate:.1}/s"),
        ..99_999.5 => format!("{rate:.0}/s"),
        _ => format!("{}/s", in_thousands(rate)),
    }
}

/// `123k`, `12.3M`, `1.2G`.
fn in_thousands(figure: f64) -> String {
    scaled(figure / 1e3, &["k", "M", "G", "T"], 1e3)
}

/// `123 B`, `1.2 KiB`.
pub(super) fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size} B"),
        _ => scaled(size as f64 / 1024.0, &[" KiB", " MiB", " GiB", " TiB"], 1024.0),
    }
}

/// With one decimal where that says more.
fn scaled(mut figure: f64, units: &[&str], step: f64) -> String {
    let mut unit = units.first().copied().unwrap_or_default();
    for next in units.iter().skip(1) {
        // What is rounded up to the next unit is told in that.
        if figure < step - 0.5 {
            break;
        }
        (figure, unit) = (figure / step, next);
    }
    if figure < 99.95 { format!("{figure:.1}{unit}") } else { format!("{figure:.0}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_loses_its_middle() {
        let check =
            |most, expected: &str| assert_eq!(shortened("data_analyzer1:AnalyzeData", most), expected);
        check(26, "data_analyzer1:AnalyzeData");
        check(25, "data_analyze…:AnalyzeData");
        check(9, "data…Data");
        check(2, "d…");
        check(1, "…");
        check(0, "");
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(columns("風力予測:Do"), 11);
        for most in 0..=11 {
            let short = shortened("風力予測:Do", most);
            assert!(columns(&short) <= most, "{short} in {most}");
        }
        assert_eq!(shortened("風力予測:Do", 8), "風力…:Do");
        assert_eq!(cut("風力予測", 6), "風力…");
    }

    #[test]
    fn times_are_as_precise_as_they_are_short() {
        let check = |millis, expected: &str| assert_eq!(time(Duration::from_millis(millis)), expected);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1000, "1.0 s");
        check(59_999, "59.9 s");
        check(60_000, "1m00s");
        check(3_599_999, "59m59s");
        check(3_600_000, "1h00m");
        check(360_000_000, "100h00m");
    }

    #[test]
    fn figures_stay_short() {
        assert_eq!(
            [messages(1), messages(9_999_999), messages(12_345_678)],
            ["1 msg", "9999999 msg", "12.3M msg"]
        );
        let rates = [0.04, 9.94, 9.96, 99_999.0, 123_456.0, 999_999.9, 2e9].map(rate);
        assert_eq!(rates, ["0.0/s", "9.9/s", "10/s", "99999/s", "123k/s", "1.0M/s", "2.0G/s"]);
        let sizes = [0, 1023, 1024, 1_048_575, 123 << 20, u64::MAX].map(bytes);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "123 MiB", "16777216 TiB"]);
    }
}
