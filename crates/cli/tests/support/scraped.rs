//! What `/metrics` has shown: [`Scraped`].

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::serving::Serving;

const PATIENCE: Duration = Duration::from_secs(60);

/// The numbers of one moment.
#[derive(Debug)]
pub(crate) struct Scraped {
    pub(crate) text: String,
    samples: Vec<(String, f64)>,
}

impl Scraped {
    #[track_caller]
    pub(crate) fn of(serving: &Serving) -> Self {
        let answer = serving.get("/metrics");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let text = String::from_utf8(answer.body).unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        });
        Self { samples: samples.collect(), text }
    }

    /// Those of the first moment at which all series of that name come to this: what one request has changed, others may be
    /// told of a moment later.
    #[track_caller]
    pub(crate) fn once(serving: &Serving, name: &str, value: f64) -> Self {
        let begun = Instant::now();
        loop {
            let scraped = Self::of(serving);
            if scraped.sum(name, &[]) == value {
                return scraped;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} does not come to {value}:\n{}", scraped.text);
        }
    }

    /// The sum of all series of that name with these labels, each written `label="value"`.
    #[track_caller]
    pub(crate) fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let name = format!("aieffect_{name}");
        let fits = |series: &str| {
            let (found, rest) = series.split_once('{').unwrap_or((series, "}"));
            let found_labels: Vec<&str> = rest.trim_end_matches('}').split(',').collect();
            found == name && labels.iter().all(|label| found_labels.contains(label))
        };
        let mut found =
            self.samples.iter().filter(|(series, _)| fits(series)).map(|(_, value)| *value).peekable();
        assert!(found.peek().is_some(), "no {name} with {labels:?} in:\n{}", self.text);
        found.sum()
    }

    /// The names of all that is described, with what kind it is.
    pub(crate) fn described(&self) -> Vec<(&str, &str)> {
        let described = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let described: Vec<_> = described.collect();
        for (name, _) in &described {
            assert!(self.text.contains(&format!("# HELP {name} ")), "{name} has no help");
        }
        described
    }
}

/// Gives `promtool` something to read; what it says when it is not content.
pub(crate) fn promtool(arguments: &[&str], input: &str) -> Result<(), String> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = command.spawn().unwrap();
    // It may have said no before all is read.
    tool.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let output = tool.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said) }
}
