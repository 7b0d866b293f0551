//! Images, and stacks that use them. Both are taken away when they go out of scope.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aieffect_testkit::{Requirement, compose_tool, fault_service, note_skip};
use tempfile::TempDir;

use crate::Aieffect;
use crate::Package;

/// Whether stacks can be brought up here; if not, the test has been counted as left out.
pub(crate) fn images_can_run() -> bool {
    aieffect_testkit::require(Requirement::Docker)
        && compose_tool().is_some()
        && daemon_sees_this_file_system()
}

/// A daemon elsewhere would mount its own folders.
fn daemon_sees_this_file_system() -> bool {
    let root = docker(&["info", "--format", "{{.DockerRootDir}}"]);
    let root = String::from_utf8_lossy(&root.stdout).trim().to_owned();
    let seen = Path::new(&root).is_dir();
    if !seen {
        note_skip(Requirement::Docker, "the Docker daemon does not see this file system");
    }
    seen
}

/// An image from scratch.
pub(crate) struct Image {
    name: String,
}

impl Image {
    /// `aieffect` of this build.
    pub(crate) fn of_orchestrator(test: &str) -> Self {
        let context = tempfile::tempdir().unwrap();
        with_libraries(Path::new(env!("CARGO_BIN_EXE_aieffect")), context.path());
        Self::build(&format!("{test}-orchestrator"), &context, "USER 10001\nENTRYPOINT [\"/program\"]\n")
    }

    /// A service that behaves as told.
    pub(crate) fn of_service(test: &str, behaviour: &[&str], proto: &str) -> Self {
        let context = tempfile::tempdir().unwrap();
        with_libraries(&fault_service(), context.path());
        fs::write(context.path().join("a.proto"), proto).unwrap();
        let words: Vec<&str> = ["/program"].iter().chain(behaviour).chain(&["/a.proto"]).copied().collect();
        Self::build(&format!("{test}-a"), &context, &format!("CMD {}\n", serde_json::json!(words)))
    }

    fn build(name: &str, context: &TempDir, end: &str) -> Self {
        let name = format!("aieffect-test-{name}-{}:latest", std::process::id());
        fs::write(context.path().join("Dockerfile"), format!("FROM scratch\nCOPY . /\n{end}")).unwrap();
        let built = docker(&["build", "--quiet", "--tag", &name, &context.path().display().to_string()]);
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self { name }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        docker(&["image", "rm", "--force", &self.name]);
    }
}

/// Copies a program and what it loads to `folder`, the program as `program`.
fn with_libraries(program: &Path, folder: &Path) {
    fs::copy(program, folder.join("program")).unwrap();
    let listed = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    for library in text.split_whitespace().filter(|word| word.starts_with('/')) {
        let to = folder.join(library.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(library, to).unwrap();
    }
}

/// A package's stack.
pub(crate) struct Stack {
    project: String,
    file: PathBuf,
}

/// How `up` ended.
pub(crate) struct UpEnded {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
}

impl Stack {
    pub(crate) fn new(name: &str, package: &Package, orchestrator: &Image) -> Self {
        Aieffect::new("compose", package.path(), package.path())
            .args(["--orchestrator-image", orchestrator.name(), "--base-port", &free_port().to_string()])
            .output()
            .succeeds();
        let project = format!("aieffect-test-{name}-{}", std::process::id());
        Self { project, file: package.path().join("docker-compose.yml") }
    }

    /// Brings it up until its orchestrator has ended.
    pub(crate) fn up(&self, environment: &[(&str, &str)]) -> UpEnded {
        let mut command = self.compose();
        command.args(["up", "--abort-on-container-exit", "--exit-code-from", "orchestrator"]);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        UpEnded { code: output.status.code(), output: String::from_utf8_lossy(&text).into_owned() }
    }

    /// Why the orchestrator failed, as it says last on stderr; Docker may show stdout after it.
    pub(crate) fn reason(&self) -> String {
        let output = self.compose().args(["logs", "--no-color", "orchestrator"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut said = text.lines().filter_map(|line| line.split_once("| ")).map(|(_, said)| said.trim_end());
        said.rfind(|said| said.starts_with("error: ")).unwrap_or(&text).to_owned()
    }

    fn compose(&self) -> Command {
        let tool = compose_tool().unwrap();
        let mut command = Command::new(tool[0]);
        command.args(&tool[1..]).args(["--project-name", &self.project, "--file"]).arg(&self.file);
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // A test that has failed already shall not fail again here.
        let _ = self.compose().args(["down", "--volumes", "--timeout", "1"]).output();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).stdin(Stdio::null()).output().unwrap()
}
