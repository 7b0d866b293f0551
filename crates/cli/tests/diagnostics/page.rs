//! A page's text, and the parts of it that a test reads.

use std::fs;
use std::path::PathBuf;

/// One file of `docs/diagnostics/`.
pub struct Page {
    pub code: String,
    pub path: PathBuf,
    pub text: String,
}

/// Every page, in the order of codes.
pub fn all() -> Vec<Page> {
    let folder = aieffect_testkit::repo_root().join("docs/diagnostics");
    let mut pages: Vec<Page> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let code = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            Page { code, path, text }
        })
        .filter(|page| page.code.starts_with("AE"))
        .collect();
    pages.sort_by(|one, other| one.code.cmp(&other.code));
    pages
}

impl Page {
    /// The text below `## <name>`, up to the next section.
    pub fn section(&self, name: &str) -> Result<&str, String> {
        let start = format!("\n## {name}\n");
        let (_, rest) = self.text.split_once(&start).ok_or_else(|| format!("no section `{name}`"))?;
        Ok(rest.split("\n## ").next().unwrap_or_default())
    }

    /// The page with another console block.
    pub fn with_console(&self, console: &str) -> String {
        let old = format!("```console\n{}```", self::console(&self.text).unwrap_or_default());
        self.text.replacen(&old, &format!("```console\n{console}```"), 1)
    }
}

/// What stands in the page's console block.
pub fn console(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```console\n")?;
    rest.find("```").map(|end| &rest[..end])
}
