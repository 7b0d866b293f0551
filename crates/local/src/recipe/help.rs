//! What to write in the compose file where a Dockerfile cannot be played.

use super::shell::{self, Word};
use super::{Overrides, run};

/// The lines that say how to start the service from its folder, with the image's `command` as it would read
/// there.
pub(crate) fn run_help(overrides: &Overrides, command: &[String]) -> String {
    let words = outside_container(command);
    let run = serde_json::to_string(&words).unwrap_or_default().replace("\",\"", "\", \"");
    let service = &overrides.service;
    format!(
        "say in docker-compose.yml how to start it from the service's folder:\n  \
         {service}:\n    x-aieffect:\n      run: {run}"
    )
}

/// The command as one types it in the service's folder; a guess where it names paths of the container.
fn outside_container(command: &[String]) -> Vec<String> {
    let mut words: Vec<String> = match command {
        [] => vec!["python".to_owned(), "server.py".to_owned()],
        [sh, flag, text] if sh == "/bin/sh" && flag == "-c" => {
            simple(text).unwrap_or_else(|| command.to_vec())
        }
        words => words.to_vec(),
    };
    if words.first().is_some_and(|program| run::is_python(program)) {
        words[0] = "python3".to_owned();
    }
    for word in words.iter_mut().skip(1).filter(|word| word.starts_with('/') && word.ends_with(".py")) {
        *word = word.rsplit('/').next().unwrap_or_default().to_owned();
    }
    words
}

/// The words of a shell text that is one plain command.
fn simple(text: &str) -> Option<Vec<String>> {
    let mut commands = shell::commands(text, &|_| None)?;
    let only = commands.pop().filter(|_| commands.is_empty())?;
    let words = only.iter().map(Word::text).map(str::to_owned);
    Some(words.skip_while(|word| word == "exec").collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_shown_as_it_reads_outside_the_container() {
        let check = |command: &[&str], expected: &[&str]| {
            let command: Vec<_> = command.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(outside_container(&command), expected);
        };
        check(&[], &["python3", "server.py"]);
        check(&["python", "/app/server.py", "--port", "1"], &["python3", "server.py", "--port", "1"]);
        check(&["/bin/sh", "-c", "exec python -m meter"], &["python3", "-m", "meter"]);
        check(&["/bin/sh", "-c", "a && b"], &["/bin/sh", "-c", "a && b"]);
        check(&["./serve"], &["./serve"]);
    }
}
