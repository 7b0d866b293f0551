//! What an example needs and no fenced text can show.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Makes the thing of that name: in the example's copy of its base, `root`, or beside it in `folder`.
pub fn make(name: &str, folder: &Path, root: &Path) -> Result<(), String> {
    let made = match name {
        "latin-1" => latin_1(&root.join("connections.json")),
        "large-file" => fs::write(root.join("connections.json"), vec![b' '; (16 << 20) + 1]),
        "outward-link" => outward_link(folder, root),
        "zip-bomb" => zip(root, &folder.join("energy_report.zip"), &vec![b' '; 64 << 20]),
        "cut-zip" => cut_zip(root, &folder.join("energy_report.zip")),
        "deep-proto" => fs::write(root.join("services/report/proto/report.proto"), deep_proto(100)),
        _ => return Err(format!("`{name}` is not among what can be made")),
    };
    made.map_err(|error| format!("{name}: {error}"))
}

fn latin_1(path: &Path) -> io::Result<()> {
    let text = fs::read(path)?;
    let name = b"Energy report";
    let at = text.windows(name.len()).position(|window| window == name).unwrap_or_default();
    fs::write(path, [&text[..at], b"\xc9nergie", &text[at + name.len()..]].concat())
}

fn outward_link(folder: &Path, root: &Path) -> io::Result<()> {
    let outside = folder.join("common.proto");
    fs::write(&outside, "syntax = \"proto3\";\n")?;
    std::os::unix::fs::symlink(outside, root.join("microservice/common.proto"))
}

/// Packs a package, with other bytes in the place of the first node's proto.
fn zip(package: &Path, file: &Path, proto: &[u8]) -> io::Result<()> {
    let mut writer = ZipWriter::new(File::create(file)?);
    for name in ["blueprint.json", "dockerinfo.json", "microservice/report1.proto"] {
        writer.start_file(name, SimpleFileOptions::default())?;
        writer.write_all(&fs::read(package.join(name))?)?;
    }
    writer.start_file("microservice/meter1.proto", SimpleFileOptions::default())?;
    writer.write_all(proto)?;
    writer.finish().map(|_| ()).map_err(io::Error::from)
}

fn cut_zip(package: &Path, file: &Path) -> io::Result<()> {
    zip(package, file, b"syntax = \"proto3\";\n")?;
    let bytes = fs::read(file)?;
    fs::write(file, &bytes[..bytes.len() / 2])
}

fn deep_proto(depth: usize) -> String {
    let (open, close) = ("message M {\n".repeat(depth), "}\n".repeat(depth));
    format!(
        "syntax = \"proto3\";\n\n{open}{close}\nservice Report {{\n  rpc WriteReport(M) returns (M);\n}}\n"
    )
}
