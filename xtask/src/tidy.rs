//! `cargo xtask tidy`: what no compiler checks. Every complaint is shown, not only the first.

mod architecture;
mod features;
mod lengths;
mod links;
mod machine_paths;
mod pages;
mod profiles;
mod purity;
mod schema;

use std::fs;

use anyhow::{Result, bail};

use crate::help;
use crate::workspace::root;

/// What is wrong, a line each.
type Complaints = Vec<String>;

/// A name, and what is looked at under it.
type Check = (&'static str, fn() -> Result<Complaints>);

const CHECKS: [Check; 10] = [
    ("crate graph", architecture::check),
    ("features", features::check),
    ("profiles", profiles::check),
    ("pure modules", purity::check),
    ("pages of findings", pages::check),
    ("help page", help_page),
    ("lengths", lengths::check),
    ("machine paths", machine_paths::check),
    ("links", links::check),
    ("schemas", schema::check),
];

pub(crate) fn run() -> Result<()> {
    let mut count = 0;
    for (name, check) in CHECKS {
        // A check that cannot be made is a complaint too, so that the others are made all the same.
        let complaints = check().unwrap_or_else(|error| vec![format!("{error:#}")]);
        println!("{name}: {}", if complaints.is_empty() { "ok" } else { "not tidy" });
        for complaint in &complaints {
            println!("    {complaint}");
        }
        count += complaints.len();
    }
    if count > 0 {
        bail!("{count} complaints");
    }
    Ok(())
}

fn help_page() -> Result<Complaints> {
    let written = fs::read_to_string(root().join(help::PAGE)).unwrap_or_default();
    let fresh = written == help::page()?;
    let complaint = || format!("{} is not what --help prints; run `cargo xtask golden`", help::PAGE);
    Ok(if fresh { Vec::new() } else { vec![complaint()] })
}
