//! Virtual environments, one per set of requirements: [`Venv::prepare`].
//!
//! A virtual environment has its own path written into it, so it is made in place, under a lock, and counts
//! once it is complete.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::container_path::below;
use crate::contents::Install;
use crate::environment::Environment;
use crate::job::Job;
use crate::lock::{Claim, claim};
use crate::plan::StartOptions;
use crate::python::Python;
use crate::recipe::PythonVersion;
use crate::steps::Steps;
use crate::{CacheFolder, Error};

/// A virtual environment that is complete.
#[derive(Debug, Clone)]
pub(crate) struct Venv {
    dir: PathBuf,
    key: String,
}

impl Venv {
    /// The environment in which `installs` have been carried out, in order; made when it is not there yet.
    pub(crate) async fn prepare(
        installs: &[Install],
        wanted: Option<PythonVersion>,
        service: &str,
        options: &StartOptions,
    ) -> Result<Self, Error> {
        let steps = Steps { service, options };
        let python = Python::find(wanted, service).await?;
        if let Some(wanted) = wanted.filter(|wanted| !python.is(*wanted)) {
            steps.say(&format!(
                "the Dockerfile asks for Python {wanted}; this machine's is {}",
                python.version
            ));
        }
        let key = key(&python, installs);
        let venv = Self { dir: dir(&options.cache, &key), key };
        let waiting = || steps.say("waiting for another aieffect that installs the same requirements");
        let cannot = |source| Error::Write { path: venv.dir.clone(), source };
        if let Claim::Ours(making) = claim(&venv.dir, waiting).await.map_err(cannot)? {
            venv.make(&python, installs, &steps).await?;
            making.complete().map_err(cannot)?;
        }
        Ok(venv)
    }

    /// Tells requirements and Python apart.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The environment's Python.
    pub(crate) fn python(&self) -> PathBuf {
        self.bin().join("python")
    }

    /// Puts the environment's programs before all others.
    pub(crate) fn activate(&self, environment: &mut Environment, path_of_image: Option<&str>) {
        let mut path = OsString::from(self.bin());
        let inherited = environment.get("PATH").map(OsString::from);
        for further in path_of_image.map(OsString::from).into_iter().chain(inherited) {
            path.push(":");
            path.push(further);
        }
        environment.set("PATH", path);
        environment.set("VIRTUAL_ENV", self.dir.as_os_str());
        environment.remove("PYTHONHOME");
    }

    fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    async fn make(&self, python: &Python, installs: &[Install], steps: &Steps<'_>) -> Result<(), Error> {
        let mut create: Vec<OsString> = vec![(&python.program).into(), "-m".into(), "venv".into()];
        if installs.is_empty() {
            create.push("--without-pip".into());
        } else if !python.has_ensurepip {
            return Err(Error::NoVenvModule {
                service: steps.service.to_owned(),
                python: python.program.clone(),
            });
        }
        create.push(self.dir.as_os_str().to_owned());
        let mut environment = Environment::inherited();
        // What would make pip install elsewhere, or refuse to.
        for name in ["PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"] {
            environment.remove(name);
        }
        let job = Job { command: create, dir: PathBuf::from("/"), environment: environment.clone() };
        steps.run("python -m venv", &job).await?;

        self.activate(&mut environment, None);
        let cannot = |source| Error::Write { path: self.dir.clone(), source };
        let staged = self.dir.join("requirements");
        for install in installs {
            stage(install, &staged).map_err(cannot)?;
            let args = install.args.iter().map(|arg| staged_arg(arg, install, &staged));
            let pip = ["-m", "pip", "--disable-pip-version-check", "install"].map(OsString::from);
            let command = [self.python().into_os_string()].into_iter().chain(pip).chain(args).collect();
            let job = Job { command, dir: below(&staged, &install.dir), environment: environment.clone() };
            steps.run(&format!("pip install {}", install.args.join(" ")), &job).await?;
        }
        Ok(())
    }
}

/// Writes the requirement files as they lie in the container.
fn stage(install: &Install, staged: &Path) -> io::Result<()> {
    fs::create_dir_all(below(staged, &install.dir))?;
    for (file, text) in &install.files {
        let path = below(staged, file);
        fs::create_dir_all(path.parent().unwrap_or(staged))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// A requirement file that is named from `/` lies below the staging folder.
fn staged_arg(arg: &str, install: &Install, staged: &Path) -> OsString {
    if install.files.contains_key(arg) { below(staged, arg).into() } else { arg.into() }
}

fn dir(cache: &CacheFolder, key: &str) -> PathBuf {
    cache.path().join("venvs").join(key)
}

fn key(python: &Python, installs: &[Install]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(&python.version);
    add(&python.prefix);
    for install in installs {
        add("install");
        install.args.iter().for_each(|arg| add(arg));
        // Where requirements lie does not matter, what they say does: services with equal ones share.
        install.files.values().for_each(|text| add(text));
    }
    short_hex(hash)
}

/// Enough of a digest to tell contents apart, and short enough for a `#!` line.
pub(crate) fn short_hex(hash: Sha256) -> String {
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(args: &[&str], file: &str, text: &str) -> Install {
        Install {
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            dir: "/app".to_owned(),
            files: [(file.to_owned(), text.to_owned())].into(),
        }
    }

    #[test]
    fn equal_requirements_share_an_environment() {
        let python = |version: &str| Python {
            program: "python3".to_owned(),
            version: version.to_owned(),
            prefix: "/usr".to_owned(),
            has_ensurepip: true,
        };
        let base = [install(&["-r", "requirements.txt"], "/app/requirements.txt", "grpcio\n")];
        let elsewhere = [install(&["-r", "requirements.txt"], "/srv/requirements.txt", "grpcio\n")];
        let other = [install(&["-r", "requirements.txt"], "/app/requirements.txt", "grpcio==1\n")];
        assert_eq!(key(&python("3.11.7"), &base), key(&python("3.11.7"), &elsewhere));
        assert_ne!(key(&python("3.11.7"), &base), key(&python("3.11.7"), &other));
        assert_ne!(key(&python("3.11.7"), &base), key(&python("3.12.0"), &base));
    }
}
