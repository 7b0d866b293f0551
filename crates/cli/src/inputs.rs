//! Input files that a request names and that are not where services look for them.

use std::fs;
use std::path::Path;

use aieffect_blueprint::Known;
use aieffect_orchestrator::engine::RunReport;
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::values::{self, Style};
use serde_json::Value;

/// Larger requests carry the data itself.
const MAX_REQUEST: usize = 64 * 1024;
const MAX_PATH: usize = 1024;
/// How many files of the folder are compared with a name.
const MAX_FILES: usize = 1000;

/// What to do when the request of a run's first failure names a file that the run's data folder does not have.
/// `source` is the folder as the user knows it: files are put there.
pub(crate) fn missing_file(
    plan: &Plan,
    report: &RunReport,
    data: &DataFolder,
    source: &str,
) -> Option<String> {
    let cause = report.cause.as_ref()?;
    let request = cause.request.as_ref().filter(|request| request.len() <= MAX_REQUEST)?;
    let mut rendered = Vec::new();
    values::render(&plan.step(cause.step).operation.input, request, &mut rendered, Style::Compact).ok()?;
    let request: Value = serde_json::from_slice(&rendered).ok()?;
    let failure = cause.failure.to_string();
    let mut texts = Vec::new();
    collect(&request, "", &mut texts);
    let (field, path) = texts.into_iter().find(|(field, text)| {
        let name = text.rsplit('/').next().unwrap_or_default();
        let is_meant = failure.contains(name) || !is_output(field);
        is_path(text) && is_meant && data.lacks(text)
    })?;
    let near = near(&data.root, &path).map(|name| format!(", which has `{name}`")).unwrap_or_default();
    Some(format!("`{field}` names `{path}`, which is not there: input files belong in `{source}`{near}"))
}

/// Every text of a request, with the way to it.
fn collect(value: &Value, way: &str, texts: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => texts.push((way.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, way, texts)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let way = if way.is_empty() { name.clone() } else { format!("{way}.{name}") };
                collect(value, &way, texts);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a text looks like the path of a file: a name with an ending, and folders before it if any.
fn is_path(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or_default();
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let is_ending = (1..=8).contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && ending.bytes().any(|byte| byte.is_ascii_alphabetic());
    let is_plain =
        !text.contains("://") && !text.contains(['\n', '\t', '@', '?', '*']) && !text.contains(". ");
    text.len() <= MAX_PATH && !stem.is_empty() && is_ending && is_plain
}

/// Whether a field's name says that its file is written, and so need not be there.
fn is_output(field: &str) -> bool {
    let field = field.to_lowercase();
    ["out", "result", "target", "dest", "write", "save", "report"].iter().any(|word| field.contains(word))
}

fn near(folder: &Path, path: &str) -> Option<String> {
    let entries = fs::read_dir(folder).ok()?.flatten().take(MAX_FILES);
    let names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let known = Known::new(names.iter().map(String::as_str));
    known.nearest(path.rsplit('/').next().unwrap_or_default()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_texts() {
        for path in ["data/wind.csv", "wind.csv", "/app/data/2024/a.parquet", "../a.tar.gz", "my file.json"] {
            assert!(is_path(path), "{path}");
        }
        for text in [
            "",
            "2024-06-01",
            "1.5",
            "https://x.org/a.csv",
            "a@b.com",
            "Read it. Now",
            "data/",
            ".csv",
            "*.csv",
        ] {
            assert!(!is_path(text), "{text}");
        }
    }

    #[test]
    fn every_text_of_a_request_is_looked_at() {
        let request = serde_json::json!({"a": "x", "n": 1, "in": {"files": ["y", "z"], "none": null}});
        let mut texts = Vec::new();
        collect(&request, "", &mut texts);
        let texts: Vec<_> = texts.iter().map(|(way, text)| format!("{way}={text}")).collect();
        assert_eq!(texts, ["a=x", "in.files=y", "in.files=z"]);
    }
}
