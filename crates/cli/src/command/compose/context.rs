//! `.orchestrator/` beside the compose file: what the orchestrator's image is made of, and what health checks run.

use std::path::{Path, PathBuf};

use aieffect_compose::{ComposeFile, Image};
use aieffect_layout::{Made, Mode, Overwrite};

use super::binary::Binary;
use crate::exit::Failure;

/// The folder's name.
pub(super) const CONTEXT: &str = ".orchestrator";
/// The program's in it.
pub(super) const BINARY: &str = "aieffect";

/// How a program for Linux begins. Nothing else of our making goes by that name there, and a text would be somebody's.
const PROGRAM_MARK: &str = "\x7fELF";
/// Of both files that go with the program. Another's `.dockerignore` would keep it out of the image.
const MARK: &str = aieffect_compose::MARK;

const DOCKERFILE: &str = "# Made by `aieffect compose`, which writes it anew.\n\
    FROM scratch\n\
    COPY aieffect /aieffect\n\
    USER 10001:10001\n\
    ENTRYPOINT [\"/aieffect\"]\n";

const DOCKERIGNORE: &str = "# Made by `aieffect compose`, which writes it anew.\n\
    *\n\
    !aieffect\n";

/// The folder with what one stack needs in it.
pub(super) struct Context<'a> {
    files: Vec<(PathBuf, Made<'a>)>,
}

impl<'a> Context<'a> {
    /// Beside a compose file in `folder`: nothing without a binary, and no more than that where no image is built of it.
    pub(super) fn new(folder: &Path, stack: &ComposeFile, binary: Option<&'a Binary>) -> Self {
        let Some(binary) = binary else { return Self { files: Vec::new() } };
        let text = |name: &'static str, text: &'static str| {
            (name, Made { bytes: text.as_bytes(), mark: Some(MARK), mode: Mode::Exact(0o644) })
        };
        let mut files = Vec::new();
        if is_built_from_it(stack) {
            files.extend([text("Dockerfile", DOCKERFILE), text(".dockerignore", DOCKERIGNORE)]);
        }
        let program = Made { bytes: &binary.bytes, mark: Some(PROGRAM_MARK), mode: Mode::Exact(0o755) };
        files.push((BINARY, program));
        let folder = folder.join(CONTEXT);
        Self { files: files.into_iter().map(|(name, made)| (folder.join(name), made)).collect() }
    }

    /// An error when a file of somebody else stands in the way.
    pub(super) fn check(&self, overwrite: Overwrite) -> Result<(), Failure> {
        for (path, made) in &self.files {
            if let Some(mark) = made.mark {
                aieffect_layout::check_ours(path, mark, overwrite)?;
            }
        }
        Ok(())
    }

    pub(super) fn write(&self, overwrite: Overwrite) -> Result<(), Failure> {
        for (path, made) in &self.files {
            aieffect_layout::write_made(made, path, overwrite)?;
        }
        Ok(())
    }
}

/// Whether the orchestrator's image is made in this folder, and not in one that the user has given: such a one has no
/// name of ours.
pub(super) fn is_built_from_it(stack: &ComposeFile) -> bool {
    let orchestrator = stack.orchestrator();
    orchestrator.is_some_and(|service| matches!(&service.image, Image::Built(build) if build.name.is_some()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use aieffect_compose::{Build, Confinement, ImageName, Restart, Role, Service};

    use super::*;

    const BYTES: &[u8] = b"\x7fELF and so on";

    /// A stack of nothing but an orchestrator.
    fn stack(name: Option<&str>) -> ComposeFile {
        let name = name.map(|name| ImageName::new(name).unwrap());
        let build = Build { context: "./.orchestrator".into(), dockerfile: None, bases: Vec::new(), name };
        let orchestrator = Service {
            key: aieffect_blueprint::ServiceName::new("orchestrator").unwrap(),
            role: Role::Orchestrator,
            image: Image::Built(build),
            command: Vec::new(),
            environment: Vec::new(),
            mounts: Vec::new(),
            ports: Vec::new(),
            aliases: Vec::new(),
            depends_on: Vec::new(),
            restart: Restart::No,
            confinement: Confinement::Usual,
            health: None,
        };
        ComposeFile { services: vec![orchestrator] }
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_orchestrator_s_context_holds_the_program_and_how_to_build_it() {
        let dir = tempfile::tempdir().unwrap();
        let binary = Binary { bytes: BYTES.to_vec() };
        let at = dir.path().join(".orchestrator");
        for _ in ["once", "again"] {
            let stack = stack(Some("aieffect-orchestrator:1"));
            Context::new(dir.path(), &stack, Some(&binary)).write(Overwrite::Refuse).unwrap();
            assert_eq!(fs::read(at.join("aieffect")).unwrap(), BYTES);
            assert_eq!(fs::metadata(at.join("aieffect")).unwrap().permissions().mode() & 0o555, 0o555);
        }
        assert_eq!(names(&at), [".dockerignore", "Dockerfile", "aieffect"]);
        insta::assert_snapshot!(fs::read_to_string(at.join("Dockerfile")).unwrap(), @r#"
        # Made by `aieffect compose`, which writes it anew.
        FROM scratch
        COPY aieffect /aieffect
        USER 10001:10001
        ENTRYPOINT ["/aieffect"]
        "#);
    }

    #[test]
    fn files_of_somebody_else_stay() {
        let binary = Binary { bytes: BYTES.to_vec() };
        for name in ["Dockerfile", ".dockerignore", "aieffect"] {
            let dir = tempfile::tempdir().unwrap();
            let at = dir.path().join(".orchestrator");
            fs::create_dir(&at).unwrap();
            fs::write(at.join(name), "mine\n").unwrap();
            let stack = stack(Some("aieffect-orchestrator:1"));
            let context = Context::new(dir.path(), &stack, Some(&binary));
            assert!(context.check(Overwrite::Refuse).is_err(), "{name}");
            context.check(Overwrite::Replace).unwrap();
            context.write(Overwrite::Replace).unwrap();
            assert_ne!(fs::read(at.join(name)).unwrap(), b"mine\n", "{name}");
        }
    }

    #[test]
    fn a_dockerfile_is_written_only_where_it_is_used() {
        let binary = Binary { bytes: BYTES.to_vec() };
        for stack in [stack(None), ComposeFile { services: Vec::new() }] {
            let dir = tempfile::tempdir().unwrap();
            let at = dir.path().join(".orchestrator");
            fs::create_dir(&at).unwrap();
            fs::write(at.join("Dockerfile"), "mine\n").unwrap();
            let context = Context::new(dir.path(), &stack, Some(&binary));
            context.check(Overwrite::Refuse).unwrap();
            context.write(Overwrite::Replace).unwrap();
            assert_eq!(names(&at), ["Dockerfile", "aieffect"]);
            assert_eq!(fs::read(at.join("Dockerfile")).unwrap(), b"mine\n");
        }
    }
}
