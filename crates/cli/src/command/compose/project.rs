//! What a compose tool calls a stack: its project's name, which stands before those of its containers and network.

use std::path::Path;

use sha2::{Digest, Sha256};

/// The file that a tool finds in a folder by itself. Of another name, there can be several in one.
const USUAL: &str = "docker-compose.yml";

/// A name to be said with `--project-name`, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    pub(super) name: String,
    pub(super) why: String,
}

/// The name for the stack of a compose file at this absolute path; `None` where the one that tools give it, that of its
/// folder, will do. It follows from the path, so that the same stack is meant the next time.
pub(super) fn project(file: &Path) -> Option<Project> {
    let name = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let folder = name(file.parent().and_then(Path::file_name));
    let own = normal(&folder);
    let is_usual = file.file_name().is_some_and(|name| name == USUAL);
    let base = if own.is_empty() { numbered(file.parent().unwrap_or(file)) } else { own.clone() };
    if !is_usual {
        let stem = normal(&name(file.file_stem()));
        let stem = if stem.is_empty() { numbered(file) } else { stem };
        return Some(Project {
            name: format!("{base}-{stem}"),
            why: format!("without -p, any other stack in `{folder}` would be taken for the same"),
        });
    }
    own.is_empty().then(|| Project {
        name: base,
        why: format!(
            "without -p, a stack is named after its folder, and `{folder}` has no letter of a-z and no digit"
        ),
    })
}

/// As version 2 of the tools does it; version 1.29 leaves away no more than that.
fn normal(name: &str) -> String {
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let kept: String = name.to_lowercase().chars().filter(allowed).collect();
    kept.trim_start_matches(['-', '_']).to_owned()
}

fn numbered(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("aieffect-{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Option<String> {
        project(Path::new(path)).map(|project| project.name)
    }

    #[test]
    fn a_stack_in_a_folder_of_its_own_needs_no_name() {
        assert_eq!(name("/x/grid diamond/docker-compose.yml"), None);
        assert_eq!(name("/x/_1/docker-compose.yml"), None);
    }

    #[test]
    fn stacks_of_one_folder_have_names_of_their_own() {
        assert_eq!(name("/x/My Stacks/one.yml").as_deref(), Some("mystacks-one"));
        assert_eq!(name("/x/My Stacks/two.b.yml").as_deref(), Some("mystacks-twob"));
        assert_ne!(name("/x/y/é.yml"), name("/x/y/ü.yml"));
    }

    #[test]
    fn a_folder_without_a_usable_letter_gets_a_name_from_its_path() {
        let of = |path: &str| name(path).unwrap();
        assert!(
            of("/x/气/docker-compose.yml").starts_with("aieffect-"),
            "{}",
            of("/x/气/docker-compose.yml")
        );
        assert_ne!(of("/x/气/docker-compose.yml"), of("/x/水/docker-compose.yml"));
        assert_eq!(of("/docker-compose.yml"), of("/docker-compose.yml"));
        let project = project(Path::new("/x/--/docker-compose.yml")).unwrap();
        assert_eq!(
            project.why,
            "without -p, a stack is named after its folder, and `--` has no letter of a-z and no digit"
        );
    }
}
