//! `aieffect serve` as a process of its own, over HTTP: how many runs it takes and brings to their end, how long it lets services
//! wait, and what it has in memory.

mod client;
mod figures;
mod scene;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;

use self::client::Client;
use self::figures::{Spread, per_second};
use self::scene::{Call, Scene};
use super::PROFILE;
use crate::workspace::{cargo, pass};

/// Of each run.
const STEPS: usize = 4;
/// Clients that do not wait for each other.
const CLIENTS: usize = 16;
/// Longer than a run that nothing disturbs.
const REST: Duration = Duration::from_millis(20);
const PAGES: usize = 50;

/// How much is measured of what.
#[derive(Debug, clap::Args)]
pub(crate) struct Size {
    /// The profile that programs are built with
    #[arg(long, default_value = PROFILE)]
    profile: String,
    /// Runs one after another, and at once
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Runs in the store at the end
    #[arg(long, default_value_t = 10_000)]
    stored: usize,
}

/// A run that was begun.
struct Begun {
    run: String,
    data: Option<String>,
    /// When the request was sent, in microseconds since 1970.
    sent: u64,
}

impl Size {
    /// What the table is made with.
    pub(super) fn usual() -> Self {
        Self { profile: PROFILE.to_owned(), runs: 200, stored: 10_000 }
    }
}

/// Where programs of a profile lie below `target`.
fn folder_of(profile: &str) -> &str {
    if profile == "dev" { "debug" } else { profile }
}

/// Builds what is measured, and gives rows for the table.
pub(super) fn measure(size: &Size) -> Result<String> {
    let build = |package: &[&str]| {
        pass(cargo(&["build", "--profile", &size.profile, "--locked", "--package"]).args(package))
    };
    build(&["aieffect-cli"])?;
    build(&["aieffect-testkit", "--example", "watched_service"])?;
    Ok(one_after_another(size)? + &at_once(size)? + &held(size)? + &submissions(size)?)
}

/// Runs that have the server to themselves.
fn one_after_another(size: &Size) -> Result<String> {
    let mut scene = Scene::new(&size.profile, &[])?;
    let memory = scene.memory()?;
    let mut client = scene.client()?;
    let mut runs = Vec::new();
    for number in 0..size.runs {
        let begun = begin(&mut client, &scene.package, Some(format!("alone {number}")))?;
        thread::sleep(REST);
        Scene::ended(&mut client, &begun.run)?;
        check_results(&mut client, &begun)?;
        runs.push(begun);
    }
    let (first, between) = waits(&runs, &scene.calls()?)?;
    Ok(format!(
        "| serve: memory once it listens and has a package | {:.1} MiB (at most {:.1}) |\n\
         | from a request to the first call, {} runs one after another | {first} |\n\
         | from a step's answer to the next call, the same runs | {between} |\n",
        memory.now, memory.most, size.runs,
    ))
}

/// As many runs as there are, all at once.
fn at_once(size: &Size) -> Result<String> {
    let mut scene = Scene::new(&size.profile, &[&format!("--max-runs={}", size.runs)])?;
    let runs = begin_together(&scene, CLIENTS, size.runs, |number| Some(format!("at once {number}")))?;
    let mut client = scene.client()?;
    let mut ends = Vec::new();
    for begun in &runs {
        ends.push(updated(&Scene::ended(&mut client, &begun.run)?)?);
        check_results(&mut client, begun)?;
    }
    let took = runs.iter().zip(&ends).map(|(begun, end)| end.saturating_sub(begun.sent)).collect();
    let first = runs.iter().map(|begun| begun.sent).min().unwrap_or_default();
    let whole = ends.iter().max().map_or(0, |last| last.saturating_sub(first));
    let (_, between) = waits(&runs, &scene.calls()?)?;
    Ok(format!(
        "| {} runs of {STEPS} steps at once, each with its own data and results | {}; {} |\n\
         | from a step's answer to the next call, the same runs | {between} |\n",
        size.runs,
        Spread::of(took),
        per_second(size.runs, Duration::from_micros(whole)),
    ))
}

/// Runs in the middle of a call.
fn held(size: &Size) -> Result<String> {
    let mut scene = Scene::new(&size.profile, &[&format!("--max-runs={}", size.runs)])?;
    let mut client = scene.client()?;
    // What the first runs bring about is there before the others come.
    for begun in begin_together(&scene, CLIENTS, CLIENTS, |number| Some(format!("first {number}")))? {
        Scene::ended(&mut client, &begun.run)?;
    }
    scene.calls()?;
    let before = scene.memory()?.now;
    let runs = begin_together(&scene, CLIENTS, size.runs, |number| Some(format!("held {number}")))?;
    let mut called = 0;
    while called < size.runs {
        thread::sleep(REST);
        called += scene.calls()?.len();
    }
    let more = scene.memory()?.now - before;
    scene.open()?;
    for begun in &runs {
        Scene::ended(&mut client, &begun.run)?;
        check_results(&mut client, begun)?;
    }
    let of_each = more * 1024.0 / size.runs as f64;
    Ok(format!("| memory of a run that waits for a call, of {} at once | {of_each:.0} KiB |\n", size.runs))
}

/// Requests that are answered while one run has the only turn; then all that they began, and then a store that is full of it.
fn submissions(size: &Size) -> Result<String> {
    let most = format!("--max-waiting={}", size.stored.max(1) * 2);
    let mut scene = Scene::new(&size.profile, &["--max-runs=1", &most])?;
    begin(&mut scene.client()?, &scene.package, Some("held".to_owned()))?;
    let mut rows = String::new();
    let mut runs = Vec::new();
    for clients in [1, CLIENTS] {
        for shown in ["all the same", "each with its own data"] {
            let is_own = shown != "all the same";
            let begun = Instant::now();
            let data = |number| is_own.then(|| format!("own {clients} {number}"));
            let more = begin_together(&scene, clients, size.stored / 4, data)?;
            let rate = per_second(more.len(), begun.elapsed());
            rows += &format!("| requests for runs, {clients} at once, {shown} | {rate} |\n");
            runs.extend(more);
        }
    }
    scene.open()?;
    let begun = Instant::now();
    scene.restart(&[&most])?;
    let mut client = scene.client()?;
    for run in &runs {
        Scene::ended(&mut client, &run.run)?;
    }
    let rate = per_second(runs.len(), begun.elapsed());
    rows += &format!(
        "| {} runs that waited, 64 at once, from a restart to the last end | {rate} |\n",
        runs.len()
    );
    for run in runs.iter().filter(|run| run.data.is_some()) {
        check_results(&mut client, run)?;
    }
    Ok(rows + &full_store(&mut scene, runs.len())?)
}

/// What is asked of a server whose store is full.
fn full_store(scene: &mut Scene, stored: usize) -> Result<String> {
    scene.restart(&[])?;
    let memory = scene.memory()?;
    let mut client = scene.client()?;
    let mut timed = |path: &str| -> Result<Spread> {
        let once = |_| {
            let begun = Instant::now();
            client.get(path)?;
            Ok(micros(begun.elapsed()))
        };
        Ok(Spread::of((0..PAGES).map(once).collect::<Result<_>>()?))
    };
    let (page, none) = (timed("/api/v1/runs")?, timed("/api/v1/runs?state=failed")?);
    let begun = Instant::now();
    let runs = begin_together(scene, 1, PAGES, |_| None)?;
    let rate = per_second(runs.len(), begun.elapsed());
    Ok(format!(
        "| with {stored} runs in the store: start, memory | {:.0} ms, {:.1} MiB |\n\
         | the same: a page of 50 runs | {page} |\n\
         | the same: a page of those that failed, of which there are none | {none} |\n\
         | the same: requests for runs, 1 at once, all the same | {rate} |\n",
        scene.started.as_secs_f64() * 1000.0,
        memory.now,
    ))
}

/// Begins so many runs, by clients that each wait only for their own answers.
fn begin_together(
    scene: &Scene,
    clients: usize,
    count: usize,
    data: impl Fn(usize) -> Option<String> + Sync,
) -> Result<Vec<Begun>> {
    let share = |first: usize| -> Result<Vec<Begun>> {
        let mut client = scene.client()?;
        (first..count)
            .step_by(clients)
            .map(|number| begin(&mut client, &scene.package, data(number)))
            .collect()
    };
    let shares = thread::scope(|scope| {
        let begun: Vec<_> = (0..clients).map(|first| scope.spawn(move || share(first))).collect();
        begun.into_iter().map(|share| share.join()).collect::<Vec<_>>()
    });
    let mut runs = Vec::new();
    for share in shares {
        runs.extend(share.map_err(|_| anyhow::anyhow!("a client has panicked"))??);
    }
    Ok(runs)
}

fn begin(client: &mut Client, package: &str, data: Option<String>) -> Result<Begun> {
    let sent = micros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?);
    let run = client.begin(package, data.as_deref())?;
    Ok(Begun { run, data, sent })
}

/// Each step has given what the run was begun with.
fn check_results(client: &mut Client, begun: &Begun) -> Result<()> {
    let Begun { run, data, .. } = begun;
    let results = client.get(&format!("/api/v1/runs/{run}/results"))?;
    let steps = results.as_object().context("results of no steps")?;
    let is_right = steps.values().all(|given| given["output_file_path"].as_str() == data.as_deref());
    ensure!(steps.len() == STEPS && is_right, "{run} was begun with {data:?}: {results}");
    Ok(())
}

/// From each run's request to its first call, and from each answer to the call after it.
fn waits(runs: &[Begun], calls: &BTreeMap<String, Vec<Call>>) -> Result<(Spread, Spread)> {
    let (mut first, mut between) = (Vec::new(), Vec::new());
    for begun in runs {
        let calls = calls.get(&begun.run).context("a run without calls")?;
        let steps: Vec<_> = calls.iter().map(|call| call.step.as_str()).collect();
        ensure!(
            steps == ["stage1:Process", "stage2:Process", "stage3:Process", "stage4:Process"],
            "{steps:?}"
        );
        first.push(calls[0].arrived.saturating_sub(begun.sent));
        between.extend(calls.windows(2).map(|pair| pair[1].arrived.saturating_sub(pair[0].answered)));
    }
    Ok((Spread::of(first), Spread::of(between)))
}

/// When something last happened in a run, in microseconds since 1970.
fn updated(shown: &Value) -> Result<u64> {
    let at: Timestamp = shown["updated_at"].as_str().context("a run without a time")?.parse()?;
    Ok(at.as_microsecond().unsigned_abs())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
