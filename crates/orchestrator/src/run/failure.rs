//! Why a firing failed: our own words, since a client library's statuses are not to be taken at theirs.

use crate::messages::MESSAGE_LIMIT;
use std::fmt;
use std::time::Duration;

use crate::plan::TransferError;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the service.
    Request,
    /// From the service.
    Response,
}

/// Why an attempt of a firing failed. Its text is one line that can stand after `step: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing of the request reached the service.
    #[error("the service could not be reached: {reason}")]
    NeverReached {
        /// What the connection said.
        reason: String,
    },
    /// The connection was lost after the request was sent.
    #[error(
        "the connection to the service was lost during the call ({reason}): the service may have died; see its log"
    )]
    Lost {
        /// What the connection said.
        reason: String,
    },
    /// No answer in time.
    #[error("no answer within its deadline of {}", Seconds(*.after))]
    Deadline {
        /// The deadline.
        after: Duration,
    },
    /// A stream on which nothing moved for too long.
    #[error("nothing moved on its stream for {}", Seconds(*.after))]
    Idle {
        /// The deadline.
        after: Duration,
    },
    /// A message is over a size limit.
    #[error("{}", TooLargeText { direction: *.direction, limit: *.limit, size: *.size })]
    TooLarge {
        /// Which message.
        direction: Direction,
        /// The limit in bytes.
        limit: u64,
        /// The message's size in bytes, where it was said.
        size: Option<u64>,
    },
    /// The service answered with a status other than OK.
    #[error("the service answered {code}{}", After(": ", .message))]
    Status {
        /// The status.
        code: StatusCode,
        /// Its text.
        message: String,
    },
    /// A service that is controlled over HTTP answered with a status that is no success.
    #[error("the service answered {}{}", HttpStatus(*.status), After(": ", .message))]
    Http {
        /// The status.
        status: u16,
        /// What its body says.
        message: String,
    },
    /// The response did not keep the step's success contract.
    #[error("{message}")]
    Unsuccessful {
        /// Which part of it, and what the service said.
        message: String,
    },
    /// The request could not be made from what came in.
    #[error("the request could not be made: {0}")]
    Transfer(TransferError),
    /// Incoming links carried different numbers of messages.
    #[error("its incoming links carried different numbers of messages")]
    Uneven,
    /// Messages that had to wait could not be written to a file.
    #[error("the messages that wait for it could not be written to a temporary file: {reason}")]
    Spool {
        /// What the system said.
        reason: String,
    },
    /// What it gave could not be stored, or what was stored could not be read back.
    #[error("{reason}")]
    Store {
        /// What the store said.
        reason: String,
    },
    /// A call did not keep to its shape.
    #[error("the service broke the protocol: {reason}")]
    Protocol {
        /// How.
        reason: String,
    },
    /// The call's code panicked.
    #[error("internal error in the call: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
}

impl Failure {
    /// A message of so many bytes is over our [limit](MESSAGE_LIMIT).
    pub(crate) fn too_large(direction: Direction, size: usize) -> Self {
        Self::TooLarge { direction, limit: MESSAGE_LIMIT as u64, size: Some(size as u64) }
    }

    /// A word for its kind, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NeverReached { .. } => "never_reached",
            Self::Lost { .. } => "lost",
            Self::Deadline { .. } => "deadline",
            Self::Idle { .. } => "idle",
            Self::TooLarge { .. } => "too_large",
            Self::Status { .. } => "status",
            Self::Http { .. } => "http",
            Self::Unsuccessful { .. } => "unsuccessful",
            Self::Transfer(_) => "transfer",
            Self::Uneven => "uneven",
            Self::Spool { .. } => "spool",
            Self::Store { .. } => "store",
            Self::Protocol { .. } => "protocol",
            Self::Panicked { .. } => "panicked",
        }
    }
}

struct HttpStatus(u16);

impl fmt::Display for HttpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match http::StatusCode::from_u16(self.0) {
            Ok(status) => status.fmt(f),
            Err(_) => self.0.fmt(f),
        }
    }
}

struct TooLargeText {
    direction: Direction,
    limit: u64,
    size: Option<u64>,
}

impl fmt::Display for TooLargeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.direction {
            Direction::Request => f.write_str("the request")?,
            Direction::Response => f.write_str("the response")?,
        }
        if let Some(size) = self.size {
            write!(f, " has {} and", Size(size))?;
        }
        write!(f, " is over the limit of {}", Size(self.limit))?;
        match self.direction {
            Direction::Request => f.write_str(
                " (Python services take 4 MiB unless they raise `grpc.max_receive_message_length`)",
            ),
            Direction::Response => Ok(()),
        }
    }
}

struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1024 * 1024;
        match self.0 {
            bytes if bytes >= MIB && bytes % MIB == 0 => write!(f, "{} MiB", bytes / MIB),
            bytes if bytes >= MIB => write!(f, "{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

struct After<'a>(&'static str, &'a str);

impl fmt::Display for After<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.is_empty() { Ok(()) } else { write!(f, "{}{}", self.0, self.1) }
    }
}

macro_rules! status_codes {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// A gRPC status other than OK.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum StatusCode {
            $(#[doc = $text] $name,)*
        }

        impl StatusCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The status of that number; `None` for 0, which is OK. Unknown numbers are `UNKNOWN`.
            pub fn new(number: u32) -> Option<Self> {
                match number {
                    0 => None,
                    $($number => Some(Self::$name),)*
                    _ => Some(Self::Unknown),
                }
            }

            /// Its name, such as `UNAVAILABLE`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

status_codes! {
    Cancelled = 1, "CANCELLED";
    Unknown = 2, "UNKNOWN";
    InvalidArgument = 3, "INVALID_ARGUMENT";
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED";
    NotFound = 5, "NOT_FOUND";
    AlreadyExists = 6, "ALREADY_EXISTS";
    PermissionDenied = 7, "PERMISSION_DENIED";
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED";
    FailedPrecondition = 9, "FAILED_PRECONDITION";
    Aborted = 10, "ABORTED";
    OutOfRange = 11, "OUT_OF_RANGE";
    Unimplemented = 12, "UNIMPLEMENTED";
    Internal = 13, "INTERNAL";
    Unavailable = 14, "UNAVAILABLE";
    DataLoss = 15, "DATA_LOSS";
    Unauthenticated = 16, "UNAUTHENTICATED";
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_one_line() {
        let lines = [
            Failure::NeverReached { reason: "connection refused".into() },
            Failure::Lost { reason: "broken pipe".into() },
            Failure::Deadline { after: Duration::from_millis(1500) },
            Failure::TooLarge { direction: Direction::Request, limit: 4 << 20, size: Some(5_500_000) },
            Failure::TooLarge { direction: Direction::Response, limit: 256 << 20, size: None },
            Failure::Status {
                code: StatusCode::InvalidArgument,
                message: "threshold must be positive".into(),
            },
            Failure::Status { code: StatusCode::Unknown, message: String::new() },
            Failure::Unsuccessful { message: "success is false: no rows".into() },
            Failure::Uneven,
            Failure::Protocol { reason: "no response message".into() },
            Failure::Panicked { message: "index out of bounds".into() },
        ]
        .map(|failure| failure.to_string());
        insta::assert_snapshot!(lines.join("\n"), @"
        the service could not be reached: connection refused
        the connection to the service was lost during the call (broken pipe): the service may have died; see its log
        no answer within its deadline of 1.5 s
        the request has 5.2 MiB and is over the limit of 4 MiB (Python services take 4 MiB unless they raise `grpc.max_receive_message_length`)
        the response is over the limit of 256 MiB
        the service answered INVALID_ARGUMENT: threshold must be positive
        the service answered UNKNOWN
        success is false: no rows
        its incoming links carried different numbers of messages
        the service broke the protocol: no response message
        internal error in the call: index out of bounds
        ");
    }
}
