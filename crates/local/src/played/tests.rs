//! Dockerfiles as partners write them: what each comes to, or why it is not played.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::*;
use crate::contents::Action;
use crate::plan::LocalPlan;

#[path = "../../tests/support/case.rs"]
mod case;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dockerfiles").join(name)
}

fn use_case(root: &Path) -> UseCase {
    case::use_case(root, &fs::read_to_string(root.join("docker-compose.yml")).unwrap())
}

/// What playing the fixture's only service comes to.
fn played(name: &str) -> String {
    let root = fixture(name);
    let use_case = use_case(&root);
    let variables = Variables::default();
    let mut findings = Findings::new();
    let played = Played::plan(&use_case, &use_case.services[0], &root, &variables, &mut findings);
    assert!(findings.is_empty(), "{findings:?}");
    shown_plan(&played.unwrap(), &root).unwrap()
}

fn shown_plan(played: &Played, root: &Path) -> Result<String, std::fmt::Error> {
    let Played { recipe, contents, mounts } = played;
    let mut text = String::new();
    let python = recipe.python.map_or("any".to_owned(), |version| version.to_string());
    writeln!(text, "python {python}")?;
    for action in &contents.actions {
        match action {
            Action::MakeDir(path) => writeln!(text, "mkdir {path}")?,
            Action::CopyFile { from, to } => {
                writeln!(text, "copy {} to {to}", from.strip_prefix(root).unwrap().display())?;
            }
            Action::Protoc(protoc) => {
                let args: Vec<_> = protoc.args.iter().map(|word| word.text()).collect();
                writeln!(text, "protoc {} in {}", args.join(" "), protoc.dir)?;
            }
        }
    }
    for install in &contents.installs {
        let files: Vec<_> = install.files.keys().map(String::as_str).collect();
        writeln!(text, "install {} in {} with {}", install.args.join(" "), install.dir, files.join(" "))?;
    }
    for (name, value) in &recipe.environment {
        writeln!(text, "set {name}={value}")?;
    }
    for mount in mounts {
        writeln!(text, "mount {:?} at {}", mount.source, mount.target)?;
    }
    writeln!(text, "start {:?} in {}", recipe.command, recipe.workdir)?;
    Ok(text)
}

/// What is said of a fixture that is not played.
fn refused(name: &str) -> String {
    let root = fixture(name);
    let use_case = use_case(&root);
    let folders: Vec<_> = use_case.services.iter().map(|service| service.folder.clone()).collect();
    let (plan, findings) = LocalPlan::new(&use_case, &root, &folders);
    assert!(plan.is_none());
    let mut lines = Vec::new();
    let mut last_help = None;
    for finding in &findings {
        lines.push(finding.to_string());
        if last_help != finding.help {
            last_help.clone_from(&finding.help);
            lines.push(format!("  help: {}", finding.help.as_deref().unwrap_or("none")));
        }
    }
    lines.join("\n")
}

macro_rules! check {
    ($($test:ident: $of:ident($name:literal);)+) => {$(
        #[test]
        fn $test() {
            insta::assert_snapshot!($name, $of($name));
        }
    )+};
}

check! {
    a_plain_image_is_played: played("plain_slim");
    requirements_and_protoc_are_played: played("requirements_and_protoc");
    copying_everything_heeds_dockerignore: played("copy_all_with_dockerignore");
    a_base_image_from_an_argument_is_played: played("argument_base_and_entrypoint");
    a_package_in_shell_form_is_played: played("shell_form_with_package");
    debian_with_pip_packages_is_played: played("debian_with_pip_packages");
    apt_get_is_refused: refused("refused_apt_get");
    several_stages_are_refused: refused("refused_stages");
    heredocs_and_other_shells_are_refused: refused("refused_heredoc");
    downloads_and_pipes_are_refused: refused("refused_curl_into_sh");
    other_languages_are_refused: refused("refused_other_language");
    a_broken_text_is_reported: refused("broken_text");
    a_service_with_an_image_alone_is_reported: refused("without_dockerfile");
}
