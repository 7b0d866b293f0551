//! The script's text.

use std::collections::BTreeSet;

use aieffect_blueprint::{Findings, Pipeline, UseCase};
use handlebars::Handlebars;
use serde::Serialize;

use crate::bases;
use crate::images::{Image, images};
use crate::quote::quote;

const TEMPLATE: &str = include_str!("build_and_tag.sh.hbs");

/// How the script's second line begins: a file with this line is ours to write anew.
pub const MARK: &str = "# Made by `aieffect build`";

/// What the template shows. Each value becomes one word of bash.
#[derive(Debug, Serialize)]
struct Script<'a> {
    mark: &'static str,
    use_case: &'a str,
    project: String,
    compose_file: String,
    /// What the tools read beside the compose file, where it is there, unless they are told which files to read.
    overrides: [String; 2],
    profiles: String,
    /// What to do about a base image that cannot be pulled; may be empty.
    base_hint: String,
    images: Vec<Image>,
}

/// The script that makes every image of the use case, each under the name that the export of `pipeline`, which is
/// what the use case resolved to, gives it. `None` when a finding is an error.
pub fn build_script(use_case: &UseCase, pipeline: &Pipeline) -> (Option<String>, Findings) {
    let mut findings = Findings::new();
    let images = images(use_case, pipeline, &mut findings);
    if findings.has_errors() {
        return (None, findings);
    }
    let compose_file = compose_file(use_case);
    let stem = compose_file.rsplit_once('.').map_or(compose_file.as_str(), |(stem, _)| stem);
    let overrides = ["yml", "yaml"].map(|ending| format!("{stem}.override.{ending}"));
    let script = Script {
        mark: MARK,
        use_case: &use_case.name,
        project: project(&use_case.name),
        overrides,
        compose_file,
        profiles: profiles(use_case),
        base_hint: bases::hint(use_case),
        images,
    };
    (Some(render(&script)), findings)
}

fn render(script: &Script<'_>) -> String {
    let mut templates = Handlebars::new();
    templates.register_escape_fn(quote);
    templates.set_strict_mode(true);
    // The template is part of the program and names no field that `Script` lacks; a test renders it.
    templates.render_template(TEMPLATE, script).unwrap_or_default()
}

/// The file that the services were read from.
fn compose_file(use_case: &UseCase) -> String {
    let first = use_case.compose.services.first();
    first.map(|service| service.place.document().source().name().to_owned()).unwrap_or_default()
}

/// A project name that every tool takes: they make one of the folder's name, and refuse what is left of some.
fn project(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9' | '_' | '-') => letter,
        _ => '-',
    });
    let project: String = letters.collect();
    let project = project.trim_start_matches(['-', '_']);
    if project.is_empty() { "use-case".to_owned() } else { project.to_owned() }
}

/// The profiles of all services, with commas between: without them, a tool passes over who has one.
fn profiles(use_case: &UseCase) -> String {
    let services = use_case.compose.services.iter();
    let profiles: BTreeSet<&str> =
        services.flat_map(|service| &service.profiles).map(String::as_str).collect();
    profiles.into_iter().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_names_are_what_every_tool_takes() {
        let check = |name: &str, expected: &str| assert_eq!(project(name), expected);
        check("file_based_energy_pipeline", "file_based_energy_pipeline");
        check("My Case's (v1.0)", "my-case-s--v1-0-");
        check("_-x", "x");
        check("Ärger", "rger");
        check("…", "use-case");
    }
}
