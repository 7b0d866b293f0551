//! Asking other programs, each for a limited time.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// More than any answer that is understood here.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// What a program answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It ended well; its stdout, without the blanks around it.
    Said(String),
    /// It ended otherwise; what it last said on stderr, else on stdout.
    Refused(String),
    /// There is no such program, or it cannot be started.
    NotThere,
    /// It had not ended when the time was up.
    Silent,
}

impl Answer {
    /// Why there is nothing of use in it; `None` when there is.
    pub(crate) fn trouble(&self, program: &str) -> Option<String> {
        match self {
            Self::Said(_) => None,
            Self::Refused(reason) => Some(reason.clone()),
            Self::NotThere => Some(format!("there is no `{program}`")),
            Self::Silent => Some(format!("`{program}` does not answer")),
        }
    }
}

/// Runs a program with this on its stdin, for at most `patience`; then all that it has started is killed.
pub(crate) async fn ask<T: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = T>,
    input: &[u8],
    patience: Duration,
) -> Answer {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Of its own, so that what it has started in turn is killed with it.
    command.process_group(0).kill_on_drop(true);
    let Ok(mut child) = command.spawn() else { return Answer::NotThere };
    let group = Group(child.id());
    let answer = timeout(patience, listen(&mut child, input)).await;
    drop(group);
    match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::Refused(error.to_string()),
        Err(_) => Answer::Silent,
    }
}

/// Kills a process group when it is dropped, also when whoever waits is interrupted.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        let group = self.0.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        // A group that is gone needs no signal.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    }
}

async fn listen(child: &mut Child, input: &[u8]) -> io::Result<Answer> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read to the end has its reasons, and says them.
            let _ = stdin.write_all(input).await;
        }
    };
    let ((), said, complained) = tokio::join!(feed, read(stdout), read(stderr));
    let (said, complained) = (said?, complained?);
    let status = child.wait().await?;
    if status.success() {
        return Ok(Answer::Said(said));
    }
    let last = |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    let reason = last(&complained).or_else(|| last(&said));
    Ok(Answer::Refused(reason.unwrap_or_else(|| format!("it ends with {status}"))))
}

async fn read(from: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        (&mut from).take(LONGEST_ANSWER).read_to_end(&mut bytes).await?;
        // The rest is read and dropped: a full pipe would keep the program from ending.
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, patience: Duration, expected: &Answer) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(ask("sh", ["-c", script], b"in", patience));
        assert_eq!(answer, *expected);
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_end_decides_what_counts() {
        check("cat; echo ' put'", LONG, &Answer::Said("in put".into()));
        check("echo out; echo 'first\nlast\n' >&2; exit 3", LONG, &Answer::Refused("last".into()));
        check("echo out; exit 3", LONG, &Answer::Refused("out".into()));
    }

    #[test]
    fn nobody_is_waited_for_without_end() {
        check("sleep 1000 & echo early; wait", Duration::from_millis(200), &Answer::Silent);
    }

    #[test]
    fn an_endless_answer_takes_no_memory() {
        check("yes", Duration::from_millis(300), &Answer::Silent);
    }
}
