//! The example services use shared crates with the features that `aieffect` uses, so that a first run builds tokio,
//! hyper and tonic once and not twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Complaints;
use crate::workspace::{cargo, output};

const SERVICES: [&str; 3] = ["data_generator", "data_analyzer", "report_generator"];
const HACK: &str = "crates/workspace-hack/Cargo.toml";

/// A crate with its version, and each set of features that it is built with.
type Built = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check() -> Result<Complaints> {
    let services = SERVICES.iter().flat_map(|service| ["-p", service]).collect::<Vec<_>>();
    Ok(differences(&built(&["-p", "aieffect-cli"])?, &built(&services)?))
}

fn built(packages: &[&str]) -> Result<Built> {
    let tree = ["tree", "--edges=normal", "--prefix=none", "--no-dedupe", "--format={p} [{f}]"];
    Ok(parse(&output(&mut cargo(&[&tree, packages].concat()))?))
}

/// Lines `tokio v1.54.1 [bytes,fs]`; a procedural macro says so between version and features.
fn parse(tree: &str) -> Built {
    let mut built = Built::new();
    for line in tree.lines() {
        let Some((package, features)) = line.split_once(" [") else { continue };
        let name: Vec<&str> = package.split_whitespace().take(2).collect();
        let features = features.split(']').next().unwrap_or_default();
        built.entry(name.join(" ")).or_default().insert(features.to_owned());
    }
    built
}

fn differences(binary: &Built, services: &Built) -> Complaints {
    let mut complaints = Complaints::new();
    for (package, sets) in services {
        let Some(shared) = binary.get(package) else { continue };
        for features in sets.difference(shared) {
            complaints.push(format!(
                "the services use {package} with [{features}], aieffect with [{}]: make {HACK} switch on the same",
                shared.iter().cloned().collect::<Vec<_>>().join("] and ["),
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_features_of_a_shared_crate_are_told() {
        let binary =
            parse("a v1.0.0 (/x) [default]\ntokio v1.2.3 [net,time]\nserde v1.0.0 (proc-macro) []\n\n");
        let same = parse("tokio v1.2.3 [net,time]\nserde v1.0.0 (proc-macro) [] (*)\nown v1.0.0 [x]\n");
        assert_eq!(differences(&binary, &same), Complaints::new());
        let other = parse("tokio v1.2.3 [net]\ntokio v1.2.4 [net]\n");
        assert_eq!(
            differences(&binary, &other),
            [format!(
                "the services use tokio v1.2.3 with [net], aieffect with [net,time]: make {HACK} switch on the same"
            )]
        );
    }
}
