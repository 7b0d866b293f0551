//! What this machine has of what a stack needs. That decides nothing: the stack may be for another machine.

use std::collections::BTreeSet;
use std::time::Duration;

use aieffect_compose::{ComposeFile, Image, ImageName, Role};
use futures_util::future::join_all;

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

/// Asks the compose tools, and the engine for the stack's images.
pub(super) fn look(file: &ComposeFile) -> Result<Machine, Failure> {
    drive::block_on(async {
        let tool = ComposeTool::here(PATIENCE).await;
        let engine = tool.map_or("docker", |tool| tool.engine);
        let asked =
            images(file).into_iter().map(async |image| is_missing(engine, image).await.then_some(image));
        let missing = join_all(asked).await.into_iter().flatten().cloned().collect();
        Ok(Machine { tool, missing })
    })
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

async fn is_missing(engine: &str, image: &ImageName) -> bool {
    let question = ["image", "inspect", "--format", "{{.Id}}", "--", image.as_str()];
    matches!(ask(engine, question, b"", PATIENCE).await, Answer::Refused(reason) if is_absence(&reason))
}

/// Whether an engine says that it has no such image; it may also refuse since it does not run.
fn is_absence(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["no such image", "no such object", "image not known"].iter().any(|words| reason.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_does_not_run_lacks_no_image() {
        for reason in [
            "Error response from daemon: no such image: x:latest: No such image: x:latest",
            "Error: No such image: x:latest",
            "Error: inspecting object: x: image not known",
        ] {
            assert!(is_absence(reason), "{reason}");
        }
        assert!(!is_absence(
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"
        ));
    }
}
