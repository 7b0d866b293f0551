//! What an example needs and no fenced text can show.

use std::fs;
use std::path::Path;

/// Makes the thing of that name: in the example's copy of its base, `root`, or beside it in `folder`.
pub fn make(name: &str, folder: &Path, root: &Path) -> Result<(), String> {
    let made = match name {
        "latin-1" => latin_1(root),
        "large-file" => fs::write(root.join("connections.json"), vec![b' '; (16 << 20) + 1]),
        "outward-link" => outward_link(folder, root),
        "zip-bomb" => zip(folder, "energy_report.zip", "microservice/meter1.proto", &vec![b' '; 64 << 20]),
        "cut-zip" => cut_zip(folder),
        "deep-proto" => deep_proto(root),
        _ => return Err(format!("`{name}` is not among what can be made")),
    };
    made.map_err(|error| format!("{name}: {error}"))
}
