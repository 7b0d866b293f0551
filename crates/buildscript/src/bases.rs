//! What somebody can do whose machine cannot pull a base image.

use std::collections::BTreeSet;

use aieffect_blueprint::UseCase;

/// The variables that this project's stand-ins for base images are named by.
const STAND_INS: [&str; 2] = ["PYTHON_IMAGE", "RUST_IMAGE"];

/// A sentence that names the variables which the compose file passes on to builds; empty when it passes none on.
pub(crate) fn hint(use_case: &UseCase) -> String {
    let mut names = BTreeSet::new();
    for build in use_case.compose.services.iter().filter_map(|service| service.build.as_ref()) {
        for (name, value) in &build.args {
            match value {
                Some(value) => names.extend(variables(value)),
                None => names.extend([name.as_str()]),
            }
        }
    }
    let shown: Vec<&str> = names.iter().copied().collect();
    let shown = match shown.as_slice() {
        [] => return String::new(),
        [name] => (*name).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    };
    let has_stand_ins = STAND_INS.iter().any(|name| names.contains(name));
    let clone = r#"; in a clone of aieffect: eval "$(cargo xtask base-images)""#;
    format!(
        "if a base image could not be pulled, name one that is here with {shown}{}",
        if has_stand_ins { clone } else { "" }
    )
}

/// The names in `$NAME` and `${NAME…}`; `$$` is a dollar.
fn variables(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('$') {
        rest = behind.strip_prefix('$').unwrap_or_else(|| {
            let name = behind.strip_prefix('{').unwrap_or(behind);
            let end = name.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
            let (name, rest) = name.split_at(end.unwrap_or(name.len()));
            names.extend(Some(name).filter(|name| !name.is_empty()));
            rest
        });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_in_every_way_of_writing_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(variables(text), expected, "{text}");
        check("${PYTHON_IMAGE:-python:3.11-slim}", &["PYTHON_IMAGE"]);
        check("$A-${B}${C:-${D}}", &["A", "B", "C", "D"]);
        check("plain, $$NOT and $", &[]);
    }
}
