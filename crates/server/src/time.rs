//! Time as text.

use std::time::SystemTime;

use jiff::Timestamp;

/// `2026-11-21T09:30:00.123456Z`, in UTC. A clock before the year 0 or after 9999 shows the epoch.
pub(crate) fn shown(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
