//! Which image the orchestrator is started from.

use std::fs;
use std::path::Path;

use aieffect_compose::{Build, ImageName, Orchestrator};

use super::binary::Binary;
use super::places::Places;
use crate::arguments::Compose;
use crate::exit::{Exit, Failure};

/// Where a folder given with `--orchestrator-path` may have its Dockerfile: at its top, or where this project's own
/// source has it.
const DOCKERFILES: [&str; 2] = ["Dockerfile", "crates/cli/Dockerfile"];
/// What this project's own Dockerfile takes.
const BASE: &str = "RUST_IMAGE";

/// As the options say; without any, the running program itself.
pub(crate) fn choose(
    options: &Compose,
    places: &Places,
    binary: Option<&Binary>,
) -> Result<Orchestrator, Failure> {
    if options.no_orchestrator {
        return Ok(Orchestrator::Absent);
    }
    if let Some(image) = &options.orchestrator_image {
        return Ok(Orchestrator::Named(image.clone()));
    }
    if let Some(path) = &options.orchestrator_path {
        return built(path, places);
    }
    let Some(binary) = binary else { return Err(not_static()) };
    let name = ImageName::new(&format!("aieffect-orchestrator:{}", binary.tag()));
    let name = name.map_err(|error| Failure::new(Exit::Internal, error))?;
    let context = places.seen_context();
    Ok(Orchestrator::Built(Build { context, dockerfile: None, bases: Vec::new(), name: Some(name) }))
}

fn built(path: &Path, places: &Places) -> Result<Orchestrator, Failure> {
    let Some(dockerfile) = DOCKERFILES.into_iter().find(|name| path.join(name).is_file()) else {
        let text = format!("`{}` has no Dockerfile to build the orchestrator's image from", path.display());
        let help = "give the folder of a Dockerfile, or of this program's source";
        return Err(Failure::text(Exit::WrongUsage, text).help(help));
    };
    let text = fs::read_to_string(path.join(dockerfile)).map_err(|error| {
        let what = format!("`{}` cannot be read", path.join(dockerfile).display());
        Failure::new(Exit::WrongUsage, anyhow::Error::new(error).context(what))
    })?;
    Ok(Orchestrator::Built(Build {
        context: places.seen(path),
        dockerfile: Some(dockerfile).filter(|name| *name != DOCKERFILES[0]).map(str::to_owned),
        bases: default_base(&text).map(|base| (BASE, base)).into_iter().collect(),
        name: None,
    }))
}

/// What the Dockerfile begins from unless told otherwise, if it can be told.
fn default_base(dockerfile: &str) -> Option<ImageName> {
    let default = |line: &str| -> Option<String> {
        let (name, default) = line.trim().strip_prefix("ARG ")?.split_once('=')?;
        (name.trim() == BASE).then(|| default.trim_matches(['"', '\'']).to_owned())
    };
    ImageName::new(&dockerfile.lines().find_map(default)?).ok()
}

fn not_static() -> Failure {
    let text = "this `aieffect` is no static Linux program, so it cannot be put into an image as it is";
    Failure::text(Exit::WrongUsage, text).help(
        "`cargo xtask dist` makes a static one, dist/aieffect; or add `--orchestrator-path` with the folder of the \
         source, `--orchestrator-image` with an image, or `--no-orchestrator`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_that_of_the_argument_of_exactly_this_name() {
        let check = |dockerfile: &str, expected: Option<&str>| {
            assert_eq!(default_base(dockerfile).as_ref().map(ImageName::as_str), expected, "{dockerfile}");
        };
        check("ARG RUST_IMAGE=rust:1-slim\nFROM ${RUST_IMAGE}\n", Some("rust:1-slim"));
        check("ARG RUST_IMAGE_TAG=1\nARG RUST_IMAGE=\"rust:1\"\nFROM ${RUST_IMAGE}\n", Some("rust:1"));
        check("ARG RUST_IMAGE\nFROM ${RUST_IMAGE}\n", None);
        check("FROM rust:1\n", None);
    }
}
