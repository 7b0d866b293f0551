//! What to write in the compose file where a Dockerfile cannot be played.

use std::collections::BTreeSet;

use super::shell::{self, Word};
use super::{Overrides, PipStep, Step, run};

/// A service where it lies, for commands that are typed there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    /// The compose file's name.
    pub(crate) compose_file: String,
    /// The service's folder, below the use case.
    pub(crate) folder: String,
    /// The names of the files in it.
    pub(crate) files: BTreeSet<String>,
    /// Where its imports are looked up, seen from the folder.
    pub(crate) proto_roots: Vec<String>,
    /// The folders that hold protos, seen from there.
    pub(crate) proto_folders: BTreeSet<String>,
    /// What `x-aieffect.build` of the use case does already.
    pub(crate) build: Vec<String>,
}

/// How the service is started without a Dockerfile.
pub(crate) fn run_help(overrides: &Overrides) -> String {
    let words = outside_container(&[]);
    let file = &overrides.outside.compose_file;
    format!("say in {file} how to start it from the service's folder:\n{}", run_lines(overrides, &words))
}

/// How the service is started instead of from its Dockerfile, with the image's `command` as it would read in
/// the folder. What the Dockerfile prepares is prepared by the use case's build then.
pub(crate) fn instead_help(overrides: &Overrides, command: &[String], steps: &[Step]) -> String {
    let outside = &overrides.outside;
    let mut words = outside_container(command);
    let mut setup = Vec::new();
    let installs: Vec<_> = steps.iter().filter_map(Step::as_pip).collect();
    if !installs.is_empty() {
        setup.push("python3 -m venv .venv".to_owned());
        setup.extend(installs.iter().map(|install| outside.pip_line(install)));
    }
    let python = if installs.is_empty() { "python3" } else { ".venv/bin/python" };
    if steps.iter().any(|step| matches!(step, Step::Protoc(_))) {
        setup.extend(outside.protoc_lines(python));
    }
    if words.first().is_some_and(|program| program == "python3") {
        words[0] = python.to_owned();
    }
    let run = run_lines(overrides, &words);
    let file = &outside.compose_file;
    if setup.is_empty() {
        return format!(
            "say in {file} how to start it from the service's folder; nothing of its Dockerfile is played then:\n\
             {run}"
        );
    }
    let setup: String = setup.iter().map(|line| format!("        {line}\n")).collect();
    let folder = &outside.folder;
    let because = "nothing of its Dockerfile is played then, so its packages and protos are prepared by";
    if outside.build.is_empty() {
        return format!(
            "say in {file} how to start it from the service's folder; {because} `x-aieffect.build`:\n  \
             x-aieffect:\n    build:\n      - sh\n      - -ec\n      - |\n        cd {folder}\n{setup}  \
             services:\n{run}"
        );
    }
    format!(
        "say in {file} how to start it from the service's folder; {because} you, or by the use case's \
         `x-aieffect.build`, in `{folder}`:\n{setup}  services:\n{run}"
    )
}

fn run_lines(overrides: &Overrides, words: &[String]) -> String {
    let run = serde_json::to_string(words).unwrap_or_default().replace("\",\"", "\", \"");
    format!("    {}:\n      x-aieffect:\n        run: {run}", overrides.service)
}

impl Outside {
    /// A `pip install` as it reads in the folder; a remark where its files are not there.
    fn pip_line(&self, install: &PipStep) -> String {
        let name = |file: &String| file.rsplit('/').next().unwrap_or_default().to_owned();
        let here = install.files.iter().all(|file| self.files.contains(&name(file)));
        if !here {
            return format!("# what `pip install {}` installs", install.args.join(" "));
        }
        let mut line = ".venv/bin/pip install".to_owned();
        let mut is_file = false;
        for arg in &install.args {
            line.push(' ');
            line.push_str(&quoted(&if is_file { name(arg) } else { arg.clone() }));
            is_file = matches!(arg.as_str(), "-r" | "--requirement" | "-c" | "--constraint");
        }
        line
    }

    /// In short lines, since findings are wrapped.
    fn protoc_lines(&self, python: &str) -> Vec<String> {
        let roots: Vec<_> = self.proto_roots.iter().map(|root| format!("-I {root}")).collect();
        let files: Vec<_> = self.proto_folders.iter().map(|folder| format!("{folder}/*.proto")).collect();
        if files.is_empty() {
            return vec!["# what the protoc step makes".to_owned()];
        }
        vec![
            format!("{python} -m grpc_tools.protoc {} \\", roots.join(" ")),
            "  --python_out=. --grpc_python_out=. \\".to_owned(),
            format!("  {}", files.join(" ")),
        ]
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
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
    use aieffect_blueprint::{Findings, SourceText};

    use super::*;
    use crate::dockerfile::Dockerfile;
    use crate::recipe::Recipe;

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

    /// The help instead of a Dockerfile, with a few files around it.
    fn instead(dockerfile: &str, build: &[&str]) -> String {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let outside = Outside {
            compose_file: "compose.yml".to_owned(),
            folder: "services/meter".to_owned(),
            files: texts(&["requirements.txt", "server.py"]).into_iter().collect(),
            proto_roots: texts(&["proto", "../../shared/proto"]),
            proto_folders: texts(&["proto", "../../shared/proto"]).into_iter().collect(),
            build: texts(build),
        };
        let overrides = Overrides { service: "meter".to_owned(), outside, ..Overrides::default() };
        let mut findings = Findings::new();
        let text = format!("FROM python\nRUN apt-get install x\n{dockerfile}");
        let dockerfile = Dockerfile::parse(&SourceText::new("Dockerfile", text), &mut findings);
        Recipe::read(&dockerfile, &overrides, &mut findings);
        findings.iter().next().unwrap().help.clone().unwrap()
    }

    #[test]
    fn what_the_dockerfile_prepares_is_prepared_by_the_build_instead() {
        let text = "WORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt 'x>1'\n\
                    RUN python -m grpc_tools.protoc -I proto --python_out=. a.proto\nCMD [\"python\", \"server.py\"]";
        insta::assert_snapshot!(instead(text, &[]), @r#"
        say in compose.yml how to start it from the service's folder; nothing of its Dockerfile is played then, so its packages and protos are prepared by `x-aieffect.build`:
          x-aieffect:
            build:
              - sh
              - -ec
              - |
                cd services/meter
                python3 -m venv .venv
                .venv/bin/pip install -r requirements.txt 'x>1'
                .venv/bin/python -m grpc_tools.protoc -I proto -I ../../shared/proto \
                  --python_out=. --grpc_python_out=. \
                  ../../shared/proto/*.proto proto/*.proto
          services:
            meter:
              x-aieffect:
                run: [".venv/bin/python", "server.py"]
        "#);
    }

    #[test]
    fn a_build_that_is_there_is_not_replaced() {
        let text = "RUN pip install x\nRUN pip install -r other.txt\nCMD python -m meter";
        insta::assert_snapshot!(instead(text, &["make"]), @r#"
        say in compose.yml how to start it from the service's folder; nothing of its Dockerfile is played then, so its packages and protos are prepared by you, or by the use case's `x-aieffect.build`, in `services/meter`:
                python3 -m venv .venv
                .venv/bin/pip install x
                # what `pip install -r other.txt` installs
          services:
            meter:
              x-aieffect:
                run: [".venv/bin/python", "-m", "meter"]
        "#);
    }

    #[test]
    fn without_packages_only_the_command_is_said() {
        insta::assert_snapshot!(instead("CMD [\"./serve\"]", &[]), @r#"
        say in compose.yml how to start it from the service's folder; nothing of its Dockerfile is played then:
            meter:
              x-aieffect:
                run: ["./serve"]
        "#);
    }
}
