//! `aieffect build`: the script that makes a use case's images, and, if asked, what it makes.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use aieffect_blueprint::{Code, Findings, Severity};
use aieffect_layout::{Made, Mode, Opened, Overwrite};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

use crate::arguments::Build;
use crate::drive::{self, Interrupt, Interrupts};
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::load;
use crate::terminal;

const SCRIPT: &str = "build_and_tag.sh";

pub(crate) fn run(options: &Build) -> Result<Exit, Failure> {
    let mut loaded = load::load(&options.use_case, None)?;
    if let Some(Opened::Package(_, path)) = &loaded.source {
        let path = path.to_owned();
        return Err(aieffect_layout::Error::NotAUseCase { path }.into());
    }
    let script = match (&loaded.source, &loaded.resolved) {
        (Some(Opened::UseCase(use_case, _)), Some(resolved)) => {
            let (script, found) = aieffect_buildscript::build_script(use_case, &resolved.pipeline);
            loaded.findings.extend(found);
            script
        }
        _ => None,
    };
    loaded.findings = what_matters_to_images(loaded.findings);
    loaded.stop_before_writing(&options.use_case, Strictness::Usual)?;
    let Some(script) = script else { return Err(load::unexplained()) };
    let path = options.use_case.join(SCRIPT);
    let mark = Some(aieffect_buildscript::MARK);
    let made = Made { bytes: script.as_bytes(), mark, mode: Mode::Usual(0o777) };
    let overwrite = if options.overwrite { Overwrite::Replace } else { Overwrite::Refuse };
    aieffect_layout::write_made(&made, &path, overwrite)?;
    terminal::say(&format!("wrote {}", path.display()));
    if options.run {
        return drive::runtime()?.block_on(build(&path));
    }
    terminal::say(&format!("next: {}", terminal::word(&as_command(&path))));
    Ok(Exit::Done)
}

/// A missing Dockerfile is an error here, and a service that no image can be made of is told once.
fn what_matters_to_images(found: Findings) -> Findings {
    let told = found.iter().any(|finding| finding.code == Code::NoImageToBuild);
    found
        .into_iter()
        .filter(|finding| !(told && finding.code == Code::ServiceNotInCompose))
        .map(|mut finding| {
            if finding.code == Code::MissingDockerfile {
                finding.severity = Severity::Error;
            }
            finding
        })
        .collect()
}

/// The path as a shell finds a program there.
fn as_command(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.contains('/') { shown } else { format!("./{shown}") }
}

/// Runs the script to its end, in a process group of its own, so that an interrupt ends all that it has started.
async fn build(script: &Path) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let mut command = tokio::process::Command::new("bash");
    // `--`, since a path may begin with a hyphen.
    command.arg("--").arg(script).stdin(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| {
        Failure::new(Exit::Internal, anyhow::Error::new(error).context("`bash` could not be started"))
    })?;
    let interrupt = match interrupts.or(child.wait()).await {
        Ok(status) => return ended(status.map_err(|error| Failure::new(Exit::Internal, error))?),
        Err(interrupt) => interrupt,
    };
    pass_on(interrupt, &child);
    // The second interrupt ends the wait.
    let _ = interrupts.or(child.wait()).await;
    Err(Failure::text(Exit::Interrupted, "interrupted before all images were built"))
}

fn ended(status: ExitStatus) -> Result<Exit, Failure> {
    if status.success() {
        return Ok(Exit::Done);
    }
    let text = format!("not all images were built: {SCRIPT} has ended with {status}");
    Err(Failure::text(Exit::ServiceUnreachable, text))
}

fn pass_on(interrupt: Interrupt, child: &Child) {
    let signal = match interrupt {
        Interrupt::CtrlC => Signal::INT,
        Interrupt::Terminate => Signal::TERM,
    };
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    // A group that is gone needs no signal.
    let _ = group.map(|group| kill_process_group(group, signal));
}
