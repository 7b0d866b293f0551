//! What a run's events come to: [`History`].

use std::collections::HashMap;
use std::time::SystemTime;

use aieffect_blueprint::Mode;

use super::event::{Gave, StoredEvent};
use crate::ports::Entry;

/// What has become of a run's steps.
#[derive(Debug, Clone)]
pub struct History {
    /// The steps, in plan order.
    pub steps: Vec<StepHistory>,
    /// When its last event was.
    pub last: Option<SystemTime>,
    /// How often another process went on with it.
    pub resumed: u32,
    /// The run that it has results of.
    pub from: Option<String>,
    /// The first failure since the run was last begun.
    pub failure: Option<String>,
    mode: Mode,
    positions: HashMap<String, usize>,
}

/// What has become of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepHistory {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: StepState,
    /// Calls that ended well, without those whose results were taken from another run.
    pub calls: u64,
    /// Calls that were made, with those that failed.
    pub attempts: u64,
    /// Messages that it gave.
    pub messages: u64,
    /// Their size.
    pub bytes: u64,
    /// When it was first called.
    pub began: Option<SystemTime>,
    /// When its last call ended.
    pub ended: Option<SystemTime>,
    /// Its last failure.
    pub failure: Option<String>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It has not been called.
    Waiting,
    /// It has been called, and has not ended.
    Called,
    /// All its calls ended well.
    Finished,
    /// Its results are those of another run, and it is not called.
    Reused,
    /// It failed.
    Failed,
    /// A step that it takes from failed.
    Skipped,
    /// Its call was given up.
    Cancelled,
}

impl StepState {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Finished => "finished",
            Self::Reused => "reused",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl History {
    /// Of a run with these steps, before its first event. A live one goes on past firings that fail.
    pub fn new(steps: &[String], mode: Mode) -> Self {
        let positions = steps.iter().enumerate().map(|(position, name)| (name.clone(), position)).collect();
        let step = |name: &String| StepHistory {
            name: name.clone(),
            state: StepState::Waiting,
            calls: 0,
            attempts: 0,
            messages: 0,
            bytes: 0,
            began: None,
            ended: None,
            failure: None,
        };
        let steps = steps.iter().map(step).collect();
        Self { steps, last: None, resumed: 0, from: None, failure: None, mode, positions }
    }

    /// How many steps have finished.
    pub fn finished(&self) -> usize {
        let is_done = |step: &&StepHistory| matches!(step.state, StepState::Finished | StepState::Reused);
        self.steps.iter().filter(is_done).count()
    }

    /// Folds in what happened next.
    pub fn take(&mut self, entry: &Entry) {
        self.last = Some(entry.at);
        match &entry.event {
            StoredEvent::Resumed { redo, .. } => self.resume(redo),
            StoredEvent::Continued { from } => self.from = Some(from.clone()),
            _ => {}
        }
        let position = entry.event.step().and_then(|step| self.positions.get(step).copied());
        let Some(step) = position.and_then(|position| self.steps.get_mut(position)) else { return };
        if let (Mode::Live, StoredEvent::Failed { failure, .. }) = (self.mode, &entry.event) {
            step.failure = Some(failure.text.clone());
            return;
        }
        step.take(entry);
        if let StoredEvent::Failed { failure, .. } | StoredEvent::StepFailed { failure, .. } = &entry.event {
            let line = || format!("{} failed: {}", step.name, failure.text);
            self.failure.get_or_insert_with(line);
        }
    }

    /// What had not ended well begins anew.
    fn resume(&mut self, redo: &[String]) {
        self.resumed += 1;
        self.failure = None;
        for step in &mut self.steps {
            if !matches!(step.state, StepState::Finished | StepState::Reused) || redo.contains(&step.name) {
                step.state = StepState::Waiting;
            }
        }
    }
}

impl StepHistory {
    fn take(&mut self, entry: &Entry) {
        match &entry.event {
            StoredEvent::Fired { .. } => {
                self.state = StepState::Called;
                self.attempts += 1;
                self.began.get_or_insert(entry.at);
            }
            StoredEvent::Done { gave, .. } => {
                if self.state == StepState::Waiting {
                    self.state = StepState::Reused;
                }
                self.calls += 1;
                self.ended = Some(entry.at);
                let (messages, bytes) = match gave {
                    Gave::Message { bytes } => (1, *bytes),
                    Gave::Stream { messages, bytes, .. } => (*messages, bytes.unwrap_or_default()),
                };
                self.messages += messages;
                self.bytes += bytes;
            }
            StoredEvent::Counted { calls, failed, messages, failure, .. } => {
                self.state = StepState::Called;
                self.began.get_or_insert(entry.at);
                self.ended = Some(entry.at);
                self.attempts += calls;
                self.calls += calls - failed.min(calls);
                self.messages += messages;
                if let Some(failure) = failure {
                    self.failure = Some(failure.text.clone());
                }
            }
            StoredEvent::AttemptFailed { failure, .. } => self.failure = Some(failure.text.clone()),
            StoredEvent::Failed { failure, .. } | StoredEvent::StepFailed { failure, .. } => {
                self.state = StepState::Failed;
                self.ended = Some(entry.at);
                self.failure = Some(failure.text.clone());
            }
            StoredEvent::Cancelled { .. } => self.state = StepState::Cancelled,
            StoredEvent::StepFinished { .. } => self.state = StepState::Finished,
            StoredEvent::StepSkipped { .. } => self.state = StepState::Skipped,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(mode: Mode, events: &[StoredEvent]) -> String {
        let mut history = History::new(&["a:Do".into(), "b:Do".into()], mode);
        for (second, event) in (0..).zip(events) {
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(second);
            history.take(&Entry { at, event: event.clone(), message: None });
        }
        let step = |step: &StepHistory| {
            format!("{} {} {}/{} {}", step.name, step.state.as_str(), step.calls, step.attempts, step.bytes)
        };
        let steps: Vec<String> = history.steps.iter().map(step).collect();
        format!("{}; {} finished; {:?}", steps.join(", "), history.finished(), history.failure)
    }

    fn fired(step: &str, attempt: u32) -> StoredEvent {
        StoredEvent::Fired { step: step.into(), seq: 0, attempt }
    }

    fn done(step: &str) -> [StoredEvent; 2] {
        let gave = Gave::Message { bytes: 7 };
        [
            StoredEvent::Done { step: step.into(), seq: 0, attempt: 1, gave },
            StoredEvent::StepFinished { step: step.into() },
        ]
    }

    fn failed(step: &str) -> StoredEvent {
        let failure = super::super::StoredFailure { kind: "lost".into(), text: "gone".into() };
        StoredEvent::Failed { step: step.into(), seq: 0, attempt: 1, failure }
    }

    #[test]
    fn steps_stand_as_their_last_event_says() {
        let [answered, finished] = done("a:Do");
        let mut events = vec![StoredEvent::Started, fired("a:Do", 1), answered, finished, fired("b:Do", 1)];
        assert_eq!(fold(Mode::Batch, &events), "a:Do finished 1/1 7, b:Do called 0/1 0; 1 finished; None");
        events.push(failed("b:Do"));
        let failure = r#"Some("b:Do failed: gone")"#;
        assert_eq!(
            fold(Mode::Batch, &events),
            format!("a:Do finished 1/1 7, b:Do failed 0/1 0; 1 finished; {failure}")
        );
        events.push(StoredEvent::Resumed { version: "1".into(), redo: vec![] });
        assert_eq!(fold(Mode::Batch, &events), "a:Do finished 1/1 7, b:Do waiting 0/1 0; 1 finished; None");
        events.push(StoredEvent::Resumed { version: "1".into(), redo: vec!["a:Do".into()] });
        assert_eq!(fold(Mode::Batch, &events), "a:Do waiting 1/1 7, b:Do waiting 0/1 0; 0 finished; None");
    }

    #[test]
    fn a_live_step_is_called_on_past_firings_that_fail() {
        let counted =
            StoredEvent::Counted { step: "a:Do".into(), calls: 5, failed: 1, messages: 4, failure: None };
        let mut events = vec![failed("a:Do"), counted];
        assert_eq!(fold(Mode::Live, &events), "a:Do called 4/5 0, b:Do waiting 0/0 0; 0 finished; None");
        let failure = super::super::StoredFailure { kind: "lost".into(), text: "gone".into() };
        events.push(StoredEvent::StepFailed { step: "a:Do".into(), failure });
        let failure = r#"Some("a:Do failed: gone")"#;
        let expected = format!("a:Do failed 4/5 0, b:Do waiting 0/0 0; 0 finished; {failure}");
        assert_eq!(fold(Mode::Live, &events), expected);
    }
}
