//! Household readings to analyzed readings, text to text.
//!
//! Entry point: [`analyze`]. A reading's efficiency is its power divided by voltage × current; it is an anomaly
//! when that is further from 1 than the [`Threshold`]. Files are the caller's.

use std::fmt::Write;

const HEADER: &str = "timestamp,household_id,power_consumption,voltage,current";

/// How far from 1 an efficiency may be: with 0.5, readings below 0.5 and above 1.5 are anomalies.
#[derive(Clone, Copy)]
pub(crate) struct Threshold(f64);

impl Threshold {
    /// Refuses what is not a number over 0: every reading would be an anomaly, or none.
    pub(crate) fn new(value: f32) -> Result<Threshold, String> {
        if value.is_finite() && value > 0.0 {
            Ok(Threshold(value.into()))
        } else {
            Err(format!("anomaly_threshold must be over 0, such as 0.5, not {value}"))
        }
    }
}

/// The analyzed readings, and what they come to.
#[derive(Debug, PartialEq)]
pub(crate) struct Analysis {
    /// Columns timestamp, household_id, power, efficiency, status, anomaly_detected.
    pub(crate) csv: String,
    pub(crate) total: i32,
    pub(crate) anomalies: i32,
    /// Over the readings that have an efficiency; 0 when none has.
    pub(crate) average_efficiency: f64,
}

/// Analyzes readings as `data_generator` writes them.
///
/// Fails with the line's number when the header or a reading is not as expected.
pub(crate) fn analyze(readings: &str, threshold: Threshold) -> Result<Analysis, String> {
    let mut lines = readings.lines().zip(1..);
    match lines.next() {
        Some((HEADER, _)) => {}
        Some((other, _)) => return Err(format!("line 1: expected the header `{HEADER}`, found `{other}`")),
        None => return Err(format!("the file is empty; expected the header `{HEADER}`")),
    }

    let mut csv = String::from("timestamp,household_id,power,efficiency,status,anomaly_detected\n");
    let (mut total, mut anomalies) = (0, 0);
    let mut efficiencies = Vec::new();
    for (line, number) in lines {
        let reading = Reading::parse(line).map_err(|cause| format!("line {number}: {cause}"))?;
        let status = reading.status(threshold);
        let efficiency = reading.efficiency();
        total += 1;
        anomalies += i32::from(status.is_anomaly());
        efficiencies.extend(efficiency);
        let shown = efficiency.map(|value| format!("{value:.4}")).unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            csv,
            "{},{},{},{shown},{},{}",
            reading.timestamp,
            reading.household,
            reading.power,
            status.word(),
            status.is_anomaly()
        );
    }
    let average_efficiency = efficiencies.iter().sum::<f64>() / efficiencies.len().max(1) as f64;
    Ok(Analysis { csv, total, anomalies, average_efficiency })
}

struct Reading<'a> {
    timestamp: &'a str,
    household: &'a str,
    power: f64,
    voltage: f64,
    current: f64,
}

impl<'a> Reading<'a> {
    fn parse(line: &'a str) -> Result<Reading<'a>, String> {
        let fields: Vec<&str> = line.split(',').collect();
        let [timestamp, household, power, voltage, current] = fields[..] else {
            return Err(format!("expected 5 values, found {}", fields.len()));
        };
        Ok(Reading {
            timestamp,
            household,
            power: number("power_consumption", power)?,
            voltage: number("voltage", voltage)?,
            current: number("current", current)?,
        })
    }

    /// None where nothing flows: a share of nothing says nothing.
    fn efficiency(&self) -> Option<f64> {
        let apparent = self.voltage * self.current;
        (apparent > 0.0).then(|| self.power / apparent)
    }

    fn status(&self, threshold: Threshold) -> Status {
        match self.efficiency() {
            Some(efficiency) if efficiency < 1.0 - threshold.0 => Status::Low,
            Some(efficiency) if efficiency > 1.0 + threshold.0 => Status::High,
            Some(_) => Status::Normal,
            // Power without a current cannot be.
            None if self.power > 0.0 => Status::High,
            None => Status::Idle,
        }
    }
}

#[derive(Clone, Copy)]
enum Status {
    Normal,
    Low,
    High,
    Idle,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Normal => "normal",
            Status::Low => "low",
            Status::High => "high",
            Status::Idle => "idle",
        }
    }

    fn is_anomaly(self) -> bool {
        matches!(self, Status::Low | Status::High)
    }
}

fn number(column: &str, text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| format!("{column} `{text}` is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READINGS: &str = "\
timestamp,household_id,power_consumption,voltage,current
2024-01-01T00:00:00,H001,950,100,10
2024-01-01T00:00:00,H002,300,100,10
2024-01-01T00:00:00,H003,1800,100,10
2024-01-01T00:00:00,H004,0,100,0
2024-01-01T00:00:00,H005,20,100,0
";

    fn analyzed(threshold: f32) -> Analysis {
        analyze(READINGS, Threshold::new(threshold).unwrap()).unwrap()
    }

    #[test]
    fn each_reading_gets_its_efficiency_its_status_and_a_mark() {
        assert_eq!(
            analyzed(0.5).csv,
            "\
timestamp,household_id,power,efficiency,status,anomaly_detected
2024-01-01T00:00:00,H001,950,0.9500,normal,false
2024-01-01T00:00:00,H002,300,0.3000,low,true
2024-01-01T00:00:00,H003,1800,1.8000,high,true
2024-01-01T00:00:00,H004,0,,idle,false
2024-01-01T00:00:00,H005,20,,high,true
"
        );
    }

    #[test]
    fn the_threshold_decides_how_many_are_anomalies() {
        let found = [0.01, 0.5, 0.75, 0.9].map(|threshold| analyzed(threshold).anomalies);
        assert_eq!(found, [4, 3, 2, 1]);
    }

    #[test]
    fn the_average_leaves_out_readings_without_an_efficiency() {
        let average = analyzed(0.5).average_efficiency;
        assert!((average - (0.95 + 0.3 + 1.8) / 3.0).abs() < 1e-12, "{average}");
    }

    #[test]
    fn a_header_alone_has_no_readings_and_no_average() {
        let analysis = analyze(HEADER, Threshold::new(0.5).unwrap()).unwrap();
        assert_eq!((analysis.total, analysis.anomalies, analysis.average_efficiency), (0, 0, 0.0));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        let message = |text: &str| analyze(text, Threshold::new(0.5).unwrap()).unwrap_err();
        assert!(message("").starts_with("the file is empty"));
        assert!(message("a,b\n").starts_with("line 1: expected the header"));
        let with = |line: &str| message(&format!("{HEADER}\nt,H001,1,1,1\n{line}\n"));
        assert_eq!(with("t,H001,1"), "line 3: expected 5 values, found 3");
        assert_eq!(with("t,H001,1,x,1"), "line 3: voltage `x` is not a number");
        assert_eq!(with("t,H001,1,1,nan"), "line 3: current `nan` is not a number");
    }

    #[test]
    fn a_threshold_that_is_not_over_zero_is_refused() {
        for value in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(Threshold::new(value).is_err(), "{value}");
        }
    }
}
