//! `cargo xtask fuzz`: lets libFuzzer break the properties of `aieffect-fuzz`, and says how far it came.

mod figures;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use self::figures::Figures;
use crate::workspace::{cargo, output, pass, root, target};

/// A workspace of its own, below the crate of the targets.
const WORKSPACE: &str = "crates/fuzz/libfuzzer";
const CORPORA: &str = "crates/fuzz/corpora";
/// What a file of a committed corpus has at most, in bytes.
const LARGEST: u32 = 4096;

/// What to fuzz.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// One target; all of them, one after another, when none is named
    target: Option<String>,
    /// How long each target is fuzzed
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Put what was found into the committed corpora, as few files as cover the same
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let targets = targets(arguments.target.as_deref())?;
    ensure!(
        Command::new("cargo-fuzz").arg("--version").stdout(Stdio::null()).status().is_ok(),
        "cargo-fuzz is missing: `cargo install cargo-fuzz`; it needs a C++ compiler, and any toolchain of Rust"
    );
    pass(&mut fuzz("build"))?;
    println!("| target | runs | runs/s | edges | features | corpus |");
    println!("|---|---|---|---|---|---|");
    let mut broken = Vec::new();
    for name in &targets {
        match fuzzed(name, arguments) {
            Ok(figures) => println!("| {name} | {figures} |"),
            Err(error) => broken.push(format!("{name}: {error:#}")),
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

/// The names of the binaries, or the one that is asked for.
fn targets(asked: Option<&str>) -> Result<Vec<String>> {
    let folder = root().join(WORKSPACE).join("targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    match asked {
        None => Ok(names),
        Some(asked) if names.iter().any(|name| name == asked) => Ok(vec![asked.to_owned()]),
        Some(asked) => bail!("there is no target `{asked}`, only {}", names.join(", ")),
    }
}

/// cargo-fuzz without a sanitizer, which works with any toolchain: there is no unsafe code of ours to watch.
fn fuzz(what: &str) -> Command {
    let mut command = cargo(&["fuzz", what, "--fuzz-dir"]);
    command.arg(root().join(WORKSPACE)).args(["--sanitizer", "none", "--target-dir"]).arg(built());
    command.current_dir(root().join("crates/fuzz"));
    command
}

fn built() -> PathBuf {
    target().join("fuzz")
}

/// Fuzzes with the committed corpus as a start. What is found stays below `target/fuzz`.
fn fuzzed(name: &str, arguments: &Arguments) -> Result<Figures> {
    let work = built().join("found").join(name);
    let (corpus, crashes) = (work.join("corpus"), work.join("broken"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&crashes)?;
    let committed = root().join(CORPORA).join(name);
    let log = work.join("log.txt");
    let said = fs::File::create(&log)?;
    let status = Command::new(binary(name)?)
        .args([&corpus, &committed])
        .arg(format!("-max_total_time={}", arguments.seconds))
        .arg(format!("-max_len={LARGEST}"))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .args(["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", "-reload=0"])
        .stdout(Stdio::null())
        .stderr(said)
        .status()?;
    let text = fs::read_to_string(&log)?;
    ensure!(
        status.success(),
        "a property is broken; {} says which, and what broke it lies in {}",
        log.display(),
        crashes.display()
    );
    if arguments.keep {
        keep(name, &corpus, &committed)?;
    }
    let files = fs::read_dir(&committed)?.count();
    figures::read(&text, files).with_context(|| format!("{} has no figures", log.display()))
}

/// Replaces the committed corpus by the fewest files that cover what it and the found ones do.
fn keep(name: &str, found: &Path, committed: &Path) -> Result<()> {
    let fewest = found.with_file_name("fewest");
    if fewest.exists() {
        fs::remove_dir_all(&fewest)?;
    }
    fs::create_dir_all(&fewest)?;
    output(Command::new(binary(name)?).args(["-set_cover_merge=1", "-use_counters=0"]).args([
        &fewest,
        &committed.to_owned(),
        &found.to_owned(),
    ]))?;
    fs::remove_dir_all(committed)?;
    fs::create_dir_all(committed)?;
    for entry in fs::read_dir(&fewest)?.flatten() {
        fs::copy(entry.path(), committed.join(entry.file_name()))?;
    }
    Ok(())
}

fn binary(name: &str) -> Result<PathBuf> {
    let host = output(Command::new("rustc").arg("-vV"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("`rustc -vV` does not name its host")?;
    Ok(built().join(host).join("release").join(name))
}
