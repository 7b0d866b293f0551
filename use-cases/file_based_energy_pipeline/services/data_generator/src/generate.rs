//! Synthetic readings of ten households, one each every quarter of an hour.
//!
//! Entry point: [`readings_csv`]. The same count always gives the same text, so a run can be repeated and
//! compared. No clock, no files.

use std::fmt::Write;

/// The most readings one call makes: some 60 MB of text.
const MAX_RECORDS: i32 = 1_000_000;
const HOUSEHOLDS: u32 = 10;
const READINGS_PER_DAY: u32 = 96;
const SEED: u64 = 20_240_101;

/// Refuses every format but `csv`.
pub(crate) fn check_format(output_format: &str) -> Result<(), String> {
    match output_format {
        "csv" => Ok(()),
        other => Err(format!("output_format `{other}` is not known; the one there is: `csv`")),
    }
}

/// Returns a header and `num_records` readings: power in W, voltage in V, current in A.
///
/// About three readings in a hundred are wrong: half of them show far too little power for their voltage and
/// current (a meter with a lost phase), half far too much (a current sensor out of scale).
///
/// Fails when `num_records` is not between 1 and a million.
pub(crate) fn readings_csv(num_records: i32) -> Result<String, String> {
    let count = u32::try_from(num_records)
        .ok()
        .filter(|_| (1..=MAX_RECORDS).contains(&num_records))
        .ok_or_else(|| format!("num_records must be from 1 to {MAX_RECORDS}, not {num_records}"))?;

    let mut random = Random(SEED);
    let mut csv = String::from("timestamp,household_id,power_consumption,voltage,current\n");
    for index in 0..count {
        let quarter = index / HOUSEHOLDS;
        let household = index % HOUSEHOLDS + 1;
        let voltage = random.between(224.0, 236.0);
        let current = load(quarter % READINGS_PER_DAY) * random.between(0.5, 1.5);
        let power = voltage * current * efficiency(&mut random);
        let time = timestamp(quarter);
        // Writing to a `String` cannot fail.
        let _ = writeln!(csv, "{time},H{household:03},{power:.1},{voltage:.1},{current:.3}");
    }
    Ok(csv)
}

/// The usual current of a household, in A: little at night, most around seven in the evening.
fn load(quarter_of_day: u32) -> f64 {
    let hours_from_peak = (f64::from(quarter_of_day) / 4.0 - 19.0).abs();
    2.0 + 6.0 * (-hours_from_peak.powi(2) / 18.0).exp()
}

/// The share of voltage × current that the meter shows as power.
fn efficiency(random: &mut Random) -> f64 {
    match random.between(0.0, 1.0) {
        draw if draw < 0.015 => random.between(0.1, 0.6),
        draw if draw < 0.03 => random.between(1.4, 2.2),
        _ => random.between(0.88, 0.99),
    }
}

/// The start of a quarter of an hour, counted from 2024-01-01T00:00:00.
fn timestamp(quarter: u32) -> String {
    let (mut year, mut month, mut day) = (2024, 1, quarter / READINGS_PER_DAY);
    while day >= days_in(year, month) {
        day -= days_in(year, month);
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
    let minute = quarter % READINGS_PER_DAY * 15;
    format!("{year}-{month:02}-{:02}T{:02}:{:02}:00", day + 1, minute / 60, minute % 60)
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        // A century without a leap day is beyond the most readings there can be.
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// SplitMix64: enough for made-up readings, and the same on every machine.
struct Random(u64);

impl Random {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        low + (high - low) * ((bits >> 11) as f64 / (1u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn efficiencies(csv: &str) -> Vec<f64> {
        let numbers = |line: &str| -> Vec<f64> {
            line.split(',').skip(2).map(|field| field.parse().unwrap()).collect()
        };
        csv.lines().skip(1).map(numbers).map(|reading| reading[0] / (reading[1] * reading[2])).collect()
    }

    #[test]
    fn the_same_count_gives_the_same_text() {
        assert_eq!(readings_csv(500), readings_csv(500));
        let (short, long) = (readings_csv(10).unwrap(), readings_csv(11).unwrap());
        assert!(long.starts_with(&short));
    }

    #[test]
    fn there_is_a_header_and_one_line_per_reading() {
        let csv = readings_csv(25).unwrap();
        assert_eq!(csv.lines().count(), 26);
        assert_eq!(csv.lines().next(), Some("timestamp,household_id,power_consumption,voltage,current"));
        assert!(csv.lines().nth(11).unwrap().starts_with("2024-01-01T00:15:00,H001,"));
    }

    #[test]
    fn a_few_readings_are_anomalies_of_both_kinds_and_most_are_not() {
        let efficiencies = efficiencies(&readings_csv(1000).unwrap());
        let low = efficiencies.iter().filter(|efficiency| **efficiency < 0.7).count();
        let high = efficiencies.iter().filter(|efficiency| **efficiency > 1.3).count();
        assert!((5..30).contains(&low), "{low} low");
        assert!((5..30).contains(&high), "{high} high");
        assert!(efficiencies.iter().filter(|efficiency| (0.87..1.0).contains(*efficiency)).count() > 950);
    }

    #[test]
    fn days_roll_over_into_months_and_years() {
        assert_eq!(timestamp(59 * READINGS_PER_DAY), "2024-02-29T00:00:00");
        assert_eq!(timestamp(366 * READINGS_PER_DAY + 95), "2025-01-01T23:45:00");
    }

    #[test]
    fn a_count_out_of_range_is_refused_with_the_range() {
        for count in [0, -5, 1_000_001] {
            let message = readings_csv(count).unwrap_err();
            assert_eq!(message, format!("num_records must be from 1 to 1000000, not {count}"));
        }
    }

    #[test]
    fn an_unknown_format_is_refused_by_name() {
        assert_eq!(check_format("csv"), Ok(()));
        assert!(check_format("xml").unwrap_err().contains("`xml`"));
    }
}
