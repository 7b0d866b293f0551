//! Request fields that nothing fills: what a package without its settings, as platforms hand it out, looks like.

use std::path::Path;

use aieffect_blueprint::{Code, Diagnostic, Package};

use crate::terminal::word;

/// A line about what would be unfilled in a run without initial data; `None` when nothing is.
pub(super) fn warning(absences: &[Diagnostic], package: &Package, path: &Path) -> Option<String> {
    let is_unfilled =
        |finding: &&Diagnostic| matches!(finding.code, Code::UnfilledField | Code::UnfilledRequired);
    let count = absences.iter().filter(is_unfilled).count();
    if count == 0 {
        return None;
    }
    let steps = if count == 1 { "1 operation has".to_owned() } else { format!("{count} operations have") };
    let path = word(&path.display().to_string());
    Some(match &package.execution {
        None => format!(
            "warning: the package has no execution.json, and {steps} request fields that nothing fills; give it with \
             `--execution FILE`, or see `aieffect check {path}`"
        ),
        Some(_) => format!(
            "warning: {steps} request fields that nothing fills but initial data; see `aieffect check {path}`"
        ),
    })
}
