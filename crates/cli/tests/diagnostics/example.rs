//! A page's example: a base, what is changed in it, and the command that is run beside it.
//!
//! In the section `Example`, `<!-- base: NAME -->` names a folder beside this file. After it come, each with
//! fenced texts: ``The file `PATH` is`` (a whole file), ``In `PATH`, this`` … `becomes` (a replacement, of a
//! text that stands there once), ``The file `PATH` is removed``; and `<!-- make: NAME -->` for what no text
//! can show (see `make.rs`).

use std::fs;
use std::path::Path;
use std::process::Command;

use super::make;
use super::page::{self, Page};

/// What a page's example changes, and which command it runs.
pub struct Example {
    base: String,
    changes: Vec<Change>,
    command: String,
}

enum Change {
    Write { path: String, text: String },
    Replace { path: String, old: String, new: String },
    Remove { path: String },
    Make { name: String },
}

impl Example {
    /// Reads the example of a page.
    pub fn of(page: &Page) -> Result<Self, String> {
        let section = page.section("Example")?;
        let base = directive(section, "base").ok_or("no `<!-- base: … -->`")?;
        let console = page::console(&page.text).ok_or("no console block")?;
        let command = console.lines().next().and_then(|line| line.strip_prefix("$ "));
        let command = command.ok_or("the console block does not begin with `$ `")?;
        Ok(Self { base, changes: changes(section)?, command: command.to_owned() })
    }

    /// Copies the base into `folder`, under its own name, and changes it.
    pub fn lay_out(&self, folder: &Path) -> Result<(), String> {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics").join(&self.base);
        let root = folder.join(&self.base);
        copy(&base, &root).map_err(|error| format!("{}: {error}", self.base))?;
        self.changes.iter().try_for_each(|change| change.make(folder, &root))
    }

    /// Runs the command in `folder`; the console as it then looks, exit code included.
    pub fn run(&self, folder: &Path) -> Result<String, String> {
        let words = split(&self.command);
        let Some(("aieffect", arguments)) = words.split_first().map(|(first, rest)| (first.as_str(), rest))
        else {
            return Err(format!("`{}` does not begin with `aieffect`", self.command));
        };
        let output = aieffect().args(arguments).current_dir(folder).output();
        let output = output.map_err(|error| error.to_string())?;
        let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let code = output.status.code().map_or("a signal".to_owned(), |code| code.to_string());
        Ok(format!("$ {}\n{}$ echo $?\n{code}\n", self.command, shown.concat()))
    }
}

/// The binary, as it runs without a terminal and with nothing of this machine's environment.
pub fn aieffect() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aieffect"));
    command.env_clear().env("NO_COLOR", "1").env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

impl Change {
    fn make(&self, folder: &Path, root: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| error.to_string();
        match self {
            Self::Write { path, text } => {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap_or(root)).map_err(failed)?;
                fs::write(path, text).map_err(failed)
            }
            Self::Replace { path, old, new } => {
                let before =
                    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
                if before.matches(old.as_str()).count() != 1 {
                    return Err(format!("this does not stand once in `{path}`:\n{old}"));
                }
                fs::write(root.join(path), before.replacen(old, new, 1)).map_err(failed)
            }
            Self::Remove { path } => {
                let path = root.join(path);
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(failed)
            }
            Self::Make { name } => make::make(name, folder, root),
        }
    }
}

fn directive(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<!-- {name}: "))?;
    rest.split_once(" -->").map(|(value, _)| value.to_owned())
}

fn changes(section: &str) -> Result<Vec<Change>, String> {
    let mut lines = section.lines();
    let mut changes = Vec::new();
    while let Some(line) = lines.next() {
        let path = || line.split('`').nth(1).map(str::to_owned).ok_or_else(|| format!("no path: {line}"));
        if let Some(name) = directive(line, "make") {
            changes.push(Change::Make { name });
        } else if line.starts_with("The file `") && line.ends_with("is removed.") {
            changes.push(Change::Remove { path: path()? });
        } else if line.starts_with("The file `") && line.ends_with("` is") {
            changes.push(Change::Write { path: path()?, text: fenced(&mut lines)? });
        } else if line.starts_with("In `") && line.ends_with("`, this") {
            let (old, new) = (fenced(&mut lines)?, fenced(&mut lines)?);
            changes.push(Change::Replace { path: path()?, old, new });
        }
    }
    Ok(changes)
}

/// The next fenced text.
fn fenced<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Result<String, String> {
    lines.find(|line| line.starts_with("```")).ok_or("a fenced text is missing")?;
    Ok(lines.take_while(|line| !line.starts_with("```")).map(|line| format!("{line}\n")).collect())
}

/// Splits at spaces outside single quotes.
fn split(command: &str) -> Vec<String> {
    let parts = command.split('\'').enumerate();
    let words = parts.flat_map(|(nth, part)| match nth % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => fs::copy(entry.path(), target).map(|_| ())?,
        }
    }
    Ok(())
}
