//! What `cargo test` printed, added up.

/// The tests of all test binaries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How many passed.
    pub(crate) passed: usize,
    /// The names of those that failed.
    pub(crate) failed: Vec<String>,
    /// The names of those marked `#[ignore]`.
    pub(crate) ignored: Vec<String>,
}

impl Tally {
    /// Counts what one line says, and tells whether it is worth showing.
    pub(crate) fn take(&mut self, line: &str) -> bool {
        if line.starts_with("test result: ") {
            return true;
        }
        let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        else {
            return !line.trim().is_empty() && !is_announcement(line);
        };
        let name = name.trim_end_matches(" - should panic");
        match outcome.split([',', ' ', '(']).next() {
            Some("ok") => {
                self.passed += 1;
                false
            }
            Some("FAILED") => {
                self.failed.push(name.to_owned());
                true
            }
            Some("ignored") => {
                self.ignored.push(name.to_owned());
                true
            }
            _ => true,
        }
    }
}

fn is_announcement(line: &str) -> bool {
    line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_added_up_and_only_what_matters_is_shown() {
        let printed = "
running 3 tests
test plan::a_step_is_planned ... ok
test run::a_fault_is_told ... FAILED
test slow ... ignored, takes an hour
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 1 test
test src/lib.rs - skip (line 54) - compile ... ok
";
        let mut tally = Tally::default();
        let shown: Vec<_> = printed.lines().filter(|line| tally.take(line)).collect();
        assert_eq!(tally.passed, 2);
        assert_eq!(tally.failed, ["run::a_fault_is_told"]);
        assert_eq!(tally.ignored, ["slow"]);
        assert_eq!(shown.len(), 3);
    }

    #[test]
    fn what_a_failing_test_printed_is_shown() {
        assert!(Tally::default().take("thread 'x' panicked at src/lib.rs:1:2:"));
    }
}
