//! What a supervisor is told to run: written by `aieffect`, read by the supervisor.

use std::ffi::OsString;
use std::time::Duration;

/// A command and how long it may take to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// Between SIGTERM and SIGKILL.
    pub(crate) grace: Duration,
    /// The program, found through `PATH` when it has no slash.
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
}

impl Order {
    /// Reads what [`to_args`](Self::to_args) writes.
    pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut args = args.into_iter();
        let grace = args.next()?.into_string().ok()?;
        let grace = Duration::from_millis(grace.strip_prefix("--grace-ms=")?.parse().ok()?);
        if args.next()? != "--" {
            return None;
        }
        let program = args.next()?;
        Some(Self { grace, program, args: args.collect() })
    }

    /// The arguments of a supervisor that is to carry this out.
    pub(crate) fn to_args(&self) -> Vec<OsString> {
        let head = [format!("--grace-ms={}", self.grace.as_millis()).into(), "--".into()];
        head.into_iter().chain([self.program.clone()]).chain(self.args.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_back_as_it_was_written() {
        let order = Order {
            grace: Duration::from_millis(1500),
            program: "sh".into(),
            args: vec!["-c".into(), "--".into(), "exit 3".into()],
        };
        assert_eq!(Order::parse(order.to_args()), Some(order));
    }

    #[test]
    fn what_aieffect_does_not_write_is_no_order() {
        for args in [&[][..], &["--grace-ms=1"], &["--grace-ms=1", "--"], &["10", "--", "sh"], &["sh"]] {
            assert_eq!(Order::parse(args.iter().map(OsString::from)), None, "{args:?}");
        }
    }
}
