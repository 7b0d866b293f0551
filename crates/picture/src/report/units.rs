//! Times, sizes and numbers as people read them.

use std::time::Duration;

/// Three digits and a unit: `12.3 ms`. From two minutes on, `2 min 05 s` and `1 h 02 min`.
pub(super) fn time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    match time.as_secs() {
        seconds @ 3600.. => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        seconds @ 120.. => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ if nanos >= 999_500_000.0 => format!("{} s", digits(nanos / 1e9)),
        _ if nanos >= 999_500.0 => format!("{} ms", digits(nanos / 1e6)),
        _ if nanos == 0.0 => "0".to_owned(),
        _ => format!("{} µs", digits(nanos / 1e3)),
    }
}

/// `1.23 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value >= 999.5
        && let Some(next) = units.next()
    {
        value /= 1024.0;
        unit = Some(next);
    }
    format!("{} {}", digits(value), unit.unwrap_or(&""))
}

/// `12,345`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 call`, `3 calls`.
pub(super) fn count(of: u64, what: &str) -> String {
    if of == 1 { format!("1 {what}") } else { format!("{} {what}s", number(of)) }
}

/// Between times on an axis of that length: a round one, so that there are about six.
pub(super) fn spacing(whole: Duration) -> Duration {
    const MINUTES: [u64; 8] = [1, 2, 5, 10, 15, 30, 60, 120];
    let least = whole.as_nanos() as u64 / 6;
    let decade = 10u64.pow(least.max(1).ilog10());
    let round = [1, 2, 5, 10].into_iter().map(|times| decade * times).find(|round| *round >= least);
    let round = Duration::from_nanos(round.unwrap_or(least).max(1_000));
    if round < Duration::from_secs(60) && least <= 30_000_000_000 {
        return round;
    }
    let minutes = MINUTES.into_iter().map(|minutes| Duration::from_secs(60 * minutes));
    minutes
        .into_iter()
        .find(|minutes| minutes.as_nanos() as u64 >= least)
        .unwrap_or_else(|| Duration::from_secs((least / 3_600_000_000_000 + 1) * 3600))
}

/// A time on an axis with that spacing.
pub(super) fn tick(at: Duration, spacing: Duration) -> String {
    if at.is_zero() {
        return "0".to_owned();
    }
    let (at, spacing) = (at.as_nanos() as u64, spacing.as_nanos() as u64);
    let (unit, word) = match spacing {
        3_600_000_000_000.. => (3_600_000_000_000, "h"),
        60_000_000_000.. => (60_000_000_000, "min"),
        // From a tenth of a second on, whole seconds are shorter.
        100_000_000.. => (1_000_000_000, "s"),
        100_000.. => (1_000_000, "ms"),
        _ => (1_000, "µs"),
    };
    let decimals = if spacing % unit == 0 { 0 } else { 1 };
    format!("{:.decimals$} {word}", at as f64 / unit as f64)
}

fn digits(value: f64) -> String {
    let decimals = match value {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let shown = |nanos: u64| time(Duration::from_nanos(nanos));
        assert_eq!(shown(0), "0");
        assert_eq!(shown(250), "0.25 µs");
        assert_eq!(shown(12_345), "12.3 µs");
        assert_eq!(shown(999_499), "999 µs");
        assert_eq!(shown(999_500), "1.00 ms");
        assert_eq!(shown(1_234_567), "1.23 ms");
        assert_eq!(shown(99_960_000), "100 ms");
        assert_eq!(shown(61_000_000_000), "61.0 s");
        assert_eq!(shown(125_000_000_000), "2 min 05 s");
        assert_eq!(shown(3_720_000_000_000), "1 h 02 min");
    }

    #[test]
    fn sizes_and_numbers_are_short() {
        assert_eq!(
            [0, 1023, 1024, 1_048_576, 1_500_000].map(size),
            ["0 B", "1023 B", "1.00 KiB", "1.00 MiB", "1.43 MiB"]
        );
        assert_eq!(size(u64::MAX), "16384 PiB");
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "call"), count(2000, "call")], ["1 call", "2,000 calls"]);
    }

    #[test]
    fn an_axis_has_a_handful_of_round_times() {
        for (whole, expected) in [
            (Duration::from_micros(90), "20 µs"),
            (Duration::from_millis(4), "1 ms"),
            (Duration::from_millis(700), "0.2 s"),
            (Duration::from_secs(4), "1 s"),
            (Duration::from_secs(100), "20 s"),
            (Duration::from_secs(600), "2 min"),
            (Duration::from_secs(5000), "15 min"),
            (Duration::from_secs(90_000), "5 h"),
        ] {
            let spacing = spacing(whole);
            assert_eq!(tick(spacing, spacing), expected, "of {whole:?}");
            let ticks = whole.as_nanos() / spacing.as_nanos();
            assert!((2..=6).contains(&ticks), "{ticks} of {whole:?}");
        }
    }
}
