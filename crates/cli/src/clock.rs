//! Time as text, in UTC.

use std::time::SystemTime;

use jiff::Timestamp;

/// `2026-11-21T09:30:00.123Z`.
pub(crate) fn precise(at: SystemTime) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `09:30:00.123`.
pub(crate) fn of_day(at: SystemTime) -> String {
    timestamp(at).strftime("%H:%M:%S.%3f").to_string()
}

/// `2026-11-21 09:30:00`.
pub(crate) fn of_date(at: SystemTime) -> String {
    timestamp(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `20261121-093000`, for names.
pub(crate) fn compact(at: SystemTime) -> String {
    timestamp(at).strftime("%Y%m%d-%H%M%S").to_string()
}

/// A clock before the year 0 or after 9999 shows the epoch.
fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH)
}
