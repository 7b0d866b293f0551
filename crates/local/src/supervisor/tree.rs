//! The processes below this one, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Pid;

/// A process and its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// `-1` for a process that has just ended.
    pub(super) group: i32,
}

/// Everything that runs below this process, nearest first; empty where `/proc` cannot be read.
pub(super) fn descendants() -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let is_process = entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        let stat = is_process.then(|| fs::read(entry.path().join("stat")).ok()).flatten();
        if let Some((parent, process)) = stat.and_then(|stat| parse(&String::from_utf8_lossy(&stat))) {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = children.remove(&rustix::process::getpid().as_raw_nonzero().get()).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(&process.pid.as_raw_nonzero().get()).unwrap_or_default());
        next += 1;
    }
    found
}

/// `pid (name) state parent group …`, where the name may hold anything. Zombies are taken too: one whose first
/// thread alone has ended looks like one, and a signal to a real one does nothing.
fn parse(stat: &str) -> Option<(i32, Process)> {
    let (pid, rest) = stat.split_once(' ')?;
    let (_, rest) = rest.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let pid = pid.parse().ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)?;
    Some((parent, Process { pid, group }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stat: &str, expected: Option<(i32, i32, i32)>) {
        let found =
            parse(stat).map(|(parent, process)| (parent, process.pid.as_raw_nonzero().get(), process.group));
        assert_eq!(found, expected, "{stat}");
    }

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_confuse() {
        check("42 (a) b (c)) S 7 41 40 0 -1", Some((7, 42, 41)));
    }

    #[test]
    fn a_process_that_has_just_ended_has_no_group() {
        check("42 (sh) X 0 -1 -1 0 -1", Some((0, 42, -1)));
    }

    #[test]
    fn a_text_that_is_cut_short_is_no_process() {
        check("42 (sh) S 7", None);
        check("", None);
    }
}
