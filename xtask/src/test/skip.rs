//! Tests that were left out, and why.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// One test that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skip {
    /// What it needs, as `AIEFFECT_REQUIRE` names it.
    pub(crate) requirement: String,
    /// Which test.
    pub(crate) test: String,
    /// Why the need is not met.
    pub(crate) reason: String,
}

/// Reads lines of `requirement<TAB>test<TAB>reason`, as `aieffect_testkit` writes them.
pub(crate) fn read(text: &str) -> Result<Vec<Skip>> {
    let parse = |line: &str| {
        let mut parts = line.splitn(3, '\t').map(str::to_owned);
        let mut part = || parts.next().with_context(|| format!("`{line}` is not the line of a skipped test"));
        Ok(Skip { requirement: part()?, test: part()?, reason: part()? })
    };
    text.lines().map(parse).collect()
}

/// A paragraph per reason: how many, why, which.
pub(crate) fn summary(skips: &[Skip], ignored: &[String]) -> String {
    let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for skip in skips {
        by_reason.entry(format!("{}: {}", skip.requirement, skip.reason)).or_default().push(&skip.test);
    }
    if !ignored.is_empty() {
        let names = ignored.iter().map(String::as_str);
        by_reason.entry("marked #[ignore]".to_owned()).or_default().extend(names);
    }
    let paragraph = |(reason, mut tests): (String, Vec<&str>)| {
        tests.sort_unstable();
        let names: String = tests.iter().map(|test| format!("    {test}\n")).collect();
        format!("{} skipped, {reason}\n{names}", tests.len())
    };
    by_reason.into_iter().map(paragraph).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_counted_and_named_by_reason() {
        let skips = read("docker\ta::b\tno daemon\npython\tc\tno grpcio\ndocker\ta::a\tno daemon\n").unwrap();
        let expected = "2 skipped, docker: no daemon\n    a::a\n    a::b\n\
                        1 skipped, marked #[ignore]\n    slow\n\
                        1 skipped, python: no grpcio\n    c\n";
        assert_eq!(summary(&skips, &["slow".to_owned()]), expected);
    }

    #[test]
    fn a_line_of_another_shape_is_refused() {
        assert!(read("docker\n").is_err());
    }
}
