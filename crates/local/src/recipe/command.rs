//! What is started: `ENTRYPOINT` and `CMD`, and compose's words on both.

use super::Overrides;
use crate::dockerfile::exec_form;

/// An `ENTRYPOINT` or a `CMD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Exec(Vec<String>),
    Shell(String),
}

impl Form {
    pub(super) fn read(rest: &str) -> Self {
        exec_form(rest).map_or_else(|| Self::Shell(rest.to_owned()), Self::Exec)
    }

    fn into_words(self) -> Vec<String> {
        match self {
            Self::Exec(words) => words,
            Self::Shell(text) => vec!["/bin/sh".to_owned(), "-c".to_owned(), text],
        }
    }
}

/// The command to start; empty when nothing says it. An entrypoint in shell form takes no arguments, and one
/// of compose's drops the image's `CMD`.
pub(super) fn combine(entrypoint: Option<Form>, command: Option<Form>, overrides: &Overrides) -> Vec<String> {
    let own_command = overrides.command.clone().map(Form::Exec);
    let (entrypoint, command) = match &overrides.entrypoint {
        Some(words) => (Some(Form::Exec(words.clone())), own_command),
        None => (entrypoint, own_command.or(command)),
    };
    let arguments = command.map(Form::into_words).unwrap_or_default();
    match entrypoint {
        Some(Form::Exec(words)) => words.into_iter().chain(arguments).collect(),
        Some(shell @ Form::Shell(_)) => shell.into_words(),
        None => arguments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn check(entrypoint: &str, command: &str, overrides: &Overrides, expected: &[&str]) {
        let form = |text: &str| (!text.is_empty()).then(|| Form::read(text));
        assert_eq!(combine(form(entrypoint), form(command), overrides), words(expected));
    }

    #[test]
    fn entrypoint_and_command_are_joined_as_docker_does() {
        let none = Overrides::default();
        check("", r#"["python", "a.py"]"#, &none, &["python", "a.py"]);
        check("", "python -m pkg", &none, &["/bin/sh", "-c", "python -m pkg"]);
        check(r#"["python"]"#, r#"["a.py"]"#, &none, &["python", "a.py"]);
        check("python a.py", r#"["ignored"]"#, &none, &["/bin/sh", "-c", "python a.py"]);
        check("", "", &none, &[]);
    }

    #[test]
    fn compose_has_the_last_word() {
        let command = Overrides { command: Some(words(&["b.py"])), ..Overrides::default() };
        check(r#"["python"]"#, r#"["a.py"]"#, &command, &["python", "b.py"]);
        let both = Overrides { entrypoint: Some(words(&["sh"])), ..command };
        check(r#"["python"]"#, r#"["a.py"]"#, &both, &["sh", "b.py"]);
        let entrypoint = Overrides { entrypoint: Some(words(&["sh"])), ..Overrides::default() };
        check(r#"["python"]"#, r#"["a.py"]"#, &entrypoint, &["sh"]);
    }
}
