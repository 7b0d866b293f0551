//! `aieffect runs prune`.

use std::fs;
use std::path::Path;

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::RunStore;

use super::Prune;
use crate::exit::Failure;
use crate::keep::refused;

/// Forgets old runs. A run that is under way stays, whatever its age.
pub(super) fn run(options: &Prune) -> Result<String, Failure> {
    let Some(store) = options.place.open()? else { return Ok(String::new()) };
    // Runs that wait for their turn at a server are nobody's to forget.
    let _alone = store.occupy().map_err(refused)?;
    let runs = store.runs().map_err(refused)?;
    let mut forgotten = 0;
    for run in runs.iter().skip(options.keep) {
        // Whoever resumes it from here on is too late, and whoever has is left alone.
        let Ok(_claim) = store.claim(&run.id) else { continue };
        store.forget(&run.id).map_err(refused)?;
        forget_folders(store.folder(), &run.id);
        forgotten += 1;
    }
    let runs = if forgotten == 1 { "run" } else { "runs" };
    Ok(format!("{forgotten} {runs} forgotten\n"))
}

/// The folders `.aieffect/runs/<run>` and `<run>.<n>` beside the store, of runs that started their services.
fn forget_folders(store: &Path, run: &RunId) {
    let Some(folders) = store.parent().map(|folder| folder.join("runs")) else { return };
    let Ok(entries) = fs::read_dir(folders) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_its =
            name.strip_prefix(run.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if is_its {
            // Containers may have left files of another user; they stay, and are in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
