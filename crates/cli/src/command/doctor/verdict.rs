//! What a probe found, and how it is shown.

use serde_json::{Value, json};

use crate::terminal::{self, Colour};

/// One thing that was looked at.
pub(super) struct Probe {
    name: &'static str,
    /// What it is needed for.
    needed_for: &'static str,
    verdict: Verdict,
}

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is there.
    Fine {
        /// Which.
        found: String,
    },
    /// It is not, or does not work.
    Missing {
        /// In which way.
        found: String,
        /// What to do.
        fix: String,
    },
    /// Nothing can be said about it.
    NotTried {
        /// Why not.
        reason: String,
    },
}

impl Probe {
    pub(super) fn new(name: &'static str, needed_for: &'static str, verdict: Verdict) -> Self {
        Self { name, needed_for, verdict }
    }
}

impl Verdict {
    pub(super) fn missing(found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Missing { found: found.into(), fix: fix.into() }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Fine { .. } => "fine",
            Self::Missing { .. } => "missing",
            Self::NotTried { .. } => "not tried",
        }
    }

    fn colour(&self) -> u8 {
        match self {
            Self::Fine { .. } => 32,
            Self::Missing { .. } => 33,
            Self::NotTried { .. } => 36,
        }
    }

    fn found(&self) -> &str {
        match self {
            Self::Fine { found } | Self::Missing { found, .. } | Self::NotTried { reason: found } => found,
        }
    }

    fn fix(&self) -> Option<&str> {
        match self {
            Self::Missing { fix, .. } => Some(fix),
            Self::Fine { .. } | Self::NotTried { .. } => None,
        }
    }
}

/// A line for each probe, and for what is missing two more.
pub(super) fn as_text(probes: &[Probe], colour: Colour) -> String {
    let mut text = String::new();
    for Probe { name, needed_for, verdict } in probes {
        let word = format!("{:<9}", verdict.word());
        let word = match colour {
            Colour::On => format!("\u{1b}[{}m{word}\u{1b}[0m", verdict.colour()),
            Colour::Off => word,
        };
        text += &format!("{word}  {name:<7}  {}\n", terminal::printable(verdict.found()));
        if !matches!(verdict, Verdict::Fine { .. }) {
            text += &format!("{:20}for: {needed_for}\n", "");
        }
        if let Some(fix) = verdict.fix() {
            text += &format!("{:20}fix: {fix}\n", "");
        }
    }
    text
}

/// `{"probes": [{"name", "status", "found", "for", "fix"}]}`.
pub(super) fn as_json(probes: &[Probe]) -> Value {
    let each = |Probe { name, needed_for, verdict }: &Probe| {
        json!({
            "name": name, "status": verdict.word(), "found": verdict.found(), "for": needed_for,
            "fix": verdict.fix(),
        })
    };
    json!({ "probes": probes.iter().map(each).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probes() -> Vec<Probe> {
        vec![
            Probe::new("python", "this", Verdict::Fine { found: "3.11.7".into() }),
            Probe::new("docker", "that", Verdict::missing("no answer\u{1b}[2J", "start it")),
            Probe::new("folder", "more", Verdict::NotTried { reason: "no daemon".into() }),
        ]
    }

    #[test]
    fn what_is_missing_is_shown_with_its_use_and_its_fix() {
        insta::assert_snapshot!(as_text(&probes(), Colour::Off), @r"
        fine       python   3.11.7
        missing    docker   no answer[2J
                            for: that
                            fix: start it
        not tried  folder   no daemon
                            for: more
        ");
    }

    #[test]
    fn programs_read_the_same() {
        let found = as_json(&probes());
        assert_eq!(found["probes"][1]["status"], "missing");
        assert_eq!(found["probes"][1]["fix"], "start it");
        assert_eq!(found["probes"][0]["fix"], Value::Null);
    }
}
