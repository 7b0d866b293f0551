//! What `doctor` has a daemon make, and that it is taken away however the asking ends.
//!
//! A daemon that is asked for something may make it after whoever asked was interrupted, or had no patience left. So the
//! names are ours, and what may still come is waited for, a while.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::tool::{Answer, ask};

/// How long is waited, at most, when the user does.
const IN_A_HURRY: Duration = Duration::from_secs(3);
/// Between one look and the next.
const PAUSE: Duration = Duration::from_millis(100);

/// An image, and a container of it.
pub(super) struct Left {
    pub(super) image: Thing,
    pub(super) container: Thing,
    patience: Duration,
}

/// What a daemon is asked to make under a name of ours.
pub(super) struct Thing {
    pub(super) name: String,
    pub(super) state: State,
    /// The arguments that remove it, but for its name.
    removal: &'static [&'static str],
}

/// Whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No.
    Absent,
    /// Perhaps, or soon.
    Asked,
    /// Yes.
    Made,
}

impl Left {
    /// Nothing yet.
    pub(super) fn new(patience: Duration) -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let name = format!("aieffect-doctor-{}-{}", std::process::id(), since.as_nanos());
        let thing = |name, removal| Thing { name, state: State::Absent, removal };
        Self {
            image: thing(format!("{name}:latest"), &["rmi", "--no-prune"]),
            container: thing(name, &["rm", "--volumes"]),
            patience,
        }
    }

    /// Takes both away, the container first. What has not come within the patience is given up.
    pub(super) async fn clear(&mut self) {
        let patience = self.patience;
        for thing in [&mut self.container, &mut self.image] {
            let begun = Instant::now();
            while thing.state != State::Absent {
                let removed = matches!(ask("docker", thing.words(), b"", patience).await, Answer::Said(_));
                if removed || thing.state == State::Made || begun.elapsed() >= patience {
                    thing.state = State::Absent;
                } else {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Drop for Left {
    /// On an interrupt, nobody waits for futures any more.
    fn drop(&mut self) {
        let end = Instant::now() + IN_A_HURRY.min(self.patience);
        for thing in [&mut self.container, &mut self.image] {
            while thing.state != State::Absent {
                if removed_now(thing, end) || Instant::now() >= end {
                    thing.state = State::Absent;
                } else {
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }
}

impl Thing {
    fn words(&self) -> Vec<&str> {
        self.removal.iter().copied().chain([self.name.as_str()]).collect()
    }

    /// Why it was not made. Only who has said no will not make it later.
    pub(super) fn refused(&mut self, answer: &Answer, program: &str) -> String {
        if matches!(answer, Answer::Refused(_) | Answer::NotThere) {
            self.state = State::Absent;
        }
        answer.trouble(program).unwrap_or_default()
    }
}

/// Removes it without a runtime, until `end` at the latest.
fn removed_now(thing: &Thing, end: Instant) -> bool {
    use std::os::unix::process::CommandExt;

    let mut command = Command::new("docker");
    command.args(thing.words()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Of its own group, so that a second Ctrl-C does not end it.
    let Ok(mut child) = command.process_group(0).spawn() else { return false };
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < end => std::thread::sleep(PAUSE / 10),
            Ok(None) | Err(_) => {
                // It is given up, and so is its answer.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
