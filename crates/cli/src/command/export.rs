//! `aieffect export`: a use case's package, as a folder and as a zip.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aieffect_blueprint::{PackageFiles, Pipeline, Port, host_addresses};
use aieffect_export::{ExportOptions, ProtoLayout, Stamp};
use aieffect_layout::{Opened, Overwrite};
use aieffect_orchestrator::plan::{InitialData, PlanOptions};

use crate::arguments::Export;
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::load;
use crate::paths::way;
use crate::terminal;

pub(crate) fn run(options: &Export) -> Result<Exit, Failure> {
    let mut loaded = load::load(&options.use_case, None)?;
    if let Some(Opened::Package(_, path)) = &loaded.source {
        let path = path.to_owned();
        return Err(aieffect_layout::Error::NotAUseCase { path }.into());
    }
    // A package that cannot run is of no use to anyone, so what only planning finds is said here too.
    loaded.plan(&InitialData::default(), &PlanOptions::default());
    let files = match (&loaded.source, &loaded.resolved) {
        (Some(Opened::UseCase(use_case, _)), Some(resolved)) if !loaded.findings.has_errors() => {
            let export_options = export_options(options, &resolved.pipeline)?;
            let (files, found) =
                aieffect_export::package(use_case, &resolved.pipeline, &resolved.protos, &export_options);
            loaded.findings.extend(found);
            Some(files)
        }
        _ => None,
    };
    loaded.stop_before_writing(&options.use_case, Strictness::of(options.strict))?;
    let (Some(files), Some(resolved)) = (files, &loaded.resolved) else { return Err(load::unexplained()) };
    let nodes = resolved.pipeline.nodes().len();
    let overwrite = if options.overwrite { Overwrite::Replace } else { Overwrite::Refuse };
    let zip = options.zip.as_ref().map(|file| file.clone().unwrap_or_else(|| beside(&options.output_dir)));
    if let Some(taken) = zip.as_ref().filter(|zip| overwrite == Overwrite::Refuse && zip.exists()) {
        return Err(aieffect_layout::Error::AlreadyThere { path: taken.clone() }.into());
    }
    aieffect_layout::write_package(&files, &options.output_dir, overwrite)?;
    terminal::say(&format!("wrote {}: {}", options.output_dir.display(), contents(&files, nodes)));
    if let Some(zip) = zip {
        aieffect_layout::write_zip(&files, &zip, overwrite)?;
        terminal::say(&format!("wrote {}", zip.display()));
    }
    terminal::say(&format!("next: aieffect check {}", options.output_dir.display()));
    Ok(Exit::Done)
}

/// `3 nodes, 4 protos, settings in execution.json`.
fn contents(files: &PackageFiles, nodes: usize) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let protos = files.0.keys().filter(|path| path.ends_with(".proto")).count();
    let settings = if files.0.contains_key("execution.json") { ", settings in execution.json" } else { "" };
    format!("{}, {}{settings}", count(nodes, "node"), count(protos, "proto"))
}

/// `<output dir>.zip`.
fn beside(output_dir: &Path) -> PathBuf {
    let mut name = output_dir.file_name().unwrap_or_default().to_owned();
    name.push(".zip");
    output_dir.with_file_name(name)
}

fn export_options(options: &Export, pipeline: &Pipeline) -> Result<ExportOptions, Failure> {
    let stamp = if options.reproducible {
        Stamp::Reproducible { created: source_date()? }
    } else {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Stamp::fresh(now.map_err(|error| Failure::new(Exit::Internal, error))?)
    };
    let protos = if options.self_contained { ProtoLayout::SelfContained } else { ProtoLayout::Imports };
    let source_path = way(&options.output_dir, &options.use_case);
    let published = || host_addresses(pipeline, Port::DEFAULT);
    let addresses = if options.local { published() } else { Ok(BTreeMap::new()) };
    let addresses = addresses.map_err(|error| Failure::new(Exit::WrongUsage, error))?;
    Ok(ExportOptions { stamp, source_path, protos, addresses })
}

/// `SOURCE_DATE_EPOCH`, as reproducible builds agree on it: seconds since 1970; 0 when it is not set.
fn source_date() -> Result<Duration, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(Duration::ZERO);
    };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    let shown = text.to_string_lossy().into_owned();
    let wrong = || {
        Failure::text(Exit::WrongUsage, format!("SOURCE_DATE_EPOCH is `{shown}`, not a number of seconds"))
    };
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zip_stands_beside_the_folder() {
        assert_eq!(beside(Path::new("out/a.b")), Path::new("out/a.b.zip"));
    }
}
