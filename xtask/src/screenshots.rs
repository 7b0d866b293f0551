//! `cargo xtask screenshots`: reports of real runs, as a browser shows them.
//!
//! Three pipelines run against testkit's `station_service`; headless Chromium shows the report of each, light and dark, wide
//! and narrow. Whatever the browser complains of, and a page that is wider than its window, is an error. The pictures are to be looked at.

mod browser;
mod pipelines;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use self::browser::{Browser, Scheme};
use self::pipelines::Pipeline;
use crate::bench::service::Service;
use crate::workspace::{cargo, pass, target};

const WIDTHS: [u32; 2] = [1280, 420];

pub(crate) fn run(folder: Option<PathBuf>) -> Result<()> {
    let browser = browser::installed()?;
    let folder = folder.unwrap_or_else(|| target().join("screenshots"));
    fs::create_dir_all(&folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
    let folder = folder.canonicalize()?;
    pass(&mut cargo(&["build", "--locked", "--package", "aieffect-cli"]))?;
    pass(&mut cargo(&[
        "build",
        "--locked",
        "--package",
        "aieffect-testkit",
        "--example",
        "station_service",
    ]))?;
    let service = Service::of_profile("debug", "station_service")?;
    let mut browser = Browser::start(&browser)?;
    let mut pictures = Vec::new();
    for pipeline in Pipeline::all() {
        let page = report(&pipeline, &folder, service.port)?;
        for (scheme, word) in [(Scheme::Light, "light"), (Scheme::Dark, "dark")] {
            for width in WIDTHS {
                let picture = folder.join(format!("{}-{word}-{width}.png", pipeline.name));
                let shown = browser.show(&page, scheme, width)?;
                fs::write(&picture, shown.png)?;
                ensure!(
                    shown.complaints.is_empty(),
                    "{}: {}",
                    picture.display(),
                    shown.complaints.join("; ")
                );
                pictures.push(picture);
            }
        }
    }
    pictures.iter().for_each(|picture| println!("{}", picture.display()));
    Ok(())
}

/// Runs the pipeline, which leaves its report in the folder.
fn report(pipeline: &Pipeline, folder: &Path, port: u16) -> Result<PathBuf> {
    let package = target().join("screenshots-packages").join(pipeline.name);
    pipeline.write(&package, port)?;
    let page = folder.join(format!("{}.html", pipeline.name));
    let output = Command::new(target().join("debug/aieffect"))
        .arg("orchestrate")
        .arg(&package)
        .args(["--log-level", "WARNING", "--results", "none", "--report"])
        .arg(&page)
        .stdin(Stdio::null())
        .output()?;
    let code = output.status.code();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(code == Some(pipeline.exit), "the run of `{}` ended with {code:?}: {errors}", pipeline.name);
    Ok(page)
}
