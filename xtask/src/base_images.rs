//! `cargo xtask base-images`: stand-ins for `python:3.11-slim` and `rust:1-slim`, for machines that cannot pull.
//!
//! Debian's own packages (debootstrap) and this machine's Rust toolchain become two images under tags of their own, so
//! that an official tag never means something else. On stdout is only what a shell is to run:
//! `eval "$(cargo xtask base-images)"`. The Dockerfiles of `use-cases/` take the two as build arguments.
//!
//! Whether an image can download packages is tried in a container before it gets its tag. This machine's settings of pip
//! and cargo are put into it only when it cannot without them.

mod base;
mod certificates;
mod docker;
mod settings;
mod tree;

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};

use self::base::{Base, Kind};
use self::docker::Trial;
use self::settings::Settings;
use self::tree::Tree;
use crate::workspace::target;

pub(crate) fn run() -> Result<()> {
    docker::reach()?;
    let folder = target().join("base-images");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let lock = File::create(folder.join("lock"))?;
    // Two at the same time would set up the same tree.
    lock.lock().context("the lock of the base images cannot be taken")?;
    let python = provide(&Base::of(Kind::Python)?, &folder)?;
    let rust = provide(&Base::of(Kind::Rust)?, &folder)?;
    println!("export PYTHON_IMAGE={python}");
    println!("export RUST_IMAGE={rust}");
    Ok(())
}

/// The tag of the image, which is made unless it is there.
fn provide(base: &Base, folder: &Path) -> Result<&'static str> {
    let settings = Settings::of_this_machine(base.kind)?;
    let recipe = base.recipe(settings.as_ref())?;
    if docker::label(base.tag)?.as_deref() == Some(recipe.as_str()) {
        eprintln!("{}: there already", base.tag);
        return Ok(base.tag);
    }
    let tree = Tree::set_up(base, folder)?;
    let refused = match attempt(base, &tree, &recipe, None)? {
        Outcome::Made => return Ok(base.tag),
        Outcome::Refused(reason) => reason,
    };
    let Some(settings) = settings else {
        bail!("a container of {} cannot download packages:\n{refused}", base.tag);
    };
    eprintln!("{}: trying again with this machine's settings: {}", base.tag, settings.from);
    match attempt(base, &tree, &recipe, Some(&settings))? {
        Outcome::Made => Ok(base.tag),
        Outcome::Refused(reason) => bail!(
            "a container of {} cannot download packages, with this machine's settings ({}) neither:\n{reason}",
            base.tag,
            settings.from
        ),
    }
}

/// What became of an image.
enum Outcome {
    /// It works, and has its tag.
    Made,
    /// It cannot download packages; what it said.
    Refused(String),
}

fn attempt(base: &Base, tree: &Tree, recipe: &str, settings: Option<&Settings>) -> Result<Outcome> {
    tree.finish(base.kind, settings)?;
    eprintln!("{}: making the image", base.tag);
    let trial = Trial::import(base, tree, recipe)?;
    eprintln!("{}: trying to download a package in a container of it", base.tag);
    if let Err(reason) = trial.run(base.try_out())? {
        return Ok(Outcome::Refused(reason));
    }
    trial.accept(base.tag)?;
    Ok(Outcome::Made)
}
