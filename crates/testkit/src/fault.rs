//! The program `fault_service`, for tests that need a service in a process of its own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The built program. Tests of other packages do not build it by themselves, so this does, once per process.
///
/// # Panics
/// When it does not build.
pub fn fault_service() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where am I? {error}"));
    // <target>/<profile>/deps/<test>
    let Some(profile) = test.ancestors().nth(2) else {
        panic!("{} lies in no target folder", test.display())
    };
    let release = profile.file_name().is_some_and(|name| name == "release");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--package", "aieffect-testkit", "--bin", "fault_service"]);
    command.current_dir(crate::repo_root());
    if let Some(target) = profile.parent() {
        command.arg("--target-dir").arg(target);
    }
    if release {
        command.arg("--release");
    }
    match command.status() {
        Ok(status) if status.success() => {
            profile.join(format!("fault_service{}", std::env::consts::EXE_SUFFIX))
        }
        Ok(status) => panic!("fault_service does not build: {status}"),
        Err(error) => panic!("cargo cannot be started: {error}"),
    }
}
