//! A Debian system in a folder, which `docker import` makes an image of.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

use super::base::{Base, Kind, MIRROR, SUITE};
use super::certificates;
use super::settings::Settings;
use crate::workspace::output;

/// Where certificates beyond Debian's own are put for `update-ca-certificates`.
const OF_HOST: &str = "usr/local/share/ca-certificates";

/// The folder, below `target/`, kept for the next image.
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Takes the folder of last time when it has the same packages.
    pub(super) fn set_up(base: &Base, folder: &Path) -> Result<Self> {
        let root = folder.join(format!("{SUITE}-{}", base.packages.join("-")));
        ensure_root(base)?;
        if root.is_dir() {
            return Ok(Self { root });
        }
        ensure_debootstrap()?;
        eprintln!(
            "{}: setting up Debian {SUITE} with {}, which takes a minute or two",
            base.tag,
            base.packages.join(", ")
        );
        let part = folder.join("part");
        remove(&part)?;
        let debootstrap = Command::new("debootstrap")
            .arg("--variant=minbase")
            .arg(format!("--include={}", base.packages.join(",")))
            .arg(SUITE)
            .arg(&part)
            .arg(MIRROR)
            .output()
            .context("debootstrap cannot be started")?;
        ensure!(
            debootstrap.status.success(),
            "debootstrap cannot set up Debian {SUITE} from {MIRROR}:\n{}",
            last_lines(&debootstrap)
        );
        fs::rename(&part, &root)?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes of Debian's system what the official image has; may be done again with other settings.
    pub(super) fn finish(&self, kind: Kind, settings: Option<&Settings>) -> Result<()> {
        self.trust_what_this_machine_trusts()?;
        // Docker brings its own; this machine's must not be in an image.
        for file in ["etc/resolv.conf", "etc/hostname"] {
            fs::write(self.root.join(file), "")?;
        }
        if kind == Kind::Python {
            self.name_python()?;
        }
        let place = self.root.join(Settings::place(kind));
        let Some(settings) = settings else { return absent(&place) };
        fs::create_dir_all(place.parent().unwrap_or(&self.root))?;
        fs::write(place, &settings.text)?;
        Ok(())
    }

    fn trust_what_this_machine_trusts(&self) -> Result<()> {
        let folder = self.root.join(OF_HOST);
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        self.update_certificates()?;
        let own = fs::read_to_string(self.root.join("etc/ssl/certs/ca-certificates.crt"))?;
        let missing = certificates::missing_from(&own, &certificates::of_this_machine()?);
        for (number, certificate) in missing.iter().enumerate() {
            fs::write(folder.join(format!("host-{number}.crt")), certificate)?;
        }
        if missing.is_empty() { Ok(()) } else { self.update_certificates() }
    }

    fn update_certificates(&self) -> Result<()> {
        output(Command::new("chroot").arg(&self.root).args(["update-ca-certificates", "--fresh"]))?;
        Ok(())
    }

    /// As in the official image: `python` is there, and pip may install for everyone.
    fn name_python(&self) -> Result<()> {
        let python = self.root.join("usr/local/bin/python");
        absent(&python)?;
        symlink("/usr/bin/python3", &python)?;
        for entry in fs::read_dir(self.root.join("usr/lib"))? {
            let folder = entry?.path();
            if folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")) {
                absent(&folder.join("EXTERNALLY-MANAGED"))?;
            }
        }
        Ok(())
    }
}

fn ensure_root(base: &Base) -> Result<()> {
    ensure!(
        is_root()?,
        "only root can set up {}: run `sudo --preserve-env=PATH cargo xtask base-images` once, \
         or set PYTHON_IMAGE and RUST_IMAGE to images that you have",
        base.tag
    );
    Ok(())
}

fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

fn ensure_debootstrap() -> Result<()> {
    if has("debootstrap") {
        return Ok(());
    }
    if !has("apt-get") {
        bail!("debootstrap is missing: install the package `debootstrap` of your distribution");
    }
    eprintln!("installing debootstrap");
    output(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "debootstrap"]).env("DEBIAN_FRONTEND", "noninteractive");
    output(&mut install).context("debootstrap is missing: `apt-get install debootstrap` by hand")?;
    Ok(())
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn absent(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", file.display()))
        }
        _ => Ok(()),
    }
}

/// Removes what an interrupted debootstrap left, with what it had mounted there.
fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for mounted in ["proc", "sys"] {
        // Not mounted is the usual case, and no fault.
        let _ = Command::new("umount").arg(folder.join(mounted)).output();
    }
    output(Command::new("rm").args(["-rf", "--one-file-system"]).arg(folder))?;
    Ok(())
}

/// Of what a program printed, where debootstrap says on stdout what went wrong.
fn last_lines(printed: &Output) -> String {
    let text = [&printed.stdout[..], &printed.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
