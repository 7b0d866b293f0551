//! `COPY`, and `ADD` where it does the same.

use aieffect_blueprint::Label;

use super::scope::Scope;
use crate::container_path::join;
use crate::dockerfile::{exec_form, flags, split};

/// Files and folders of the build context, and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyStep {
    /// Paths or patterns below the context.
    pub(crate) sources: Vec<String>,
    /// Absolute in the container.
    pub(crate) target: String,
    pub(crate) shape: Target,
    pub(crate) label: Label,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A folder: it ends with a slash, is the working directory, or takes several sources.
    Folder,
    /// A folder when it is one by then or the source is one, else a file's new name.
    AsFound,
}

/// Why a copy cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no target.
    Malformed,
    /// From another stage or image, from the net, or from an archive that would be unpacked.
    NotPlayed(&'static str),
}

pub(super) fn read(
    keyword: &str,
    rest: &str,
    workdir: &str,
    scope: &Scope<'_>,
    label: &Label,
) -> Result<CopyStep, Refused> {
    let (flags, rest) = flags(rest);
    for flag in flags {
        match flag.split('=').next().unwrap_or_default() {
            "--chown" | "--chmod" | "--link" => {}
            "--from" => return Err(Refused::NotPlayed("a copy from another stage or image")),
            _ => return Err(Refused::NotPlayed("a copy with this option")),
        }
    }
    let words = exec_form(rest).unwrap_or_else(|| split(rest, scope.escape()));
    let mut words: Vec<String> = words.iter().map(|word| scope.fill(word)).collect();
    let target = words.pop().ok_or(Refused::Malformed)?;
    if words.is_empty() || target.is_empty() {
        return Err(Refused::Malformed);
    }
    if words.iter().any(|source| leaves_context(source)) {
        return Err(Refused::NotPlayed("a copy from outside the build context"));
    }
    if keyword == "ADD" && words.iter().any(|source| is_fetched(source)) {
        return Err(Refused::NotPlayed("an `ADD` that downloads or unpacks"));
    }
    let ends_as_folder = target.ends_with('/') || target.ends_with("/.") || target == "." || target == "..";
    let shape = if ends_as_folder || words.len() > 1 { Target::Folder } else { Target::AsFound };
    let sources = words.iter().map(|source| join("/", source)[1..].to_owned()).collect();
    Ok(CopyStep { sources, target: join(workdir, &target), shape, label: label.clone() })
}

fn leaves_context(source: &str) -> bool {
    let mut depth = 0_i32;
    source.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}

fn is_fetched(source: &str) -> bool {
    let archive = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz"];
    source.contains("://") || source.starts_with("git@") || archive.iter().any(|end| source.ends_with(end))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aieffect_blueprint::SourceText;

    use super::*;

    fn copy(keyword: &str, rest: &str) -> Result<String, Refused> {
        let args = BTreeMap::new();
        let label = Label::whole(&SourceText::new("Dockerfile", ""));
        let step = read(keyword, rest, "/app", &Scope::new('\\', &args), &label)?;
        Ok(format!("{} > {} {:?}", step.sources.join(" "), step.target, step.shape))
    }

    #[test]
    fn sources_and_targets_are_told_apart() {
        let check = |rest, expected: &str| assert_eq!(copy("COPY", rest).as_deref(), Ok(expected), "{rest}");
        check("a b ./", "a b > /app Folder");
        check("requirements.txt .", "requirements.txt > /app Folder");
        check(". .", " > /app Folder");
        check("./proto /srv/proto", "proto > /srv/proto AsFound");
        check("--chown=a:b --chmod=755 x/*.py y/", "x/*.py > /app/y Folder");
        check(r#"["a b", "/c d/"]"#, "a b > /c d Folder");
        check("/a ..", "a > / Folder");
    }

    #[test]
    fn what_docker_fetches_or_unpacks_is_refused() {
        assert!(matches!(copy("COPY", "--from=build a b"), Err(Refused::NotPlayed(_))));
        assert!(matches!(copy("COPY", "../a b"), Err(Refused::NotPlayed(_))));
        assert!(matches!(copy("ADD", "https://x/y z"), Err(Refused::NotPlayed(_))));
        assert!(matches!(copy("ADD", "a.tar.gz z"), Err(Refused::NotPlayed(_))));
        assert_eq!(copy("COPY", "a.tar.gz z").unwrap(), "a.tar.gz > /app/z AsFound");
        assert_eq!(copy("COPY", "a"), Err(Refused::Malformed));
    }
}
