//! What this machine has of what a stack needs. That decides nothing: the stack may be for another machine.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use aieffect_compose::{ComposeFile, Image, ImageName, Role};

use crate::compose_tool::ComposeTool;
use crate::drive;
use crate::exit::Failure;
use crate::tool::{Answer, ask};

/// Whoever has not answered by then is not asked further.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// What stacks are brought up with here.
    pub(super) tool: Option<ComposeTool>,
    /// Images of services that its engine does not have, where it says so.
    pub(super) missing: Vec<ImageName>,
}

/// Asks the compose tools, and the engine for its images: once, however many services there are.
pub(super) fn look(file: &ComposeFile) -> Result<Machine, Failure> {
    drive::block_on(async {
        let tool = ComposeTool::here(PATIENCE).await;
        let engine = tool.map_or("docker", |tool| tool.engine);
        let question = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"];
        let answer = ask(engine, question, b"", PATIENCE).await;
        Ok(Machine { tool, missing: missing(&images(file), &answer) })
    })
}

/// The images that an engine's list does not have. One that does not list them lacks none.
fn missing(images: &[&ImageName], answer: &Answer) -> Vec<ImageName> {
    let Answer::Said(list) = answer else { return Vec::new() };
    let there: HashSet<&str> = list.lines().map(|line| short(line.trim())).collect();
    // A digest is in no list of names.
    let asked = images.iter().filter(|image| !image.as_str().contains('@'));
    asked.filter(|image| !there.contains(&*tagged(image.as_str()))).map(|image| (*image).clone()).collect()
}

/// Without the registry that engines put before a name, or leave away.
fn short(name: &str) -> &str {
    let registries = ["docker.io/library/", "docker.io/", "localhost/"];
    registries.iter().find_map(|registry| name.strip_prefix(registry)).unwrap_or(name)
}

/// The name as a list has it: with its tag.
fn tagged(name: &str) -> Cow<'_, str> {
    let name = short(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') { Cow::Borrowed(name) } else { Cow::Owned(format!("{name}:latest")) }
}

/// The images that services are started from, without the orchestrator's.
pub(super) fn images(file: &ComposeFile) -> Vec<&ImageName> {
    let services = file.services.iter().filter(|service| service.role != Role::Orchestrator);
    let mut seen = BTreeSet::new();
    let named = services.filter_map(|service| match &service.image {
        Image::Named(image) => Some(image),
        Image::Built(_) => None,
    });
    named.filter(|image| seen.insert(image.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(images: &[&str], answer: &Answer, expected: &[&str]) {
        let images: Vec<ImageName> = images.iter().map(|name| ImageName::new(name).unwrap()).collect();
        let found = missing(&images.iter().collect::<Vec<_>>(), answer);
        assert_eq!(found.iter().map(ImageName::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn images_are_found_under_the_names_that_engines_give_them() {
        let list = "<none>:<none>\na:latest\nlocalhost/b:latest\nr.example:5000/c:2\nredis:7";
        let answer = Answer::Said(list.to_owned());
        check(
            &["a", "a:latest", "b:latest", "r.example:5000/c:2", "docker.io/library/redis:7"],
            &answer,
            &[],
        );
        check(&["a:2", "d", "r.example:5000/c"], &answer, &["a:2", "d", "r.example:5000/c"]);
        let digest = format!("e@sha256:{}", "0".repeat(64));
        check(&[&digest], &answer, &[]);
    }

    #[test]
    fn an_engine_that_does_not_run_lacks_no_image() {
        for answer in [Answer::Refused("Cannot connect".into()), Answer::NotThere, Answer::Silent] {
            check(&["a"], &answer, &[]);
        }
    }
}
