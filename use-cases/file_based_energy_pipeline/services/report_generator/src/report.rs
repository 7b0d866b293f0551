//! Analyzed readings to a table of metrics, text to text.
//!
//! Entry point: [`Report::of`]. Files are the caller's.

use std::collections::BTreeSet;

const HEADER: &str = "timestamp,household_id,power,efficiency,status,anomaly_detected";

/// Refuses every format but `csv`.
pub(crate) fn check_format(report_format: &str) -> Result<(), String> {
    match report_format {
        "csv" => Ok(()),
        other => Err(format!("report_format `{other}` is not known; the one there is: `csv`")),
    }
}

/// What analyzed readings come to.
#[derive(Default)]
pub(crate) struct Report {
    readings: usize,
    households: usize,
    anomalies: usize,
    too_low: usize,
    too_high: usize,
    /// In W, over all readings.
    total_power: f64,
    /// Of the readings that have one.
    efficiencies: Vec<f64>,
}

impl Report {
    /// Reads analyzed readings as `data_analyzer` writes them.
    ///
    /// Fails with the line's number when the header or a reading is not as expected, and when there is none.
    pub(crate) fn of(analyzed: &str) -> Result<Report, String> {
        let mut lines = analyzed.lines().zip(1..);
        match lines.next() {
            Some((HEADER, _)) => {}
            Some((other, _)) => {
                return Err(format!("line 1: expected the header `{HEADER}`, found `{other}`"));
            }
            None => return Err(format!("the file is empty; expected the header `{HEADER}`")),
        }
        let mut report = Report::default();
        let mut households = BTreeSet::new();
        for (line, number) in lines {
            let household = report.add(line).map_err(|cause| format!("line {number}: {cause}"))?;
            households.insert(household);
        }
        if report.readings == 0 {
            return Err("no readings to report on".to_owned());
        }
        report.households = households.len();
        Ok(report)
    }

    /// Two columns, `metric` and `value`.
    pub(crate) fn csv(&self) -> String {
        let lowest = self.efficiencies.iter().copied().reduce(f64::min).unwrap_or_default();
        let highest = self.efficiencies.iter().copied().reduce(f64::max).unwrap_or_default();
        let rows = [
            ("total_records", self.readings.to_string()),
            ("households", self.households.to_string()),
            ("anomalies_detected", self.anomalies.to_string()),
            ("anomalies_low_efficiency", self.too_low.to_string()),
            ("anomalies_high_efficiency", self.too_high.to_string()),
            ("anomaly_rate_percent", format!("{:.2}", self.anomaly_percent())),
            ("average_power_w", format!("{:.1}", self.total_power / self.readings as f64)),
            ("average_efficiency", format!("{:.4}", self.average_efficiency())),
            ("lowest_efficiency", format!("{lowest:.4}")),
            ("highest_efficiency", format!("{highest:.4}")),
        ];
        let lines = rows.map(|(metric, value)| format!("{metric},{value}\n"));
        format!("metric,value\n{}", lines.concat())
    }

    /// One sentence for people.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} readings of {} households: {} anomalies ({:.2} %), average efficiency {:.4}",
            self.readings,
            self.households,
            self.anomalies,
            self.anomaly_percent(),
            self.average_efficiency()
        )
    }

    /// Counts one line in; returns its household.
    fn add<'a>(&mut self, line: &'a str) -> Result<&'a str, String> {
        let fields: Vec<&str> = line.split(',').collect();
        let [_timestamp, household, power, efficiency, status, anomaly] = fields[..] else {
            return Err(format!("expected 6 values, found {}", fields.len()));
        };
        self.readings += 1;
        self.total_power += number("power", power)?;
        if !efficiency.is_empty() {
            self.efficiencies.push(number("efficiency", efficiency)?);
        }
        match (anomaly, status) {
            ("false", _) => return Ok(household),
            ("true", "low") => self.too_low += 1,
            ("true", "high") => self.too_high += 1,
            ("true", other) => return Err(format!("an anomaly's status is `low` or `high`, not `{other}`")),
            (other, _) => return Err(format!("anomaly_detected `{other}` is neither `true` nor `false`")),
        }
        self.anomalies += 1;
        Ok(household)
    }

    fn anomaly_percent(&self) -> f64 {
        self.anomalies as f64 / self.readings as f64 * 100.0
    }

    fn average_efficiency(&self) -> f64 {
        self.efficiencies.iter().sum::<f64>() / self.efficiencies.len().max(1) as f64
    }
}

fn number(column: &str, text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{column} `{text}` is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANALYZED: &str = "\
timestamp,household_id,power,efficiency,status,anomaly_detected
2024-01-01T00:00:00,H001,900,0.9000,normal,false
2024-01-01T00:00:00,H002,300,0.3000,low,true
2024-01-01T00:15:00,H001,1800,1.8000,high,true
2024-01-01T00:15:00,H002,0,,idle,false
";

    #[test]
    fn the_report_counts_and_averages() {
        assert_eq!(
            Report::of(ANALYZED).unwrap().csv(),
            "\
metric,value
total_records,4
households,2
anomalies_detected,2
anomalies_low_efficiency,1
anomalies_high_efficiency,1
anomaly_rate_percent,50.00
average_power_w,750.0
average_efficiency,1.0000
lowest_efficiency,0.3000
highest_efficiency,1.8000
"
        );
    }

    #[test]
    fn the_summary_is_one_sentence() {
        assert_eq!(
            Report::of(ANALYZED).unwrap().summary(),
            "4 readings of 2 households: 2 anomalies (50.00 %), average efficiency 1.0000"
        );
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        let message = |text: &str| Report::of(text).err().unwrap();
        assert!(message("").starts_with("the file is empty"));
        assert!(message("a,b\n").starts_with("line 1: expected the header"));
        assert_eq!(message(HEADER), "no readings to report on");
        let with = |line: &str| message(&format!("{HEADER}\n{line}\n"));
        assert_eq!(with("t,H001"), "line 2: expected 6 values, found 2");
        assert_eq!(with("t,H001,x,1,normal,false"), "line 2: power `x` is not a number");
        assert_eq!(
            with("t,H001,1,1,idle,true"),
            "line 2: an anomaly's status is `low` or `high`, not `idle`"
        );
        assert_eq!(
            with("t,H001,1,1,low,yes"),
            "line 2: anomaly_detected `yes` is neither `true` nor `false`"
        );
    }

    #[test]
    fn an_unknown_format_is_refused_by_name() {
        assert_eq!(check_format("csv"), Ok(()));
        assert!(check_format("pdf").unwrap_err().contains("`pdf`"));
    }
}
