//! `aieffect graph`: the pipeline as a picture.

use std::path::Path;

use aieffect_blueprint::Pipeline;
use aieffect_layout::{Made, Mode, Overwrite};
use aieffect_picture::{dot, mermaid, svg};

use crate::arguments::{Graph, LogFormat};
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::{load, terminal};

/// Draws a picture as text.
type Draw = fn(&Pipeline) -> String;

/// The kinds of pictures, by how their files' names end.
const KINDS: [(&str, Draw); 3] = [("svg", svg), ("mmd", mermaid), ("dot", dot)];

pub(crate) fn run(options: &Graph) -> Result<Exit, Failure> {
    let draw = options.output.as_deref().map_or(Ok(mermaid as Draw), kind)?;
    let loaded = load::load(&options.path, None)?;
    loaded.stop_at_findings(&options.path, Strictness::Usual, LogFormat::Text)?;
    let Some(resolved) = loaded.resolved else { return Err(load::unexplained()) };
    let picture = draw(&resolved.pipeline);
    match &options.output {
        Some(output) => {
            let made = Made { bytes: picture.as_bytes(), mark: None, mode: Mode::Usual(0o666) };
            aieffect_layout::write_made(&made, output, Overwrite::Replace)?;
            terminal::say(&format!("wrote {}", output.display()));
        }
        None => terminal::print(&picture).map_err(|error| Failure::new(Exit::Internal, error))?,
    }
    Ok(Exit::Done)
}

fn kind(output: &Path) -> Result<Draw, Failure> {
    let ending = output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let known = KINDS.iter().find(|(known, _)| *known == ending);
    known.map(|(_, draw)| *draw).ok_or_else(|| {
        let text = format!("`{}` ends in none of .svg, .mmd and .dot", output.display());
        Failure::text(Exit::WrongUsage, text)
            .help("a name ending in .svg is a drawing, .mmd Mermaid, .dot Graphviz")
    })
}
