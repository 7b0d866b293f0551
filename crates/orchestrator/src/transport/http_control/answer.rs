//! What the bodies of answers say.

use bytes::Bytes;
use http::StatusCode;

use super::client::Answer;
use crate::control::{is_json, members};
use crate::run::Failure;

/// What is shown of what a service answered, in characters.
const SHOWN: usize = 300;

/// What has become of a task.
#[derive(Debug, PartialEq)]
pub(super) enum State {
    /// It is done; its output's JSON text, where that was in the answer.
    Complete(Option<String>),
    /// It goes on; a share of 1, where it says how far it is.
    Running(Option<f64>),
}

/// The answer to `execute`, or to a question for the status.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    pub(super) state: State,
    /// What the service calls the task.
    pub(super) task: Option<String>,
}

impl Report {
    pub(super) fn read(answer: &Answer, asked: &str) -> Result<Self, Failure> {
        let body = object(answer, asked)?;
        let find =
            |name: &str| body.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let odd = || Failure::Protocol {
            reason: format!(
                "it answered {asked} without one of the statuses `complete`, `running` and `failed`: {}",
                shown(&answer.body)
            ),
        };
        let status: String =
            find("status").and_then(|text| serde_json::from_str(text).ok()).ok_or_else(odd)?;
        let state = match status.as_str() {
            "complete" | "completed" => State::Complete(find("output").map(str::to_owned)),
            "running" | "pending" => State::Running(find("progress").and_then(progress)),
            "failed" => {
                let error = find("error").map(plain).filter(|error| !error.is_empty());
                let error = error.unwrap_or_else(|| "it does not say why".to_owned());
                return Err(Failure::Unsuccessful {
                    message: format!("the service failed: {}", short(&error)),
                });
            }
            _ => return Err(odd()),
        };
        let task = find("task_id").map(plain).filter(|task| !task.is_empty());
        Ok(Self { state, task })
    }
}

/// The `output` of an answer.
pub(super) fn output(answer: &Answer, asked: &str) -> Result<String, Failure> {
    let body = object(answer, asked)?;
    body.into_iter().rev().find(|(key, _)| key == "output").map(|(_, value)| value).ok_or_else(|| {
        Failure::Protocol {
            reason: format!("it answered {asked} without an `output`: {}", shown(&answer.body)),
        }
    })
}

/// The members of an answer that is a JSON object.
fn object(answer: &Answer, asked: &str) -> Result<Vec<(String, String)>, Failure> {
    if !answer.status.is_success() {
        return Err(refused(answer));
    }
    let text = std::str::from_utf8(&answer.body).ok().filter(|text| is_json(text));
    let body = text.and_then(members).ok_or_else(|| Failure::Protocol {
        reason: format!(
            "it answered {asked} with something else than a JSON object: {}",
            shown(&answer.body)
        ),
    })?;
    Ok(body.into_iter().map(|(key, value)| (key, value.to_owned())).collect())
}

/// The failure behind a status that is no success.
pub(super) fn refused(answer: &Answer) -> Failure {
    let message = match (answer.status.is_redirection(), &answer.location) {
        (true, Some(location)) => format!("it redirects to {}, which is not followed", short(location)),
        _ => said(&answer.body),
    };
    let message = match (answer.status, message) {
        (StatusCode::NOT_FOUND, message) => {
            let hint = "is this the port of its control interface?";
            if message.is_empty() { hint.to_owned() } else { format!("{message} ({hint})") }
        }
        (_, message) => message,
    };
    Failure::Http { status: answer.status.as_u16(), message }
}

/// What the body of a refusal says: its `detail`, `error` or `message`, else its beginning.
fn said(body: &Bytes) -> String {
    let members = std::str::from_utf8(body).ok().filter(|text| is_json(text)).and_then(members);
    let find = |name: &str| {
        let members = members.as_ref()?;
        members.iter().find(|(key, _)| key == name).map(|(_, value)| plain(value))
    };
    match ["detail", "error", "message"].into_iter().find_map(find) {
        Some(text) => short(&text),
        None if body.is_empty() => String::new(),
        None => shown(body),
    }
}

/// A share of 1. Whole numbers and what is over 1 are percent, as most services write it; other numbers are shares.
fn progress(text: &str) -> Option<f64> {
    let number: f64 = serde_json::from_str(text).ok()?;
    let is_percent = number > 1.0 || text.bytes().all(|byte| byte.is_ascii_digit());
    let share = if is_percent { number / 100.0 } else { number };
    (0.0..=1.0).contains(&share).then_some(share)
}

/// A JSON text as it is, but a string without its quotes, and null as nothing.
fn plain(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => text,
        Err(_) if json == "null" => String::new(),
        Err(_) => json.to_owned(),
    }
}

fn shown(body: &Bytes) -> String {
    match body.is_empty() {
        true => "nothing".to_owned(),
        false => short(&String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)])),
    }
}

/// On one line, and not too long.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            location: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn read(status: u16, body: &str) -> String {
        match Report::read(&answer(status, body), "POST /control/execute") {
            Ok(report) => format!("{report:?}"),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn what_a_task_has_come_to_is_read() {
        let said = [
            (200, r#"{"status": "complete", "output": {"uri": "x", "n": 1.10}, "error": null}"#),
            (200, r#"{"status": "complete"}"#),
            (202, r#"{"status": "running", "task_id": "t-1", "progress": 42}"#),
            (200, r#"{"status": "running", "task_id": 7, "progress": 0.5}"#),
            (200, r#"{"status": "running", "task_id": null, "progress": 1}"#),
            (200, r#"{"status": "running", "progress": -3}"#),
            (200, r#"{"status": "failed", "error": "no rows\n in day"}"#),
            (200, r#"{"status": "failed", "error": null}"#),
            (200, r#"{"status": "done"}"#),
            (200, r#"{"state": "complete"}"#),
            (200, "<html>hello</html>"),
            (200, ""),
            (422, r#"{"detail": [{"loc": ["body", "inputs"], "msg": "field required"}]}"#),
            (400, r#"{"detail": "Unknown method: X"}"#),
            (404, r#"{"detail": "Not Found"}"#),
            (500, "Internal Server Error"),
            (503, ""),
        ]
        .map(|(status, body)| read(status, body));
        insta::assert_snapshot!(said.join("\n"), @r#"
        Report { state: Complete(Some("{\"uri\": \"x\", \"n\": 1.10}")), task: None }
        Report { state: Complete(None), task: None }
        Report { state: Running(Some(0.42)), task: Some("t-1") }
        Report { state: Running(Some(0.5)), task: Some("7") }
        Report { state: Running(Some(0.01)), task: None }
        Report { state: Running(None), task: None }
        the service failed: no rows in day
        the service failed: it does not say why
        the service broke the protocol: it answered POST /control/execute without one of the statuses `complete`, `running` and `failed`: {"status": "done"}
        the service broke the protocol: it answered POST /control/execute without one of the statuses `complete`, `running` and `failed`: {"state": "complete"}
        the service broke the protocol: it answered POST /control/execute with something else than a JSON object: <html>hello</html>
        the service broke the protocol: it answered POST /control/execute with something else than a JSON object: nothing
        the service answered 422 Unprocessable Entity: [{"loc": ["body", "inputs"], "msg": "field required"}]
        the service answered 400 Bad Request: Unknown method: X
        the service answered 404 Not Found: Not Found (is this the port of its control interface?)
        the service answered 500 Internal Server Error: Internal Server Error
        the service answered 503 Service Unavailable
        "#);
    }

    #[test]
    fn what_is_shown_is_short() {
        let long = read(500, &"words ".repeat(1000));
        assert!(long.chars().count() < SHOWN + 60, "{long}");
    }

    #[test]
    fn a_redirect_is_said_and_not_followed() {
        let redirect = Answer { location: Some("http://elsewhere/".to_owned()), ..answer(307, "") };
        assert_eq!(
            refused(&redirect).to_string(),
            "the service answered 307 Temporary Redirect: it redirects to http://elsewhere/, which is not followed"
        );
    }
}
