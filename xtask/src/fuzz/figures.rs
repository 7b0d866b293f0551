//! What libFuzzer says at its end.

use std::fmt;

/// How far a target came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figures {
    runs: u64,
    per_second: u64,
    edges: u64,
    features: u64,
    /// Of the committed corpus.
    files: usize,
}

/// Its last line of progress, such as `#1234 DONE cov: 5 ft: 6 corp: 7/8Kb …`, and its final statistics.
/// `files`: how many the committed corpus has.
pub(super) fn read(log: &str, files: usize) -> Option<Figures> {
    let progress = log.lines().rev().find(|line| line.starts_with('#') && line.contains(" cov: "))?;
    let after = |name: &str| number(progress.split_once(name)?.1);
    let stat = |name: &str| number(log.lines().rev().find_map(|line| line.strip_prefix(name))?);
    Some(Figures {
        runs: stat("stat::number_of_executed_units:")?,
        per_second: stat("stat::average_exec_per_sec:")?,
        edges: after(" cov:")?,
        features: after(" ft:")?,
        files,
    })
}

fn number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, per_second, edges, features, files } = self;
        write!(f, "{runs} | {per_second} | {edges} | {features} | {files}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_progress_and_the_statistics_are_read() {
        let log = "#2\tINITED cov: 1 ft: 1 corp: 1/1b\n#1234\tDONE   cov: 56 ft: 78 corp: 9/10Kb lim: 4096\n\
                   stat::number_of_executed_units: 1234\nstat::average_exec_per_sec:     12\n";
        let figures = Figures { runs: 1234, per_second: 12, edges: 56, features: 78, files: 3 };
        assert_eq!(read(log, 3), Some(figures));
        assert_eq!(read("#2\tINITED cov: 1 ft: 1 corp: 1/1b\n", 3), None);
    }
}
