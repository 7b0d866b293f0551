//! `aieffect init`: a new use case.

use std::path::Path;

use aieffect_scaffold::{Chain, UseCaseName};

use crate::arguments::{Init, Template};
use crate::exit::{Exit, Failure};
use crate::terminal;

pub(crate) fn run(options: &Init) -> Result<Exit, Failure> {
    let wrong = |error: anyhow::Error| Failure::new(Exit::WrongUsage, error);
    let name = UseCaseName::new(&folder_name(&options.dir)).map_err(|error| wrong(error.into()))?;
    let chain = Chain::new(&options.services).map_err(|error| wrong(error.into()))?;
    let template = match options.template {
        Template::Python => aieffect_scaffold::Template::Python,
        Template::Rust => aieffect_scaffold::Template::Rust,
    };
    let files = aieffect_scaffold::use_case(&name, template, &chain)
        .map_err(|error| Failure::new(Exit::Internal, error))?;
    aieffect_layout::write_use_case(&files, &options.dir)?;
    let dir = terminal::word(&options.dir.display().to_string());
    let services = match options.services.len() {
        1 => "1 service".to_owned(),
        count => format!("{count} services"),
    };
    terminal::say(&format!("made {dir}: {services}, README.md says where to begin"));
    terminal::say(&format!("next: aieffect run {dir}"));
    Ok(Exit::Done)
}

/// The last name of the path; of `.`, the current folder's.
fn folder_name(dir: &Path) -> String {
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let whole = whole.canonicalize().unwrap_or(whole);
    whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
