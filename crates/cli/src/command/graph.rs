//! `aieffect graph`: the pipeline as a picture.

use std::fs;

use crate::arguments::{Graph, LogFormat};
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::load;
use crate::terminal;

pub(crate) fn run(options: &Graph) -> Result<Exit, Failure> {
    if let Some(output) = &options.output
        && output.extension().is_none_or(|extension| extension != "mmd")
    {
        let text =
            format!("`{}` does not end in .mmd, the only kind of picture there is yet", output.display());
        return Err(Failure::text(Exit::WrongUsage, text));
    }
    let loaded = load::load(&options.path, None)?;
    loaded.stop_at_findings(&options.path, Strictness::Usual, LogFormat::Text)?;
    let Some(resolved) = loaded.resolved else { return Err(load::unexplained()) };
    let picture = aieffect_picture::mermaid(&resolved.pipeline);
    let written = match &options.output {
        Some(output) => fs::write(output, picture),
        None => terminal::print(&picture),
    };
    written.map_err(|error| Failure::new(Exit::Internal, error))?;
    Ok(Exit::Done)
}
