//! What an export is told beside the use case.

use std::collections::BTreeMap;
use std::time::Duration;

use aieffect_blueprint::{Address, NodeName};
use uuid::Uuid;

/// How a package is written.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Its identifier and date.
    pub stamp: Stamp,
    /// Where the use case lies, as the metadata says it: relative to the package.
    pub source_path: String,
    /// What becomes of imports.
    pub protos: ProtoLayout,
    /// Addresses that stand in `dockerinfo.json` in place of the nodes' own, such as those of a stack's published
    /// ports (`host_addresses`), for an orchestrator outside of the stack.
    pub addresses: BTreeMap<NodeName, Address>,
}

/// A package's identifier and date. Times are since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stamp {
    /// A new one each time.
    Fresh {
        /// The identifier.
        pipeline_id: Uuid,
        /// When it is made.
        created: Duration,
    },
    /// The identifier follows from the content, so that equal use cases give equal packages.
    Reproducible {
        /// `SOURCE_DATE_EPOCH`, or zero.
        created: Duration,
    },
}

impl Stamp {
    /// A random identifier, and the given time.
    pub fn fresh(created: Duration) -> Self {
        Self::Fresh { pipeline_id: Uuid::new_v4(), created }
    }

    pub(crate) fn created(&self) -> Duration {
        match self {
            Self::Fresh { created, .. } | Self::Reproducible { created } => *created,
        }
    }
}

/// What becomes of the protos that a service's own imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtoLayout {
    /// They keep their import paths below `microservice/`.
    Imports,
    /// What is used of them is written into the service's own file, for platforms that take no imports.
    SelfContained,
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`.
pub(crate) fn date(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let micros = since_1970.subsec_micros();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// The Gregorian date of a day since 1970-01-01, by counting from 0000-03-01, so that the leap day ends a year
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_gregorian() {
        let check = |seconds, expected: &str| assert_eq!(date(Duration::from_secs(seconds)), expected);
        check(0, "1970-01-01 00:00:00.000000");
        check(951_782_400, "2000-02-29 00:00:00.000000");
        check(1_709_164_799, "2024-02-28 23:59:59.000000");
        check(4_107_542_400, "2100-03-01 00:00:00.000000");
        assert_eq!(date(Duration::from_micros(1_795_298_315_256_612)), "2026-11-21 21:58:35.256612");
    }
}
