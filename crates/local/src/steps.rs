//! Commands that run to their end before a service starts: its build, pip, protoc.

use crate::Error;
use crate::job::Job;
use crate::output::{LastLines, Line};
use crate::plan::StartOptions;

/// For whom, and where their output goes.
#[derive(Clone, Copy)]
pub(crate) struct Steps<'a> {
    /// The service's name in the compose file, or `build`.
    pub(crate) service: &'a str,
    pub(crate) options: &'a StartOptions,
}

impl Steps<'_> {
    /// Runs a step to its good end; anything else is an error with the last lines.
    pub(crate) async fn run(&self, step: &str, job: &Job) -> Result<(), Error> {
        let mut last = LastLines::default();
        let each = |text: &str| {
            self.say(text);
            last.push(text);
        };
        let ended = job.finish(&self.options.supervisor, each).await;
        let (service, step) = (self.service.to_owned(), step.to_owned());
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Error::Step { service, step, status, last }),
            Err(source) => Err(Error::Start { command: step, of: format!("service `{service}`"), source }),
        }
    }

    /// Shows a line of our own among the service's.
    pub(crate) fn say(&self, text: &str) {
        (self.options.sink)(Line { from: self.service, text });
    }
}
