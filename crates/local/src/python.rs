//! The Python of this machine: [`Python::find`].

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::Error;
use crate::recipe::PythonVersion;

/// Prints the version, where Python is installed, and whether it can make virtual environments with pip.
const QUESTION: &str = "import sys, importlib.util as u\n\
                        print(sys.version.split()[0])\n\
                        print(sys.base_prefix)\n\
                        print(all(u.find_spec(name) for name in ('venv', 'ensurepip')))";

/// An interpreter that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Python {
    /// As it is called.
    pub(crate) program: String,
    /// In full, such as `3.11.7`.
    pub(crate) version: String,
    /// Where it is installed.
    pub(crate) prefix: String,
    /// Whether it can make virtual environments that have pip.
    pub(crate) has_ensurepip: bool,
}

impl Python {
    /// The interpreter of the version that is asked for, else any Python 3.
    pub(crate) async fn find(wanted: Option<PythonVersion>, service: &str) -> Result<Self, Error> {
        let exact = wanted.map(|version| format!("python{version}"));
        for program in exact.into_iter().chain(["python3".to_owned(), "python".to_owned()]) {
            // A name that is not there, or a launcher that has nothing to launch: the next may do.
            if let Some(python) = ask(&program).await.ok().flatten() {
                return Ok(python);
            }
        }
        Err(Error::NoPython { service: service.to_owned() })
    }

    /// Whether this is the minor version that is asked for.
    pub(crate) fn is(&self, wanted: PythonVersion) -> bool {
        PythonVersion::read(&self.version) == Some(wanted)
    }
}

async fn ask(program: &str) -> io::Result<Option<Python>> {
    let mut command = Command::new(program);
    command.args(["-c", QUESTION]).current_dir(Path::new("/")).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let (Some(version), Some(prefix), Some(venv)) = (lines.next(), lines.next(), lines.next()) else {
        return Ok(None);
    };
    let is_3 = output.status.success() && version.starts_with("3.");
    Ok(is_3.then(|| Python {
        program: program.to_owned(),
        version: version.to_owned(),
        prefix: prefix.to_owned(),
        has_ensurepip: venv == "True",
    }))
}
