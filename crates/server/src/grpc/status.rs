//! What went wrong, as gRPC has it.

use aieffect_api::v1;
use aieffect_blueprint::{Diagnostic, Findings, Severity};
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::keys::Denied;
use crate::kind::Kind;
use crate::packages::Refusal;
use crate::runs::Error;

/// Where the problem is told to programs.
const TRAILER: &str = "aieffect-problem-bin";

/// Bytes that the text and the trailer may have: grpcio by default takes no more than 8 KiB of trailers, and a text is
/// escaped, three bytes for one that is not ASCII.
const LONGEST_TEXT: usize = 2 * 1024;
const LARGEST_PROBLEM: usize = 3 * 1024;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = Kind::from(&error);
        match &error {
            Error::Refused(Refusal::Findings(found)) => with_findings(kind, &error.to_string(), found),
            _ => Self::of(kind, &error.to_string()),
        }
    }
}

/// A status that says what went wrong.
pub(super) struct Problem(Status);

impl Problem {
    pub(super) fn bad(text: &str) -> Self {
        Self::of(Kind::BadRequest, text)
    }

    fn of(kind: Kind, text: &str) -> Self {
        let problem = v1::Problem { code: kind.as_str().to_owned(), ..v1::Problem::default() };
        Self(status(kind, text, &problem))
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        problem.0
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::of((&denied).into(), &denied.to_string())
    }
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::BadRequest | Kind::Findings | Kind::NoSuchStep | Kind::BadServiceKey => Code::InvalidArgument,
        Kind::NoSuchPipeline | Kind::NoSuchRun => Code::NotFound,
        Kind::IdempotencyKeyReused => Code::AlreadyExists,
        Kind::InUse | Kind::WrongState => Code::FailedPrecondition,
        Kind::Busy => Code::Aborted,
        Kind::TooManyRuns => Code::ResourceExhausted,
        Kind::Store | Kind::Stopping => Code::Unavailable,
        Kind::Unauthorized => Code::Unauthenticated,
        Kind::Forbidden | Kind::EndpointNotAllowed => Code::PermissionDenied,
    }
}

fn status(kind: Kind, text: &str, problem: &v1::Problem) -> Status {
    let mut trailers = MetadataMap::new();
    trailers.insert_bin(TRAILER, MetadataValue::from_bytes(&problem.encode_to_vec()));
    Status::with_metadata(code(kind), text, trailers)
}

/// A line for each finding, and the findings themselves, as many as fit.
fn with_findings(kind: Kind, text: &str, found: &Findings) -> Problem {
    let mut problem = v1::Problem { code: kind.as_str().to_owned(), ..v1::Problem::default() };
    let mut text = text.to_owned();
    let mut unsaid = 0_usize;
    for diagnostic in found.iter() {
        let line = format!("\n{}", line(diagnostic));
        if unsaid == 0 && escaped(&text) + escaped(&line) <= LONGEST_TEXT {
            text.push_str(&line);
        } else {
            unsaid += 1;
        }
        let finding = finding(diagnostic);
        if problem.findings_left_out == 0
            && problem.encoded_len() + finding.encoded_len() + 4 <= LARGEST_PROBLEM
        {
            problem.findings.push(finding);
        } else {
            problem.findings_left_out += 1;
        }
    }
    if unsaid > 0 {
        text.push_str(&format!("\nand {unsaid} more"));
    }
    Problem(status(kind, &text, &problem))
}

/// `error AE0203: blueprint.json:4:9: …`.
fn line(finding: &Diagnostic) -> String {
    let (severity, code) = (finding.severity.as_str(), finding.code.as_str());
    let place = finding.labels.first().map_or_else(String::new, |label| {
        let (line, column) = label.source.line_column(label.span.start);
        format!("{}:{line}:{column}: ", label.source.name())
    });
    format!("{severity} {code}: {place}{}", finding.message)
}

/// How long a text is in a trailer.
fn escaped(text: &str) -> usize {
    text.bytes().map(|byte| if matches!(byte, b' '..=b'~') && byte != b'%' { 1 } else { 3 }).sum()
}

pub(super) fn finding(finding: &Diagnostic) -> v1::Finding {
    let severity = match finding.severity {
        Severity::Error => v1::finding::Severity::Error,
        Severity::Warning => v1::finding::Severity::Warning,
    };
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let places = finding.labels.iter().map(|label| {
        let (line, column) = label.source.line_column(label.span.start);
        v1::finding::Place {
            file: label.source.name().to_owned(),
            line: number(line),
            column: number(column),
            note: label.note.clone(),
        }
    });
    v1::Finding {
        severity: severity.into(),
        code: finding.code.as_str().to_owned(),
        message: finding.message.clone(),
        places: places.collect(),
        help: finding.help.clone().unwrap_or_default(),
    }
}
