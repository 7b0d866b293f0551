//! One task: begun, asked for until it is done, its output fetched.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::answer::{Report, State, output, refused};
use super::client::{Answer, Broken, Client};
use crate::control::{Execution, Output};
use crate::ports::Call;
use crate::run::{Direction, Failure};
use crate::transport::grpc::MESSAGE_LIMIT;

const EXECUTE: &str = "/control/execute";
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A question that hangs is asked again.
const LONGEST_QUESTION: Duration = Duration::from_secs(30);
/// What stands in a path as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) struct Task<'a> {
    client: &'a Client,
    call: &'a Call,
    id: String,
}

impl<'a> Task<'a> {
    /// A task of its own for each attempt of each firing.
    pub(super) fn new(client: &'a Client, call: &'a Call) -> Self {
        let about = &call.metadata;
        let step = about.step.replace(':', ".");
        let id = format!("{}.{step}.{}.{}", about.run, about.seq, about.attempt);
        Self { client, call, id }
    }

    /// Carries it out.
    pub(super) async fn perform(&self, execution: &Execution) -> Result<Output, Failure> {
        let headers = self.headers()?;
        let body = self.body(execution);
        if body.len() > MESSAGE_LIMIT {
            let (limit, size) = (MESSAGE_LIMIT as u64, Some(body.len() as u64));
            return Err(Failure::TooLarge { direction: Direction::Request, limit, size });
        }
        let answer = self.client.request(&self.call.address, EXECUTE, &headers, Some(body)).await;
        let begun = Report::read(&answer.map_err(Broken::failure)?, "POST /control/execute")?;
        let task = begun.task.unwrap_or_else(|| self.id.clone());
        let task = utf8_percent_encode(&task, ESCAPED).to_string();
        let output = match begun.state {
            State::Complete(Some(output)) => Some(output),
            State::Complete(None) => None,
            State::Running(progress) => {
                self.call.progress.report(progress);
                self.wait(&task, &headers).await?
            }
        };
        let output = match output {
            Some(output) => output,
            None => self.fetch(&task, &headers).await?,
        };
        Ok(Output::of(&output))
    }

    /// Asks until it is done. A service whose status has the output already is not asked for it.
    async fn wait(&self, task: &str, headers: &HeaderMap) -> Result<Option<String>, Failure> {
        let path = format!("/control/status/{task}");
        let mut pause = FIRST_PAUSE;
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let Some(answer) = self.ask(&path, headers).await? else { continue };
            match Report::read(&answer, "GET /control/status")?.state {
                State::Complete(output) => return Ok(output),
                State::Running(progress) => self.call.progress.report(progress),
            }
        }
    }

    async fn fetch(&self, task: &str, headers: &HeaderMap) -> Result<String, Failure> {
        let path = format!("/control/output/{task}");
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(answer) = self.ask(&path, headers).await? {
                return output(&answer, "GET /control/output");
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks once; `None` when it is to be asked again. Asking does no harm, so only the deadline ends it.
    async fn ask(&self, path: &str, headers: &HeaderMap) -> Result<Option<Answer>, Failure> {
        let asked = self.client.request(&self.call.address, path, headers, None);
        let answer = match timeout(LONGEST_QUESTION, asked).await {
            Err(_) | Ok(Err(Broken::Unsent(_) | Broken::Sent(_))) => return Ok(None),
            Ok(Err(broken @ Broken::TooLarge)) => return Err(broken.failure()),
            Ok(Ok(answer)) => answer,
        };
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Ok(None),
            // It has been started anew, say: what became of the task nobody knows.
            StatusCode::NOT_FOUND => Err(Failure::Lost { reason: forgotten(path, &answer) }),
            status if status.is_success() => Ok(Some(answer)),
            _ => Err(refused(&answer)),
        }
    }

    fn headers(&self) -> Result<HeaderMap, Failure> {
        let about = &self.call.metadata;
        let mut headers = HeaderMap::new();
        let mut insert = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value)
                .map_err(|_| Failure::Protocol { reason: format!("`{value}` cannot be sent as `{name}`") })?;
            headers.insert(HeaderName::from_static(name), value);
            Ok(())
        };
        insert("aieffect-run-id", &about.run)?;
        insert("aieffect-step", &about.step)?;
        insert("aieffect-seq", &about.seq.to_string())?;
        insert("aieffect-attempt", &about.attempt.to_string())?;
        insert("traceparent", &about.traceparent)?;
        Ok(headers)
    }

    /// The texts of references and parameters go out as they are.
    fn body(&self, execution: &Execution) -> Bytes {
        let text = |text: &str| Value::from(text).to_string();
        let parameters = if execution.parameters.is_empty() { "{}" } else { &execution.parameters };
        let body = format!(
            r#"{{"method": {}, "workflow_id": {}, "task_id": {}, "inputs": [{}], "parameters": {parameters}}}"#,
            text(&self.call.path),
            text(&self.call.metadata.run),
            text(&self.id),
            execution.inputs.join(", "),
        );
        Bytes::from(body)
    }
}

fn forgotten(path: &str, answer: &Answer) -> String {
    format!("it answers {path} with {}, as if it had never heard of the task", answer.status)
}
